"""The verbs that chat has beside the vital ones: chairs handed on, the public, tasks, the end."""

import tomllib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.actors import person, system
from chatops.commands import COMMANDS
from incidents import lifecycle, roles, todos
from incidents.doorways import DOORS
from incidents.models import Incident
from notifications.models import ChatRoom
from statuspage.models import Component, Notice, NoticeUpdate

pytestmark = pytest.mark.django_db
HERE = {"channel_id": "C0INC"}


def last(incident):
    return incident.timeline.order_by("-number").first()


@pytest.mark.parametrize(
    "typed", ["role hand ic @bob Logs are there", "role give commander <@UBOB> Logs are there"]
)
def test_a_chair_is_handed_over_with_a_brief(inc, room, bob, typed):
    inc("role take ic", **HERE)
    inc(typed, **HERE)

    assert roles.holders(room) == {"incident_commander": bob}
    assert (last(room).get("previous_name"), last(room).text) == ("Alice", "Logs are there")


def test_handing_over_needs_somebody(inc, room, alice):
    inc("role take ic", **HERE)

    assert inc("role hand ic", **HERE) == "Say to whom: “role hand ic @bob”."
    assert roles.holders(room) == {"incident_commander": alice}


def test_a_chair_is_released_and_an_empty_one_says_so(inc, room):
    inc("role take tl", **HERE)
    inc("role release tl", **HERE)

    assert roles.holders(room) == {}
    assert inc("role release tl", **HERE) == "Nobody holds Technical Lead."


def test_list_shows_what_is_open_worst_first_and_nothing_private(inc, opened, bob):
    mild, bad = opened(title="Mild", rank=3), opened(title="Bad", rank=1)
    opened(title="Secret", actor=person(bob), is_private=True)
    lines = inc("list").splitlines()

    assert [bad.reference in lines[0], mild.reference in lines[1], len(lines)] == [True, True, 2]
    assert "Secret" in inc("list", who="UBOB")


def test_reopen_needs_a_reason_and_moves_the_incident(inc, room):
    inc("mitigate Rolled back", **HERE)
    assert "reason" in inc("reopen", **HERE)
    inc("reopen Errors are back", **HERE)

    room.refresh_from_db()
    assert (room.status, last(room).kind, last(room).text) == ("active", "reopened", "Errors are back")


def test_dismiss_ends_a_false_alarm(inc, opened):
    incident = opened()
    assert "reason" in inc("dismiss")
    inc("dismiss A probe was wrong")

    incident.refresh_from_db()
    assert incident.status == "dismissed"


def test_close_says_what_is_owed_and_else_closes(inc, room, opened):
    inc("resolve Fixed", **HERE)
    assert "postmortem" in inc("close", **HERE).lower()
    room.refresh_from_db()
    assert room.status == "resolved"
    small = opened(rank=4, actor=system())
    inc(f"{small.reference} resolve Fixed")
    answer = inc(f"close {small.reference}")

    small.refresh_from_db()
    assert (small.status, answer.startswith("Closed: ")) == ("closed", True)


@pytest.mark.parametrize(("verb", "kind"), [("cause", "cause_identified"), ("did", "action_taken")])
def test_cause_and_action_are_notes_of_their_own_kind(inc, room, verb, kind):
    inc(f"{verb} v42 emptied the pool", **HERE)

    assert (last(room).kind, last(room).text) == (kind, "v42 emptied the pool")
    assert inc(verb, **HERE) == "Write the note first."


def test_a_task_is_added_listed_and_ended(inc, room, bob):
    assert inc("task", **HERE).endswith("No task is open.")
    answer = inc("task <@UBOB> Look at the cache &amp; the queue", **HERE)
    one = room.tasks.get()
    assert (one.text, one.owner) == ("Look at the cache & the queue", bob)
    assert f"#{one.pk} Look at the cache &amp; the queue (Bob)" in answer
    inc("task Ask the vendor", **HERE)
    assert "(nobody yet)" in inc("task", **HERE)
    inc(f"task done {one.pk}", **HERE)

    one.refresh_from_db()
    assert (one.outcome, last(room).kind) == (todos.Outcome.DONE, "task_done")
    assert inc(f"task done {one.pk}", **HERE) == "This task has ended already."
    assert inc("task drop #999999", **HERE) == "There is no such task."


@pytest.fixture
def page(room, house):
    shop = Component.objects.create(name="Shop")
    shop.services.add(house)
    return shop


def test_publish_sends_the_first_word_out_and_the_next_one(inc, room, page):
    inc("role take ic", **HERE)
    assert inc("publish We are looking into a problem with the shop.", **HERE).startswith("Published")
    notice = Notice.objects.get(incident=room)
    assert (notice.is_draft, notice.status, notice.title) == (False, "investigating", "Problem with Shop")
    assert dict(notice.component_rows.values_list("component", "status")) == {page.pk: "partial_outage"}
    inc("publish monitoring Orders go through again.", **HERE)
    inc("publish Still watching.", **HERE)

    words = list(NoticeUpdate.objects.order_by("pk").values_list("status", "body"))
    assert words[1:] == [("monitoring", "Orders go through again."), ("monitoring", "Still watching.")]
    assert room.timeline.filter(kind="published", via="chat").count() == 3


def test_publish_stops_at_jargon_until_somebody_says_why(inc, room, page):
    inc("role take ic", **HERE)
    assert "Customers may not know" in inc("publish The DB pods are down.", **HERE)
    assert not Notice.objects.filter(is_draft=False).exists()
    inc("publish anyway (they run their own) identified The DB pods are down.", **HERE)

    said = NoticeUpdate.objects.get()
    assert (said.status, said.body, said.override_reason) == (
        "identified",
        "The DB pods are down.",
        "they run their own",
    )


def test_only_who_may_publish_does(inc, room, page):
    answer = inc("publish We are looking into it.", **HERE)

    assert "manager" in answer and not NoticeUpdate.objects.exists()


def test_the_draft_is_shown_and_may_be_declined_with_a_reason(inc, room, page, drain):
    drain()
    inc("role take ic", **HERE)
    assert "> Problem with Shop" in inc("draft", **HERE)
    assert "reason" in inc("nopublic", **HERE)
    inc("nopublic Nobody outside sees it", **HERE)

    room.refresh_from_db()
    assert room.public_skipped_at and last(room).text == "Nobody outside sees it"
    assert inc("draft", **HERE) == "Nothing is drafted for the public."


def test_nothing_private_is_ever_published(inc, opened, alice):
    secret = opened(title="Secret", actor=person(alice), declare=True, is_private=True)
    ChatRoom.objects.create(incident=secret, channel_id="C0SECRET", name=secret.channel_name)
    inc("role take ic", channel_id="C0SECRET")

    assert "Nothing is published" in inc("publish We look.", channel_id="C0SECRET")
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    "typed", ["dismiss x", "task Look", "role take ic", "publish x", "nopublic x", "page @bob x"]
)
def test_a_viewer_reads_and_changes_nothing(inc, room, alice, typed):
    lifecycle.acknowledge(room.pk, actor=person(alice))
    before = (room.timeline.count(), Incident.objects.get(pk=room.pk).status, room.tasks.count())

    assert inc(typed, who="UVERA", **HERE)
    assert (room.timeline.count(), Incident.objects.get(pk=room.pk).status, room.tasks.count()) == before


#: Which command says what the REST interface posts to an incident, where its name is another.
REST = {
    "acknowledge": "ack", "severity": "sev", "roles": "role", "alone": "role", "step-down": "role",
    "updates": "update", "notes": "note", "corrections": "correct", "links": "link", "tasks": "task",
    "mitigations": "mitigation", "runbook-steps": "runbook", "make-private": "private",
    "make-public": "unprivate", "skip-public": "nopublic", "list": "declare", "offers": "volunteer",
}  # fmt: skip


def test_every_verb_of_the_room_is_said_by_exactly_one_command():
    said = [verb for row in COMMANDS.values() for verb in row.verbs]

    assert sorted(said) == sorted(DOORS)
    assert {row.form for row in COMMANDS.values() if row.form} <= set(DOORS)


def test_whatever_the_rest_interface_does_to_an_incident_chat_does_too():
    table = tomllib.loads((Path(__file__).parents[1] / "api" / "rights.toml").read_text(encoding="utf-8"))
    acts = {
        name.removeprefix("incidents-")
        for name, methods in table["rest"].items()
        if name.startswith("incidents-") and set(methods) - {"get"}
    }

    assert {name for name in acts if REST.get(name, name) not in COMMANDS} == set()


@pytest.mark.parametrize(
    ("typed", "users", "share"), [("5,000", 5000, None), ("12.5%", None, Decimal("12.5"))]
)
def test_scope_is_a_number_or_a_share(inc, room, typed, users, share):
    assert "how many" in inc("scope everybody", **HERE)
    inc(f"scope {typed} of the shop", **HERE)

    room.refresh_from_db()
    assert (room.users_affected, room.users_affected_share) == (users, share)
    assert last(room).kind == "scope_set" and last(room).via == "chat"


def test_merge_ends_this_one_in_that_one_and_never_tells_of_a_private_one(inc, room, opened, bob):
    other = opened(title="The same", declare=True)
    secret = opened(title="Secret", actor=person(bob), is_private=True)
    assert "Say which other one" in inc("merge", **HERE)
    assert inc(f"merge {secret.reference}", **HERE) == f"There is no {secret.reference}."
    answer = inc(f"merge {other.reference}", **HERE)

    room.refresh_from_db()
    assert (room.status, room.merged_into) == ("merged", other)
    assert other.reference in answer


def test_private_hides_it_from_now_on(inc, room):
    assert "reason" in inc("private", **HERE)
    inc("private A person is involved", **HERE)

    room.refresh_from_db()
    assert room.is_private
    assert room.reference not in inc("list", who="UVERA")


@pytest.mark.parametrize("span", ["10m", "10 min", "10"])
def test_snooze_puts_the_next_update_off_once(inc, room, span):
    due = room.deadlines.get(kind="internal_update").due_at
    assert "duration" in inc("snooze later please", **HERE)
    assert "reason" in inc(f"snooze {span}", **HERE)
    inc(f"snooze {span} Waiting for the vendor", **HERE)
    assert last(room).text == "Waiting for the vendor"

    assert room.deadlines.get(kind="internal_update").due_at - due == timedelta(minutes=10)
    assert inc("snooze 5m Again", **HERE)
    assert room.deadlines.get(kind="internal_update").due_at - due == timedelta(minutes=10)
