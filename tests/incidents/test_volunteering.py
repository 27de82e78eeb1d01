"""Volunteers for the chairs: offered, withdrawn, seated with one click, and never against the rules."""

import pytest
from rest_framework.test import APIClient

from accounts.actors import person
from accounts.models import Role as Rank
from incidents import lifecycle, people, replay, roles, volunteering
from incidents.models import Role
from incidents.seen import Seen
from lib.refusal import Forbidden, Invalid, Missing, Refused
from notifications.models import Delivery
from tests.incidents.conftest import grant

IC, TL, COMMS = "incident_commander", "technical_lead", "comms_lead"


def offers(incident) -> dict[str, list[str]]:
    """Who offers what, by the chair."""
    incident.refresh_from_db()
    found: dict[str, list[str]] = {}
    for one in Seen(incident).offers:
        found.setdefault(one.role.slug, []).append(str(one.user))
    return found


def test_an_offer_seats_nobody_and_one_click_of_who_commands_does(opened, act, alice, bob, carol):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug=IC)
    for user in (bob, carol):
        volunteering.offer(incident.pk, actor=act(user), role_slug=COMMS)
    volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    assert COMMS not in roles.holders(incident)
    assert offers(incident) == {COMMS: ["Bob", "Carol"], TL: ["Bob"]}

    roles.take(incident.pk, actor=act(alice), role_slug=COMMS, user_id=carol.pk)
    assert roles.holders(incident)[COMMS] == carol
    assert offers(incident) == {TL: ["Bob"]}
    events = incident.timeline.filter(kind="role_offered")
    assert [(one.get("user_name"), one.get("role")) for one in events] == [
        ("Bob", COMMS),
        ("Carol", COMMS),
        ("Bob", TL),
    ]
    assert [str(one) for one in replay.check(incident)] == []


def test_an_offer_ends_when_it_is_withdrawn_by_oneself_or_not_needed(opened, act, alice, bob):
    incident = opened(declare=True)
    volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    with pytest.raises(Refused, match="offered that already"):
        volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    volunteering.withdraw(incident.pk, actor=act(bob), role_slug=TL)
    with pytest.raises(Refused, match="no such offer"):
        volunteering.withdraw(incident.pk, actor=act(bob), role_slug=TL)
    volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    volunteering.withdraw(incident.pk, actor=act(alice), role_slug=TL, user_id=bob.pk)
    assert offers(incident) == {}


@pytest.mark.parametrize("end", ["resolve", "dismiss", "merge", "end_drill"])
def test_an_offer_ends_with_the_incident_and_does_not_come_back(opened, act, alice, bob, end):
    incident = opened(rank=3, declare=True, is_drill=end == "end_drill")
    volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    if end == "resolve":
        lifecycle.resolve(incident.pk, actor=act(alice))
        with pytest.raises(Refused, match="is over"):
            volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
        lifecycle.reopen(incident.pk, actor=act(alice), reason="again")
    elif end == "dismiss":
        lifecycle.dismiss(incident.pk, actor=act(alice), reason="noise")
    elif end == "merge":
        lifecycle.merge(incident.pk, actor=act(alice), into=opened(rank=3).pk)
    else:
        people.end_drill(incident.pk, actor=act(alice), reason="enough")
    assert not incident.chair_offers.running().exists()
    assert offers(incident) == {}


def test_who_may_not_sit_there_hears_the_rule_when_offering(opened, act, alice, bob, vera):
    incident = opened(rank=1, declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug=IC)
    with pytest.raises(Refused, match="one person may not be") as refusal:
        volunteering.offer(incident.pk, actor=act(alice), role_slug=TL)
    with pytest.raises(Refused) as taking:
        roles.take(incident.pk, actor=act(alice), role_slug=TL)
    assert refusal.value.message == taking.value.message
    with pytest.raises(Refused, match="Alice is Incident Commander"):
        volunteering.offer(incident.pk, actor=act(bob), role_slug=IC)
    with pytest.raises(Invalid, match="There is no role"):
        volunteering.offer(incident.pk, actor=act(bob), role_slug="cook")
    with pytest.raises(Forbidden):
        volunteering.offer(incident.pk, actor=act(vera), role_slug=TL)


def test_who_takes_another_chair_offers_no_more_what_is_kept_apart(opened, act, bob):
    incident = opened(rank=1, declare=True)
    for slug in (IC, TL, COMMS):
        volunteering.offer(incident.pk, actor=act(bob), role_slug=slug)
    roles.take(incident.pk, actor=act(bob), role_slug=TL)
    assert offers(incident) == {COMMS: ["Bob"]}


def test_a_severity_that_rose_is_asked_again_when_the_offer_is_taken_up(opened, act, alice, bob, sev):
    incident = opened(rank=4, declare=True)
    roles.take(incident.pk, actor=act(bob), role_slug=IC)
    volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[1], reason="worse")
    with pytest.raises(Refused, match="one person may not be"):
        roles.take(incident.pk, actor=act(alice), role_slug=TL, user_id=bob.pk)


def test_a_private_incident_takes_offers_of_its_people_only(opened, act, alice, bob):
    incident = opened(is_private=True, actor=person(alice))
    with pytest.raises(Missing):
        volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    people.add(incident.pk, actor=act(alice), user_id=bob.pk)
    volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    assert offers(incident) == {TL: ["Bob"]}


def test_an_account_that_is_switched_off_offers_nothing(opened, act, bob):
    incident = opened(declare=True)
    volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    bob.is_active = False
    bob.save()
    assert offers(incident) == {}


def test_who_commands_is_told_and_nobody_of_an_offer_of_their_own(opened, act, alice, bob, drain):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug=IC)
    volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    drain()
    told = Delivery.objects.filter(key__startswith="offer:")
    assert {row.recipient for row in told} == {alice}
    assert "Bob can take Technical Lead" in told.first().subject


def test_the_room_shows_offers_first_and_seats_with_one_form(client, opened, act, alice, bob):
    incident = opened(rank=2, declare=True)
    room = f"/incidents/{incident.number}/"
    client.force_login(bob)
    assert client.post(f"{room}do/volunteer/", {"role": COMMS}).status_code == 302
    again = client.post(f"{room}do/volunteer/", {"role": COMMS})
    assert again.status_code == 422 and "offered that already" in again.content.decode()
    client.force_login(alice)
    page = client.get(room).content.decode()
    assert page.index("Bob can take it") < page.index("Take Comms Lead")
    assert client.post(f"{room}do/chair/", {"role": COMMS, "user": bob.pk}).status_code == 302
    assert roles.holders(incident)[COMMS] == bob
    assert "can take it" not in client.get(room).content.decode().replace("I can take it", "")


def test_a_chair_that_nobody_demands_is_shown_when_somebody_offers(client, opened, act, alice, bob):
    scribe = Role.objects.get(slug="scribe")
    incident = opened(rank=3, declare=True)
    client.force_login(bob)
    client.post(f"/incidents/{incident.number}/do/volunteer/", {"role": scribe.slug})
    assert "Take Scribe" in client.get(f"/incidents/{incident.number}/").content.decode()
    client.post(f"/incidents/{incident.number}/do/withdraw/", {"role": scribe.slug, "user": bob.pk})
    assert "Take Scribe" not in client.get(f"/incidents/{incident.number}/").content.decode()


def test_the_api_offers_lists_and_withdraws(opened, alice, bob):
    incident, api = opened(declare=True), APIClient()
    api.force_authenticate(bob)
    address = f"/api/v1/incidents/{incident.number}/roles/{TL}/offers/"
    assert api.post(address).status_code == 200
    assert api.post(address).status_code == 409
    assert [row["user"] for row in api.get(address).data] == [bob.email]
    api.force_authenticate(alice)
    assert api.delete(address).data["code"] == "no_offer"
    assert api.delete(f"{address}?user={bob.email}").status_code == 200
    assert api.get(address).data == []
    assert api.delete(f"{address}?user=nobody@example.com").status_code == 400
    assert api.get(address.replace(TL, "cook")).status_code == 400


def test_who_was_made_a_viewer_since_is_not_seated(opened, act, alice, bob):
    incident = opened(declare=True)
    volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    grant(bob, Rank.VIEWER)
    with pytest.raises(Refused, match="may only read"):
        roles.take(incident.pk, actor=act(alice), role_slug=TL, user_id=bob.pk)


def test_the_next_step_is_to_seat_who_offered(client, opened, act, alice, bob):
    incident = opened(declare=True)
    lifecycle.acknowledge(incident.pk, actor=act(alice))
    roles.take(incident.pk, actor=act(alice), role_slug=IC)
    client.force_login(alice)
    room = f"/incidents/{incident.number}/"
    assert 'href="#do-chair">Name a Technical Lead' in client.get(room).content.decode()
    volunteering.offer(incident.pk, actor=act(bob), role_slug=TL)
    assert 'href="#seats">Seat a Technical Lead' in client.get(room).content.decode()
