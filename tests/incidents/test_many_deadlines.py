"""Many promises that run out in the same second: noticed together, each on its own timeline."""

from datetime import timedelta

import pytest

from accounts.actors import system
from incidents import lifecycle, overdue, replay, timeline
from incidents.kinds import EventKind
from incidents.models import Deadline, TimelineEvent
from outbox.models import Message

MIN = timedelta(minutes=1)


@pytest.fixture
def many(opened):
    return [opened(declare=True) for _ in range(12)]


def test_they_are_missed_in_a_few_statements_however_many(many, clock, django_assert_max_num_queries):
    clock.shift(16 * MIN)
    owed = Deadline.objects.filter(stopped_at=None, due_at__lte=timeline.now()).count()
    assert owed > 24

    # The look for what is due, and for each fifty: locks with severities, services and teams, rows, claims,
    # chairs, last events, events, news.
    with django_assert_max_num_queries(18):
        assert overdue.miss_overdue() == owed

    assert TimelineEvent.objects.filter(kind="deadline_missed").count() == owed
    assert [difference for one in many for difference in replay.check(one)] == []


def test_each_is_told_to_everybody_who_hears_of_it(many, clock):
    clock.shift(6 * MIN)
    before = Message.objects.filter(topic="incidents.deadline_missed").count()
    overdue.miss_overdue()
    missed = TimelineEvent.objects.filter(kind="deadline_missed").count()

    owed = Message.objects.filter(topic="incidents.deadline_missed", handler="notifications.tell")
    assert (before, owed.count()) == (0, missed)
    assert owed.values("stream").distinct().count() == len(many)


def test_the_person_in_the_chair_is_named_for_each(many, clock, alice, bob, act):
    lifecycle.acknowledge(many[0].pk, actor=act(alice))
    lifecycle.acknowledge(many[1].pk, actor=act(bob))
    clock.shift(6 * MIN)
    overdue.miss_overdue()

    named = {one.pk: one.timeline.filter(kind="deadline_missed").first() for one in many[:3]}
    assert [event.get("user") for event in named.values()] == [alice.pk, bob.pk, None]


def test_one_that_fails_keeps_none_of_the_others(many, clock, monkeypatch):
    spoiled = many[3]
    append = timeline._append

    def poisoned(incident, *args, **words):
        if incident.pk == spoiled.pk:
            raise ValueError("a row that nobody expected")
        return append(incident, *args, **words)

    monkeypatch.setattr(timeline, "_append", poisoned)
    clock.shift(6 * MIN)
    overdue.miss_overdue()

    missed = TimelineEvent.objects.filter(kind="deadline_missed").values("incident").distinct()
    assert missed.count() == len(many) - 1
    assert not spoiled.deadlines.exclude(missed_at=None).exists()


def test_only_what_moves_nothing_is_recorded_together(opened):
    incident = opened()
    with pytest.raises(ValueError, match="moves"):
        timeline.record_quietly(EventKind.RESOLVED, [timeline.Note(incident, {})], actor=system())
    assert incident.timeline.count() == 1
