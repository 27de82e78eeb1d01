"""What is measured of one incident: from when to when, and what to say where a time is not there.

Source of the definitions: the five measures of incident management (MTTD, MTTA, MTTM, MTTR, MTBF) as
the incident response guides of Google ("Site Reliability Engineering", chapters 14 and 15) use them.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Measure(StrEnum):
    """The four spans of one incident, in the order of their use to users, and the gap between two."""

    MTTD = "mttd"
    MTTM = "mttm"
    MTTA = "mtta"
    MTTR = "mttr"
    MTBF = "mtbf"


SPANS = (Measure.MTTD, Measure.MTTM, Measure.MTTA, Measure.MTTR)


class Basis(StrEnum):
    """Where the clocks of MTTM, MTTR and MTBF start: at the impact, or at the first signal."""

    STARTED = "started"
    DETECTED = "detected"


class State(StrEnum):
    """Why there is a span, or why there is none."""

    MEASURED = "measured"
    MISSING = "missing"
    OPEN = "open"
    INVALID = "invalid"


class Facts(NamedTuple):
    """What the figures need of an incident; a row of one query, and no more than that."""

    pk: int
    number: int
    severity_rank: int
    source: str
    is_private: bool
    is_over: bool
    started_at: datetime | None
    detected_at: datetime
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None


class Span(NamedTuple):
    """One reading: a length where it is measured, and the state that says why where it is not."""

    state: State
    length: timedelta | None = None


def measure(which: Measure, facts: Facts, basis: Basis = Basis.STARTED) -> Span:
    """One of the four spans of one incident."""
    if which is Measure.MTTD:
        return time_to_detect(facts)
    if which is Measure.MTTA:
        return time_to_acknowledge(facts)
    if which is Measure.MTTM:
        return time_to_mitigate(facts, basis)
    if which is Measure.MTTR:
        return time_to_resolve(facts, basis)
    raise ValueError(f"{which} is a span between two incidents, not of one")


def time_to_detect(facts: Facts) -> Span:
    """How long users were hurt before anybody could know.

    From: ``started_at``, the impact began; never invented from the first signal.
    To: ``detected_at``, the first signal.
    Unit: a timedelta. The basis does not matter here.
    Left out: missing while nobody knows when the impact began; invalid where the signal came before it.
    Source: the fold of the incident's timeline; the start has a provenance of its own.
    """
    return _span(facts.started_at, facts.detected_at, is_over=True)


def time_to_acknowledge(facts: Facts) -> Span:
    """How long the first signal waited for a human.

    From: ``detected_at``, the first signal.
    To: the first ``acknowledged_at``.
    Unit: a timedelta. The basis does not matter here.
    Left out: open while nobody has acknowledged and the incident is not over; missing where it was over
        before anybody did; invalid where the end lies before the start.
    Source: the fold of the incident's timeline.
    """
    return _span(facts.detected_at, facts.acknowledged_at, is_over=facts.is_over)


def time_to_mitigate(facts: Facts, basis: Basis = Basis.STARTED) -> Span:
    """How long users were hurt.

    From: ``started_at``, or under the basis *detected* ``detected_at``.
    To: the last ``mitigated_at``; a reopening empties it again.
    Unit: a timedelta.
    Left out: open while users still hurt; missing without a start; invalid where it ends before it starts.
    Source: the fold of the incident's timeline.
    """
    return _span(_start(facts, basis), facts.mitigated_at, is_over=facts.is_over)


def time_to_resolve(facts: Facts, basis: Basis = Basis.STARTED) -> Span:
    """How long until the cause was gone.

    From: ``started_at``, or under the basis *detected* ``detected_at``.
    To: the last ``resolved_at``; a reopening empties it again.
    Unit: a timedelta.
    Left out: open while it is not resolved; missing without a start; invalid where it ends before it starts.
    Source: the fold of the incident's timeline.
    """
    return _span(_start(facts, basis), facts.resolved_at, is_over=facts.is_over)


def began_at(facts: Facts, basis: Basis) -> datetime:
    """Where the incident stands in the order of failures: its impact, else its first signal."""
    return facts.detected_at if basis is Basis.DETECTED else facts.started_at or facts.detected_at


def time_between(earlier: Facts, later: Facts, basis: Basis = Basis.STARTED) -> Span:
    """How long a service went from one failure to the next.

    From: ``started_at`` of one incident of a service, or ``detected_at`` under the basis *detected*.
    To: the same of its next one.
    Unit: a timedelta.
    Left out: missing where either start is not known; the gap is not bridged, for the service did fail in
        between. The gap that still runs is shown and never averaged.
    Source: SEV1 to SEV3 (or the severities asked for) of each service, the fold of their timelines.
    """
    return _span(_start(earlier, basis), _start(later, basis), is_over=True)


def _start(facts: Facts, basis: Basis) -> datetime | None:
    return facts.started_at if basis is Basis.STARTED else facts.detected_at


def _span(start: datetime | None, end: datetime | None, *, is_over: bool) -> Span:
    if end is None and not is_over:
        return Span(State.OPEN)
    if start is None or end is None:
        return Span(State.MISSING)
    if end < start:
        return Span(State.INVALID)
    return Span(State.MEASURED, end - start)
