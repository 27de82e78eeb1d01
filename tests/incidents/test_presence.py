from datetime import timedelta

import pytest
from django.urls import reverse

from incidents import presence
from incidents.models import Incident, RoomVisit
from tests.incidents.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(opened) -> Incident:
    return opened()


def test_somebody_who_no_longer_asks_is_gone_after_half_a_minute(incident, alice, bob, clock):
    presence.enter(incident, alice)
    clock.shift(timedelta(seconds=20))
    presence.enter(incident, bob)
    assert presence.here(incident) == [alice, bob]

    clock.shift(timedelta(seconds=15))
    assert presence.here(incident) == [bob]


def test_asking_again_and_again_writes_once_in_a_while(incident, alice, clock):
    presence.enter(incident, alice)
    clock.shift(timedelta(seconds=5))
    presence.enter(incident, alice)
    assert RoomVisit.objects.get().seen_at == NOON

    clock.shift(timedelta(seconds=5))
    presence.enter(incident, alice)
    assert RoomVisit.objects.get().seen_at == NOON + timedelta(seconds=10)


def test_the_page_hears_of_others_only_when_they_change(client, incident, alice, bob):
    client.force_login(alice)
    address = reverse("incidents:here", args=[incident.number])
    assert client.get(address, {"known": ""}).status_code == 204

    presence.enter(incident, bob)
    assert "Bob" in client.get(address, {"known": ""}).content.decode()
    assert client.get(address, {"known": str(bob.pk)}).status_code == 204


def test_who_reads_the_postmortem_is_not_in_the_room(incident, alice, bob):
    presence.enter(incident, alice)
    presence.enter(incident, alice, RoomVisit.Page.POSTMORTEM)
    presence.enter(incident, bob, RoomVisit.Page.POSTMORTEM)
    assert presence.here(incident) == [alice]
    assert presence.here(incident, RoomVisit.Page.POSTMORTEM) == [alice, bob]
