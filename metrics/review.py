"""The review of a month: what happened, how it went, what was promised, and what it cost people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.timezone import now

from accounts.models import User
from detection import noise
from detection.noise import Noise
from incidents import keeping
from incidents.models import Incident
from lib.refusal import Invalid
from metrics import board, periods
from metrics import selection as selections
from metrics.board import Board
from metrics.periods import Per
from metrics.selection import EARLIEST, LATEST, Selection
from oncall import loads
from oncall.loads import Line
from postmortems import completing
from postmortems.completing import Kept


@dataclass(frozen=True)
class Promises:
    """Owed updates of the month's incidents: in time, and due. Counts."""

    kept: int
    due: int


@dataclass(frozen=True)
class Review:
    """One month. ``incidents`` are those that the reader may see; ``hidden`` counts the others."""

    first: date
    before: date
    after: date | None
    board: Board
    incidents: Sequence[Incident]
    hidden: int
    promises: Promises
    noise: Noise
    load: Sequence[Line]
    documents: Kept
    actions: Kept


def month_from(text: str) -> date:
    """The first day of a month written like ``2024-01``; of nothing, the last month that is over.

    Raises:
        Invalid: not a month that incidents can lie in.
    """
    this = periods.of(Per.MONTH, now(), selections.zone())
    if not text:
        return periods.back(Per.MONTH, this, 1)
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError as bad:
        raise Invalid("Write a month like 2024-01.", field="month") from bad
    if not EARLIEST.replace(year=EARLIEST.year + 2) <= first < LATEST:
        raise Invalid("No incident was or will be in that month.", field="month")
    return first


def read(first: date, *, reader: User) -> Review:
    """The review of the month that begins on ``first``; a month that runs is read up to its end."""
    zone = selections.zone()
    end = periods.next_first(Per.MONTH, first)
    since, until = periods.starts_at(first, zone), periods.starts_at(end, zone)
    selection = Selection(since=since, until=until)
    counted = selections.incidents(selection)
    seen = Incident.objects.visible_to(reader).filter(pk__in=counted.order_by().values("pk"))
    shown = list(seen.select_related("severity", "service").order_by("severity__rank", "detected_at", "pk"))
    updates = keeping.updates(counted).values()
    found = board.read(selection)
    return Review(
        first=first,
        before=periods.back(Per.MONTH, first, 1),
        after=end if until <= now() else None,
        board=found,
        incidents=shown,
        hidden=found.total - len(shown),
        promises=Promises(sum(kept for kept, _ in updates), sum(due for _, due in updates)),
        noise=noise.during(since, until),
        load=_paged(since, until),
        documents=completing.documents(since, until),
        actions=completing.actions(first, end),
    )


def _paged(since: datetime, until: datetime) -> list[Line]:
    """Who was paged, the most burdened first; private incidents count, for a number names nothing."""
    found = [line for line in loads.load(since, until).people if line.pages]
    return sorted(found, key=lambda line: (-line.pages, -line.at_night, line.user.pk))
