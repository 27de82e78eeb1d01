"""Which promises to tell were kept, which were not, and which nobody needed any more."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from incidents import afteraction, deadlines, keeping, lifecycle, neighbours, notes, overdue, scoring
from incidents.models import Deadline, Incident
from tests.incidents.conftest import due, fresh

MIN = timedelta(minutes=1)


@pytest.fixture
def told(opened, alice, act, clock):
    """A declared SEV1 without a public side whose first update came after ten minutes, in time."""
    incident = opened(declare=True, is_private=True, actor=act(alice))
    clock.shift(10 * MIN)
    lifecycle.post_update(incident.pk, actor=act(alice), text="Still looking")
    return incident


def kept_of(incident: Incident) -> tuple[int, int]:
    """Kept and due, as room, report and verdicts say it alike."""
    said = deadlines.adherence(fresh(incident))
    assert keeping.updates(Incident.objects.all()).get(incident.pk, (0, 0)) == said
    return said


@pytest.mark.parametrize("end", [lifecycle.resolve, lifecycle.mitigate])
def test_what_the_end_stops_in_time_was_not_needed_any_more(told, alice, act, clock, end):
    clock.shift(5 * MIN)
    end(told.pk, actor=act(alice))
    lifecycle.resolve(told.pk, actor=act(alice)) if end is lifecycle.mitigate else None

    assert kept_of(told) == (1, 1)
    assert told.deadlines.get(kind="internal_update", round=2).was_kept is None


@pytest.mark.parametrize("is_swept", [True, False])
def test_what_the_end_stops_too_late_was_missed(told, alice, act, clock, is_swept):
    clock.shift(16 * MIN)
    if is_swept:
        overdue.miss_overdue()
    lifecycle.resolve(told.pk, actor=act(alice))

    assert kept_of(told) == (1, 2)


def test_a_calmer_severity_that_asks_for_no_update_is_no_update(told, alice, act, clock, sev):
    clock.shift(5 * MIN)
    lifecycle.set_severity(told.pk, actor=act(alice), severity=sev[4], reason="nobody was hurt")

    assert due(told, "internal_update") is None
    assert kept_of(told) == (1, 1)


def test_mitigating_does_not_undo_a_miss(told, alice, act, clock):
    clock.shift(16 * MIN)
    overdue.miss_overdue()
    lifecycle.mitigate(told.pk, actor=act(alice))
    clock.shift(5 * MIN)
    lifecycle.post_update(told.pk, actor=act(alice), text="Error rate is back to normal")

    assert kept_of(told) == (1, 2)


def test_no_public_notice_needed_is_no_notice_in_time(opened, alice, act, mona):
    incident = opened(declare=True)
    neighbours.skip_public(incident.pk, actor=act(mona), reason="only we felt it")

    assert kept_of(incident) == (0, 0)


def test_a_public_word_in_time_and_its_end_are_kept(opened, alice, act, clock, mona):
    incident = opened(rank=2, declare=True)
    clock.shift(8 * MIN)
    neighbours.published(incident.pk, actor=act(mona), status="investigating", text="We look into it")
    clock.shift(8 * MIN)
    neighbours.public_resolved(incident.pk, actor=act(mona))

    ends = incident.deadlines.filter(kind__startswith="public").values_list("kind", "was_kept")
    assert dict(ends) == {"public_first": True, "public_update": True}


def test_a_time_put_right_takes_back_a_miss(opened, alice, act, clock):
    incident = opened(is_private=True, actor=act(alice))
    lifecycle.declare(incident.pk, actor=act(alice))
    clock.shift(16 * MIN)
    overdue.miss_overdue()
    assert kept_of(incident) == (0, 1)

    declared = incident.timeline.get(kind="declared")
    right = declared.at + 5 * MIN
    notes.correct(incident.pk, actor=act(alice), event_number=declared.number, at=right, reason="typo")
    assert kept_of(incident) == (0, 0)


def test_the_paper_says_how_each_promise_ended(told, alice, act, clock):
    clock.shift(5 * MIN)
    lifecycle.resolve(told.pk, actor=act(alice))

    [part] = [part for part in afteraction.read(fresh(told)).parts if part.heading == "Promises"]
    ends = [row[3] for row in part.rows if row[0] == "Next update to the team"]
    assert ends == ["kept", "not needed any more"]


def test_a_drill_is_scored_by_the_same_verdicts(opened, alice, act, clock):
    incident = opened(is_drill=True, declare=True, participant_ids=[alice.pk])
    clock.shift(16 * MIN)
    overdue.miss_overdue()
    lifecycle.post_update(incident.pk, actor=act(alice), text="Still looking")
    lifecycle.resolve(incident.pk, actor=act(alice))

    kept = {one.kind: (one.kept, one.missed) for one in scoring.of(fresh(incident)).promises}
    assert kept["internal_update"] == (0, 1)


def test_what_ended_before_it_was_kept_is_judged_alike(told, alice, act, clock, opened):
    """The migration reads the same verdicts out of times and timeline."""
    clock.shift(5 * MIN)
    lifecycle.resolve(told.pk, actor=act(alice))
    late = opened(declare=True, is_private=True, actor=act(alice))
    clock.shift(16 * MIN)
    overdue.miss_overdue()
    before = dict(Deadline.objects.values_list("pk", "was_kept"))
    assert set(before.values()) == {True, False, None}

    Deadline.objects.update(was_kept=None)
    import_module("incidents.migrations.0010_was_kept").judge(apps, None)
    assert dict(Deadline.objects.values_list("pk", "was_kept")) == before
    assert kept_of(late) == (0, 1)
