"""What on-call costs: hours, pages, nights woken, hours outside of business hours, per person and schedule.

It counts what Tocsin knows and nothing else; `NOT_COUNTED` says so wherever the figures are shown.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from lib import sheets
from lib.businesshours import BusinessHours, Window
from lib.refusal import Invalid
from notifications.models import Delivery
from oncall import rota, schedules
from oncall.models import Page, Schedule

Span = tuple[datetime, datetime]
LONGEST = timedelta(days=366)
USUAL = timedelta(days=28)
# A page between these hours on the person's own wall wakes them.
NIGHT_BEGINS, NIGHT_ENDS = 22, 7
#: Said beside every figure.
NOT_COUNTED = (
    gettext_lazy(
        "Hours are what the schedules said at that time, also where a rotation was changed since, and count "
        "from when a schedule was made. What was before this was kept is not known."
    ),
    gettext_lazy(
        "A page is one time that somebody was asked and a message went out. Drills are left out, and so is a "
        "page of which every message failed. Whether the phone rang aloud, and work without a page, are not "
        "known here."
    ),
    gettext_lazy(
        "A night is woken by a page between 22 and 7 o’clock on the person’s own clock, however many it had."
    ),
)


@dataclass
class Line:
    """One person's load, in all or in one schedule."""

    user: User
    schedule: Schedule | None = None
    held: timedelta = timedelta(0)
    outside: timedelta = timedelta(0)
    pages: int = 0
    nights: set[date] = field(default_factory=set)
    #: Pages between 22 and 7 o'clock, and on a Saturday or Sunday, by the person's own clock.
    at_night: int = 0
    at_weekends: int = 0
    #: From each page that was answered to its answer.
    waits: list[timedelta] = field(default_factory=list)
    #: Of an equal share among those who take turns: 1 is fair, 2 is twice as much.
    of_fair: float | None = None

    @property
    def answered(self) -> int:
        return len(self.waits)

    @property
    def median_answer(self) -> timedelta | None:
        """From being asked to the answer, of the pages that were answered."""
        ordered, middle = sorted(self.waits), len(self.waits) // 2
        return (ordered[middle] + ordered[~middle]) / 2 if ordered else None

    @property
    def hours(self) -> float:
        return round(self.held.total_seconds() / 3600, 1)

    @property
    def outside_share(self) -> int | None:
        """Per cent of the hours that are outside of business hours."""
        return round(100 * (self.outside / self.held)) if self.held else None

    @property
    def fairness(self) -> str:
        return f"{self.of_fair:.1f}×" if self.of_fair is not None else ""


@dataclass(frozen=True)
class Load:
    start: datetime
    end: datetime
    people: list[Line]
    by_schedule: list[tuple[Schedule, list[Line]]]


def period(since: datetime | None, until: datetime | None) -> Span:
    """The asked span; without one, the last four weeks.

    Raises:
        Invalid: it ends before it starts, or is longer than a year.
    """
    end = until or now()
    start = since or end - USUAL
    if end <= start:
        raise Invalid(_("The span has to end after it starts."), field="until")
    if end - start > LONGEST:
        raise Invalid(_("A year is the longest span."), field="since")
    return start, end


def load(start: datetime, end: datetime) -> Load:
    """Everybody who held something or was asked in the span, the most loaded first.

    From: ``start`` ≤ the page or the part of a shift.
    To: before ``end``.
    Unit: hours held, pages, nights with a page, and from each page to its answer a timedelta.
    Left out: drills; what is not known stands in `NOT_COUNTED`.
    Source: the pages, and the schedules as they were at each moment.
    """
    spans: dict[int, dict[int, list[Span]]] = {}
    known = list(Schedule.objects.select_related("team").prefetch_related("layers__members__user"))
    for schedule in known:
        spans[schedule.pk] = _held(schedule, start, end)
    pages = _pages(start, end)
    ids = {pk for held in spans.values() for pk in held} | {page.user_id for page in pages}
    users = User.objects.in_bulk(ids)
    by_schedule = [(one, _lines(one, spans[one.pk], pages, users)) for one in known]
    return Load(start, end, _in_all(known, spans, pages, users), [pair for pair in by_schedule if pair[1]])


def _held(schedule: Schedule, start: datetime, end: datetime) -> dict[int, list[Span]]:
    """Who held it, and when; turns of a rotation from before the schedule was made were nobody's."""
    held: dict[int, list[Span]] = defaultdict(list)
    start = max(start, schedule.created_at or start)
    if start >= end:
        return held
    for shift in rota.shifts(schedules.load(schedule, since=start), start, end):
        if shift.user:
            held[shift.user].append((shift.start, shift.end))
    return held


def _pages(start: datetime, end: datetime) -> list[Page]:
    asked = Page.objects.filter(created_at__gte=start, created_at__lt=end, run__incident__is_drill=False)
    pages = list(
        asked.select_related("user", "run").only(
            "user", "rung", "status", "bundle", "created_at", "answered_at", "run__plan", "user__time_zone"
        )
    )
    silent = _silent({page.run_id for page in pages})
    return [page for page in pages if page.bundle_id or (page.run_id, page.user_id) not in silent]


def _silent(runs: set[int]) -> set[tuple[int, int]]:
    """By run and person: every message to them failed, so nothing rang."""
    tried: dict[tuple[int, int], bool] = {}
    rows = Delivery.objects.filter(run_key__in=runs).values_list(
        "run_key", "recipient", "sent_at", "failed_at"
    )
    for run, person, sent_at, failed_at in rows:
        if run is not None and person is not None:
            rang = bool(sent_at) or not failed_at
            tried[run, person] = tried.get((run, person), False) or rang
    return {key for key, rang in tried.items() if not rang}


def _lines(
    schedule: Schedule, held: dict[int, list[Span]], pages: Iterable[Page], users: dict[int, User]
) -> list[Line]:
    hours = _hours_of(schedule)
    lines = {pk: _line(users[pk], schedule, spans, hours) for pk, spans in held.items() if pk in users}
    for page in pages:
        if schedule.pk in _schedules_of(page):
            line = lines.setdefault(page.user_id, Line(users[page.user_id], schedule))
            _count(line, page)
    return _fair(lines.values())


def _in_all(
    known: list[Schedule], spans: dict[int, dict[int, list[Span]]], pages: list[Page], users: dict[int, User]
) -> list[Line]:
    """Somebody who holds two schedules at once is on call once."""
    lines = {pk: Line(user) for pk, user in users.items()}
    for line in lines.values():
        mine = [(one, spans[one.pk].get(line.user.pk, [])) for one in known]
        line.held = _length(_merged(span for _one, found in mine for span in found))
        outside = (free for one, found in mine for free in _outside(found, _hours_of(one)))
        line.outside = _length(_merged(outside))
    for page in pages:
        _count(lines[page.user_id], page)
    return _fair(lines.values())


def _line(user: User, schedule: Schedule, spans: list[Span], hours: BusinessHours) -> Line:
    return Line(user, schedule, held=_length(spans), outside=_length(_outside(spans, hours)))


def _count(line: Line, page: Page) -> None:
    line.pages += 1
    local = page.created_at.astimezone(ZoneInfo(page.user.time_zone or "UTC"))
    if local.hour >= NIGHT_BEGINS or local.hour < NIGHT_ENDS:
        line.at_night += 1
        # The hours after midnight belong to the night that began the evening before.
        line.nights.add((local - timedelta(hours=12)).date())
    line.at_weekends += local.weekday() >= 5
    # Also set where somebody else answered, and the page was over with that.
    if page.status == Page.Status.ACKNOWLEDGED and page.answered_at:
        line.waits.append(page.answered_at - page.created_at)


def _schedules_of(page: Page) -> set[int]:
    rungs = page.run.rungs
    aims = (
        rungs[page.rung]["aims"]
        if page.rung < len(rungs)
        else (page.run.plan.get("tail") or {}).get("aims", [])
    )
    return {aim["id"] for aim in aims if aim["kind"] == "schedule"}


def _hours_of(schedule: Schedule) -> BusinessHours:
    if schedule.team:
        return schedule.team.business_hours
    nine, five = time(9), time(17)
    windows = tuple(Window(day, nine, five) for day in range(5))
    return BusinessHours(zone=schedule.time_zone, windows=windows)


def _outside(spans: Iterable[Span], hours: BusinessHours) -> list[Span]:
    """The parts of spans in which the office is closed."""
    found = []
    for start, end in spans:
        at = start
        for opens, closes in hours.open_between(start, end):
            if opens > at:
                found.append((at, opens))
            at = max(at, closes)
        if at < end:
            found.append((at, end))
    return found


def _merged(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _length(spans: Iterable[Span]) -> timedelta:
    return sum((end - start for start, end in spans), timedelta(0))


def _fair(lines: Iterable[Line]) -> list[Line]:
    rows = list(lines)
    takers = [line for line in rows if line.held]
    whole = sum((line.held for line in takers), timedelta(0))
    for line in takers:
        line.of_fair = line.held / (whole / len(takers))
    return sorted(rows, key=lambda line: (-line.held, -line.pages, str(line.user)))


HEAD = (
    "schedule",
    "person",
    "email",
    "hours",
    "outside_hours",
    "outside_percent",
    "pages",
    "nights",
    "of_fair",
    "at_night",
    "at_weekends",
    "answered",
    "median_answer_seconds",
)


def as_csv(found: Load) -> str:
    """One row a person in all (schedule empty), then one a person and schedule."""
    every = [*found.people, *(line for _one, lines in found.by_schedule for line in lines)]
    return "".join(sheets.lines(HEAD, (row(line) for line in every)))


def row(line: Line) -> list[object]:
    """A line's values, in the order of ``HEAD``."""
    return [
        str(line.schedule or ""),
        str(line.user),
        line.user.email,
        line.hours,
        round(line.outside.total_seconds() / 3600, 1),
        line.outside_share if line.outside_share is not None else "",
        line.pages,
        len(line.nights),
        round(line.of_fair, 2) if line.of_fair is not None else "",
        line.at_night,
        line.at_weekends,
        line.answered,
        round(line.median_answer.total_seconds(), 1) if line.median_answer is not None else "",
    ]
