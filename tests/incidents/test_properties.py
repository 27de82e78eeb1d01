"""No sequence of verbs breaks the replay, the chairs or the clocks."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actors import person
from incidents import deadlines, lifecycle, notes, overdue, replay, roles, updates, volunteering
from incidents.kinds import EventKind
from incidents.models import Incident, Severity
from incidents.policy import may_hold_together
from incidents.severity import policy_of
from lib.refusal import Refused

MIN = timedelta(minutes=1)
CHAIRS = ("incident_commander", "technical_lead", "comms_lead")

people = st.integers(0, 2)
steps = st.one_of(
    st.tuples(st.just("acknowledge"), people),
    st.tuples(st.just("declare"), people),
    st.tuples(st.just("severity"), people, st.integers(1, 4)),
    st.tuples(st.just("take"), people, st.sampled_from(CHAIRS), people, st.booleans()),
    st.tuples(st.just("leave"), people, st.sampled_from(CHAIRS)),
    st.tuples(st.just("alone"), people),
    st.tuples(st.just("offer"), people, st.sampled_from(CHAIRS)),
    st.tuples(st.just("withdraw"), people, st.sampled_from(CHAIRS)),
    st.tuples(st.just("update"), people),
    st.tuples(st.just("snooze"), people),
    st.tuples(st.just("mitigate"), people),
    st.tuples(st.just("resolve"), people),
    st.tuples(st.just("reopen"), people),
    st.tuples(st.just("correct"), people, st.integers(1, 6), st.integers(-20, 0)),
    st.tuples(st.just("merge"), people),
    st.tuples(st.just("dismiss"), people),
    st.tuples(st.just("wait"), st.integers(1, 45)),
)


class _Undo(Exception):
    """Ends an example and takes everything back."""


@pytest.fixture
def crew(alice, bob, carol):
    return [alice, bob, carol]


def _say(incident: Incident, other: Incident, crew, clock, step) -> None:
    name, *words = step
    if name == "wait":
        clock.shift(words[0] * MIN)
        overdue.miss_overdue()
        return
    actor = person(crew[words[0]], "web")
    said = {
        "acknowledge": lambda: lifecycle.acknowledge(incident.pk, actor=actor),
        "declare": lambda: lifecycle.declare(incident.pk, actor=actor),
        "severity": lambda: lifecycle.set_severity(
            incident.pk, actor=actor, severity=Severity.objects.get(rank=words[1]), reason="seen"
        ),
        "take": lambda: roles.take(
            incident.pk,
            actor=actor,
            role_slug=words[1],
            user_id=crew[words[2]].pk,
            break_glass="needed" if words[3] else "",
        ),
        "leave": lambda: roles.leave(incident.pk, actor=actor, role_slug=words[1]),
        "alone": lambda: roles.alone(incident.pk, actor=actor),
        "offer": lambda: volunteering.offer(incident.pk, actor=actor, role_slug=words[1]),
        "withdraw": lambda: volunteering.withdraw(incident.pk, actor=actor, role_slug=words[1]),
        "update": lambda: lifecycle.post_update(incident.pk, actor=actor, text="still looking"),
        "snooze": lambda: updates.snooze(
            incident.pk, actor=actor, reason="on the phone", until=now() + 25 * MIN
        ),
        "mitigate": lambda: lifecycle.mitigate(incident.pk, actor=actor),
        "resolve": lambda: lifecycle.resolve(incident.pk, actor=actor),
        "reopen": lambda: lifecycle.reopen(incident.pk, actor=actor, reason="again"),
        "dismiss": lambda: lifecycle.dismiss(incident.pk, actor=actor, reason="noise"),
        "merge": lambda: lifecycle.merge(incident.pk, actor=actor, into=other.pk),
        "correct": lambda: notes.correct(
            incident.pk,
            actor=actor,
            event_number=words[1],
            at=incident.timeline.get(number=words[1]).at + words[2] * MIN,
            reason="the log says so",
        ),
    }[name]
    said()


def _check(incident: Incident) -> None:
    row = Incident.objects.get(pk=incident.pk)
    assert [str(one) for one in replay.check(row)] == []
    wanted = {(one.kind, one.round): one.due_at for one in deadlines.compute(row)}
    running = {(one.kind, one.round): one for one in row.deadlines.filter(stopped_at=None)}
    assert wanted.keys() == running.keys()
    for key, due_at in wanted.items():
        # A management clock that was missed stands still: once per opening.
        assert running[key].due_at == due_at or (key[0] == "management" and running[key].missed_at)
    policy = policy_of(row)
    broken = {int(event.data["user"]) for event in row.timeline.filter(kind=EventKind.BREAK_GLASS)}
    held: dict[int, set[str]] = {}
    for holding in row.holdings.filter(until=None).select_related("role"):
        held.setdefault(holding.user_id, set()).add(holding.role.slug)
    for user, chairs in held.items():
        assert may_hold_together(policy, chairs) or user in broken
    # An offer is for an empty chair of an incident that is not over.
    offered = {offer.role.slug for offer in row.chair_offers.running().select_related("role")}
    assert not offered & {slug for chairs in held.values() for slug in chairs}
    assert row.is_open or not offered


@pytest.mark.parametrize("rank", [1, 3])
def test_no_sequence_breaks_replay_chairs_or_clocks(opened, crew, clock, rank):
    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(st.lists(steps, max_size=14))
    def run(sequence):
        try:
            with transaction.atomic():
                incident, other = opened(rank=rank), opened(rank=2)
                for step in sequence:
                    try:
                        with transaction.atomic():
                            _say(incident, other, crew, clock, step)
                    except (Refused, incident.timeline.model.DoesNotExist):
                        pass
                    _check(incident)
                raise _Undo
        except _Undo:
            pass

    run()
