"""The command palette's list: every verb is on it, for who may, where it can be done, and nothing else is."""

import inspect

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

import oncall.defaults
from accounts import actors
from catalog.models import Mitigation, Runbook
from incidents import lifecycle, mitigating, offering, palette, people, roles, todos, volunteering
from incidents.doorways import DOORS
from lib.refusal import Forbidden, Refused
from oncall import paging
from postmortems.models import Postmortem

#: What the panels of other rooms post, and the verb of the palette that leads there.
PANELS = {
    "oncall:acknowledge": "answer",
    "oncall:escalate": "escalate",
    "oncall:hand": "hand",
    "oncall:page_somebody": "page",
    "statuspage:publish": "publish",
    "statuspage:save": "publish",
    "statuspage:skip": "no-notice",
    "statuspage:lint": "publish",
    "postmortems:open": "postmortem",
    "postmortems:waive": "waive",
}
PLACES = ("oncall/pages/", "oncall/panel/", "manage/status/panel/", "postmortems/incident/")
READ = {"oncall:panel", "statuspage:panel", "postmortems:panel", "postmortems:of"}


@pytest.fixture
def rooms(opened, checkout, act, alice, bob, carol, mona, vera, drain):
    """One incident of each kind, so full that every verb has something to be done to."""
    oncall.defaults.install(alice)
    Mitigation.objects.create(slug="roll-back", name="Roll back", service=checkout)
    Mitigation.objects.create(slug="shed", name="Shed load", service=checkout)
    Runbook.objects.create(service=checkout, title="Checkout is slow", body="- [ ] Look\n- [ ] Act\n")
    rooms = {name: opened(actor=act(bob)) for name in ("triage", "active", "mitigated", "resolved", "closed")}
    rooms["private"] = opened(actor=act(bob), is_private=True)
    people.add(rooms["private"].pk, actor=act(bob), user_id=alice.pk)
    people.add(rooms["private"].pk, actor=act(bob), user_id=mona.pk)
    for name in ("active", "mitigated", "resolved", "closed"):
        lifecycle.declare(rooms[name].pk, actor=act(bob))
    active = rooms["active"].pk
    drain()
    paging.sweep()
    attempt = Mitigation.objects.get(name="Roll back")
    mitigating.start(active, actor=act(bob), mitigation_id=attempt.pk)
    todos.add(active, actor=act(bob), text="Ask the provider")
    roles.take(active, actor=act(alice), role_slug="incident_commander")
    volunteering.offer(active, actor=act(carol), role_slug="technical_lead")
    volunteering.offer(active, actor=act(bob), role_slug="comms_lead")
    people.follow(active, actor=act(vera))
    for name in ("mitigated", "resolved", "closed"):
        lifecycle.mitigate(rooms[name].pk, actor=act(bob))
    for name in ("resolved", "closed"):
        lifecycle.resolve(rooms[name].pk, actor=act(bob))
    minor = opened(4, actor=act(bob), declare=True)
    lifecycle.resolve(minor.pk, actor=act(bob))
    rooms["minor"] = minor
    # The last one: a real page to somebody who takes part would end it.
    rooms["drill"] = opened(
        actor=act(bob), is_drill=True, participant_ids=[alice.pk, bob.pk], declare=True, responding=True
    )
    return {name: type(one).objects.get(pk=one.pk) for name, one in rooms.items()}


@pytest.fixture
def readers(alice, bob, carol, mona, vera, root):
    return [alice, bob, carol, mona, vera, root]


def _seen(rooms, user):
    visible = type(rooms["active"]).objects.visible_to(user)
    return [one for one in rooms.values() if visible.filter(pk=one.pk).exists()]


def test_every_verb_of_the_room_and_of_its_panels_is_on_the_list(rooms, readers):
    found = {
        offer["verb"]
        for user in readers
        for incident in _seen(rooms, user)
        for offer in palette.of(incident, actors.person(user))
    }

    assert set(DOORS) - found == set()
    assert set(PANELS.values()) - found == set()
    assert set(DOORS) - set(palette.WORDS) == set()


def test_a_new_address_beside_an_incident_needs_a_verb_of_the_palette():
    names = {
        f"{space}:{name}"
        for space, (prefix, inner) in get_resolver().namespace_dict.items()
        for name in inner.reverse_dict
        if isinstance(name, str)
        and any(
            f"{prefix}{form}".startswith(PLACES)
            for forms in inner.reverse_dict.getlist(name)
            for form, _names in forms[0]
        )
    }

    assert names - READ == set(PANELS)


@pytest.mark.long
def test_each_verb_of_the_list_can_be_done_by_whom_it_is_shown(rooms, readers):
    client, done, by = Client(), set(), set()
    for user in readers:
        client.force_login(user)
        for incident in _seen(rooms, user):
            for offer in palette.of(incident, actors.person(user)):
                # Each verb by everybody once, and in each room once.
                pairs = {(offer["verb"], offer["label"], user.pk), (offer["verb"], incident.status)}
                if pairs <= by:
                    continue
                with transaction.atomic():
                    assert _works(client, incident, offer), (user, incident, offer)
                    transaction.set_rollback(True)
                done.add(offer["verb"])
                by |= pairs

    assert len(done) > len(DOORS)


def _works(client, incident, offer):
    if offer["post"]:
        answer = client.post(offer["post"], offer["fields"])
        # The rules say no to a second chair (409 in the room), and a page may have been answered.
        return answer.status_code == 302 or (offer["verb"] in ("take", "chair", "answer"))
    answer = client.get(offer["href"].partition("#")[0])
    if not offer["target"]:
        return answer.status_code == 200
    return answer.status_code == 200 and f'id="{offer["target"]}"' in answer.content.decode()


def test_the_list_says_no_where_the_rule_says_no(rooms, vera, mona):
    """The right behind each door is the one that its verb asks for under the lock."""
    incident, other, actor = rooms["active"], rooms["triage"].pk, actors.person(vera)
    for name, door in DOORS.items():
        asked = inspect.signature(door.verb).parameters.values()
        words = {one.name: 1 for one in asked if one.kind == one.KEYWORD_ONLY and one.default is one.empty}
        # Both look at the other incident first.
        words |= {"merge": {"into": other}, "link": {"related": other}}.get(name, {})
        try:
            with transaction.atomic():
                door.verb(incident.pk, **{**words, "actor": actor})
                transaction.set_rollback(True)
            may = True
        except Forbidden:
            may = False
        except Refused:
            may = True
        assert offering.allows(actor, offering.right(name), incident) == may, name


def test_a_viewer_is_offered_what_viewers_may(rooms, vera):
    verbs = {offer["verb"] for offer in palette.of(rooms["triage"], actors.person(vera))}

    assert {"declare", "follow"} <= verbs
    assert verbs <= {"declare", "follow", "export", "recap", "runbook"}


def test_the_list_of_a_private_incident_is_for_its_people(rooms, client, carol, bob):
    address = f"/incidents/{rooms['private'].number}/verbs/"
    client.force_login(carol)
    assert client.get(address).status_code == 404

    client.force_login(bob)
    verbs = {offer["verb"] for offer in client.get(address).json()["verbs"]}
    assert "update" in verbs and "publish" not in verbs


def test_a_document_is_opened_and_then_written(rooms, mona):
    incident = rooms["resolved"]
    labels = {offer["verb"]: offer["label"] for offer in palette.of(incident, actors.person(mona))}
    assert labels["postmortem"] == "Open a postmortem"

    Postmortem.objects.create(incident=incident)
    labels = {offer["verb"]: offer["label"] for offer in palette.of(incident, actors.person(mona))}
    assert labels["postmortem"] == "Write the postmortem"
