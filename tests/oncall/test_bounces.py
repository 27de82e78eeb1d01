"""A page whose mail bounces later: the ladder does not wait for it, and nothing rings after the answer."""

import pytest

from accounts.actors import person
from incidents import lifecycle
from incidents.kinds import EventKind
from notifications import bounces, returnpath
from notifications.models import Delivery
from tests.lib.test_dsn import POSTFIX
from tests.oncall.conftest import rung

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _address(settings):
    settings.BOUNCE_ADDRESS = "bounces@tocsin.example.com"


def bounce(row):
    path = returnpath.of(row).encode()
    return bounces.take(POSTFIX.replace(b"bounces+7-abcdefghijklmnop@tocsin.example.com", path))


def test_when_the_only_mail_of_a_step_bounces_the_next_people_are_asked_at_once(opened, tick):
    incident = opened()
    tick()
    assert rung() == ["Alice"]
    assert bounce(Delivery.objects.get(word="page")) == "failed"
    tick()
    assert rung() == ["Bob"]  # Alice's page counts as failed now.
    assert incident.timeline.filter(kind=EventKind.PAGE_FAILED).count() == 1


def test_after_an_acknowledgement_a_bounce_wakes_nobody(opened, tick, alice):
    incident = opened()
    tick()
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    assert bounce(Delivery.objects.get(word="page")) == "failed"
    tick(5)
    assert rung() == []


def test_a_bounce_days_after_the_end_is_noted_and_moves_nothing(opened, tick, root, clock):
    incident = opened()
    tick()
    lifecycle.dismiss(incident.pk, actor=person(root), reason="A test")
    clock.shift(5 * 86_400)
    assert bounce(Delivery.objects.filter(word="page").first()) == "failed"
    tick()
    incident.refresh_from_db()
    assert incident.status == "dismissed" and incident.timeline.filter(kind=EventKind.PAGE_FAILED).exists()
