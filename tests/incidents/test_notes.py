"""Notes, corrections, redactions, and the guards that keep the timeline as it was."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from incidents import guards, lifecycle, notes, replay, retention
from incidents.models import Incident, Purge, TimelineEvent
from lib.refusal import Forbidden, Invalid, Missing, Refused
from tests.incidents.conftest import NOON, fresh


def verify() -> str:
    out = StringIO()
    call_command("verify_timeline", stdout=out, stderr=out)
    return out.getvalue()


def test_a_correction_of_the_acknowledgement_moves_the_milestone(opened, alice, act, clock):
    incident = opened()
    clock.shift(timedelta(minutes=9))
    lifecycle.acknowledge(incident.pk, actor=act(alice))
    said = incident.timeline.get(kind="acknowledged")
    notes.correct(
        incident.pk,
        actor=act(alice),
        event_number=said.number,
        at=NOON + timedelta(minutes=3),
        reason="by phone",
    )

    assert fresh(incident).acknowledged_at == NOON + timedelta(minutes=3)
    assert incident.timeline.get(kind="acknowledged").at == NOON + timedelta(minutes=9)
    assert "hold" in verify()


def test_a_second_correction_counts_from_the_first(opened, alice, act, clock):
    incident = opened()
    clock.shift(timedelta(minutes=9))
    lifecycle.acknowledge(incident.pk, actor=act(alice))
    number = incident.timeline.get(kind="acknowledged").number
    for minutes in (3, 5):
        at = NOON + timedelta(minutes=minutes)
        notes.correct(incident.pk, actor=act(alice), event_number=number, at=at, reason="log says so")

    assert fresh(incident).acknowledged_at == NOON + timedelta(minutes=5)
    assert "hold" in verify()


def test_a_milestone_cannot_be_corrected_past_the_next_one(opened, alice, act, clock):
    incident = opened(declare=True)
    clock.shift(timedelta(minutes=9))
    lifecycle.mitigate(incident.pk, actor=act(alice))
    clock.shift(timedelta(minutes=9))
    lifecycle.resolve(incident.pk, actor=act(alice))
    resolved = incident.timeline.get(kind="resolved")
    with pytest.raises(Invalid, match="contradicts"):
        notes.correct(
            incident.pk,
            actor=act(alice),
            event_number=resolved.number,
            at=NOON + timedelta(minutes=2),
            reason="x",
        )


def test_a_redaction_blanks_the_words_and_keeps_the_seal(opened, alice, act):
    incident = opened()
    notes.add_note(incident.pk, actor=act(alice), text="the password is hunter2")
    note = incident.timeline.get(kind="note_added")
    notes.redact(incident.pk, actor=act(alice), event_number=note.number, reason="a secret was pasted")

    after = incident.timeline.get(kind="note_added")
    assert (after.text, after.data, after.salt) == ("", {}, "")
    assert after.digest == note.digest
    assert "hold" in verify()
    with pytest.raises(Refused, match="already"):
        notes.redact(incident.pk, actor=act(alice), event_number=note.number, reason="again")


def test_redacting_an_update_keeps_what_the_replay_needs(opened, alice, act):
    incident = opened(declare=True)
    lifecycle.post_update(
        incident.pk, actor=act(alice), text="token abc", next_update_at=NOON + timedelta(minutes=5)
    )
    number = incident.timeline.get(kind="update_posted").number
    notes.redact(incident.pk, actor=act(alice), event_number=number, reason="a secret")

    assert incident.timeline.get(kind="update_posted").data["next_update_at"]
    assert "hold" in verify()


def test_an_unknown_event_is_missing(opened, alice, act):
    incident = opened()
    with pytest.raises(Missing):
        notes.redact(incident.pk, actor=act(alice), event_number=99, reason="x")


@pytest.mark.parametrize(
    "change",
    [
        lambda event: TimelineEvent.objects.filter(pk=event.pk).update(text="nothing happened"),
        lambda event: TimelineEvent.objects.filter(pk=event.pk).update(at=NOON - timedelta(days=1)),
        lambda event: TimelineEvent.objects.filter(pk=event.pk).update(data={"severity": "SEV4"}),
        lambda event: TimelineEvent.objects.filter(pk=event.pk).delete(),
    ],
    ids=["words", "time", "data", "deleted"],
)
def test_the_database_itself_refuses_to_change_history(opened, change):
    event = opened().timeline.get()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(event)
    assert TimelineEvent.objects.get(pk=event.pk).digest == event.digest


def test_verify_names_what_was_tampered_with(opened, alice, act):
    incident = opened()
    notes.add_note(incident.pk, actor=act(alice), text="all is well")
    guards.remove(connection)
    TimelineEvent.objects.filter(incident=incident, number=2).update(text="all is on fire")
    Incident.objects.filter(pk=incident.pk).update(acknowledged_at=NOON)
    found = [str(one) for one in replay.check_all()]

    assert any("timeline_no_update is missing" in one for one in found)
    assert f"{incident.reference}: the words of event 2 were changed" in found
    assert any("acknowledged_at is" in one for one in found)
    with pytest.raises(CommandError) as failure:
        verify()
    assert failure.value.returncode == 1
    guards.install(connection)


def test_a_purge_is_the_only_way_to_delete_and_leaves_a_trace(opened, alice, root, act):
    incident = opened()
    with pytest.raises(Forbidden):
        retention.purge(incident, actor=act(alice))
    retention.purge(incident, actor=act(root))

    assert not Incident.objects.filter(pk=incident.pk).exists()
    assert Purge.objects.get().reference == incident.reference
    with pytest.raises(DatabaseError), transaction.atomic():
        opened().timeline.all().delete()


def test_floats_are_a_programming_mistake(opened):
    from accounts.actors import system
    from incidents import timeline
    from incidents.kinds import EventKind

    with pytest.raises(TypeError):
        timeline.record(opened().pk, EventKind.NOTE_ADDED, actor=system(), share=0.5)
