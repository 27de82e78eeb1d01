"""A week or a month of a schedule as table cells: slots of three or six hours by the reader's clock."""

import calendar
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.models import User
from lib.businesshours import instant
from oncall import rota, schedules, windows
from oncall.models import Schedule

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Grid:
    """Which days are drawn, and in how many slots each."""

    first: date
    days: int
    slots_a_day: int
    zone: ZoneInfo

    @property
    def dates(self) -> list[date]:
        return [self.first + _DAY * number for number in range(self.days)]

    @property
    def columns(self) -> int:
        return self.days * self.slots_a_day + 1

    @property
    def walls(self) -> list[datetime]:
        """What the clock on the wall shows between the slots; for the script that drags."""
        step = timedelta(hours=24 // self.slots_a_day)
        midnight = datetime.combine(self.first, time(0))
        return [midnight + step * number for number in range(self.days * self.slots_a_day + 1)]

    @property
    def edges(self) -> list[datetime]:
        """The moments between the slots; where the clocks change one slot is shorter or longer."""
        return [instant(wall.date(), wall.time(), self.zone) for wall in self.walls]


def week(day: date, zone: ZoneInfo) -> Grid:
    return Grid(monday_of(day), 7, 8, zone)


def month(day: date, zone: ZoneInfo) -> Grid:
    first = day.replace(day=1)
    return Grid(first, calendar.monthrange(first.year, first.month)[1], 4, zone)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True)
class Cell:
    """So many slots in a row with the same content; ``css`` empty: nothing is drawn.

    ``more`` counts shifts too short for a slot of their own: the title names them.
    """

    span: int
    css: str = ""
    label: str = ""
    title: str = ""
    is_gap: bool = False
    is_override: bool = False
    more: int = 0


@dataclass(frozen=True)
class Row:
    title: str
    cells: list[Cell]
    is_final: bool = False


@dataclass(frozen=True)
class Line:
    """One shift of an agenda, by the reader's clock."""

    start: datetime
    end: datetime
    user: User | None
    is_override: bool = False


@dataclass(frozen=True)
class Day:
    """A day of an agenda with the shifts that begin in it (and, on the first, the one that runs)."""

    day: date
    lines: list[Line]


@dataclass(frozen=True)
class Block:
    """One schedule of the table."""

    schedule: Schedule
    rows: list[Row]
    gaps: list[rota.Shift] = field(default_factory=list)
    days: list["Day"] = field(default_factory=list)


def block(schedule: Schedule, grid: Grid) -> Block:
    """Layers, overrides and, below them, who is really paged."""
    engine = schedules.load(schedule, since=grid.edges[0])
    return drawn(engine, grid, schedule)


def drawn(engine: rota.Rota, grid: Grid, schedule: Schedule) -> Block:
    """The same of a rota that may not be kept yet."""
    slots = grid.edges
    start, end = slots[0], slots[-1]
    final = rota.shifts(engine, start, end)
    users = User.objects.in_bulk(
        {shift.user for shift in final if shift.user}
        | {pk for layer in engine.layers for pk in layer.people}
        | {one.user for one in engine.overrides}
    )
    order = list(dict.fromkeys(pk for layer in engine.layers for pk in layer.people))
    draw = _Drawing(slots, users, order, grid)
    rows = [
        Row(_turns(layer), draw.cells(_joined(rota.layer_shifts(layer, start, end))))
        for layer in engine.layers
        if layer.open_spans(start, end) or layer.until is None
    ]
    covering = [
        rota.Shift(max(one.start, start), min(one.end, end), one.user, override=one.key)
        for one in engine.overrides
        if one.start < end and one.end > start
    ]
    if covering:
        rows.append(Row(_("Overrides"), draw.cells(covering)))
    rows.append(Row(_("Paged"), draw.cells(final, final=True), is_final=True))
    return Block(schedule, rows, [shift for shift in final if shift.user is None], _days(final, users, grid))


def _joined(found: list[rota.Shift]) -> list[rota.Shift]:
    """Whoever hands over to nobody else has one bar and not two."""
    joined: list[rota.Shift] = []
    for shift in found:
        if joined and joined[-1].end == shift.start and joined[-1].user == shift.user:
            joined[-1] = rota.Shift(joined[-1].start, shift.end, shift.user, shift.layer)
        else:
            joined.append(shift)
    return joined


def _days(final: list[rota.Shift], users: dict[int, User], grid: Grid) -> list[Day]:
    found: dict[date, list[Line]] = {day: [] for day in grid.dates}
    for shift in final:
        start, end = shift.start.astimezone(grid.zone), shift.end.astimezone(grid.zone)
        user = users.get(shift.user or 0)
        found[start.date()].append(Line(start, end, user, is_override=shift.override is not None))
    return [Day(day, lines) for day, lines in found.items() if lines]


def _turns(layer: rota.Layer) -> str:
    """The name, and how often hands change; hours only where there are any."""
    only = ", ".join(windows.spell(window) for window in layer.windows)
    words = f"{layer.name}, {only}" if only else f"{layer.name}, {schedules.turns(layer)}"
    if layer.until is None:
        return words
    until = layer.until.astimezone(ZoneInfo(layer.zone))
    return _("%(layer)s (until %(day)s)") % {"layer": words, "day": f"{until:%d %b %H:%M}"}


@dataclass(frozen=True)
class _Drawing:
    slots: list[datetime]
    users: dict[int, User]
    order: list[int]
    grid: Grid

    def cells(self, found: Iterable[rota.Shift], *, final: bool = False) -> list[Cell]:
        listed = list(found)
        picked = [_pick(listed, begin, end) for begin, end in zip(self.slots, self.slots[1:], strict=False)]
        drawn = {id(shift) for shift in picked}
        small = [shift for shift in listed if id(shift) not in drawn]
        cells: list[Cell] = []
        place = 0
        while place < len(picked):
            here, more, span = picked[place], self._inside(small, place), 1
            while (
                place + span < len(picked)
                and picked[place + span] is here
                and self._inside(small, place + span) == more
            ):
                span += 1
            cells.append(self._cell(here, span, final, more))
            place += span
        return cells

    def _inside(self, found: list[rota.Shift], slot: int) -> list[rota.Shift]:
        begin, end = self.slots[slot], self.slots[slot + 1]
        return [shift for shift in found if shift.start < end and shift.end > begin]

    def _title(self, shift: rota.Shift) -> str:
        return f"{self._name(shift)}, {self._clock(shift.start)} – {self._clock(shift.end)}"

    def _name(self, shift: rota.Shift) -> str:
        if shift.user is None:
            return _("Nobody")
        return str(self.users.get(shift.user) or _("former user"))

    def _cell(self, shift: rota.Shift | None, span: int, final: bool, more: list[rota.Shift]) -> Cell:
        if shift is None:
            return Cell(span)
        title = "; ".join(self._title(one) for one in (shift, *more))
        name = self._name(shift)
        if shift.user is None:
            return Cell(span, "gap", name, title, is_gap=True, more=len(more))
        css = "ov" if shift.override else self._tone(shift.user)
        return Cell(
            span,
            f"{css} f" if final else css,
            self._label(name, span),
            title,
            is_override=bool(shift.override) and not final,
            more=len(more),
        )

    def _label(self, name: str, span: int) -> str:
        """Where only initials fit (twelve hours of a week, three days of a month) the title has the name."""
        if span > (4 if self.grid.days == 7 else 12):
            return name
        # Half a day of a month has room for one letter.
        most = 1 if self.grid.days > 7 and span < 3 else 2
        return "".join(part[0] for part in name.split()[:most]).upper()

    def _tone(self, user_id: int) -> str:
        return "p1" if user_id in self.order and self.order.index(user_id) % 2 == 0 else "p2"

    def _clock(self, at: datetime) -> str:
        style = "%a %H:%M" if self.grid.days == 7 else "%a %d %b %H:%M"
        return format(at.astimezone(self.grid.zone), style)


def _pick(found: list[rota.Shift], begin: datetime, end: datetime) -> rota.Shift | None:
    """What a slot shows: a gap however short it is, else whoever has the middle of it."""
    here = [shift for shift in found if shift.start < end and shift.end > begin]
    gap = next((shift for shift in here if shift.user is None), None)
    if gap:
        return gap
    middle = begin + (end - begin) / 2
    covers: Callable[[rota.Shift], bool] = lambda shift: shift.start <= middle < shift.end  # noqa: E731
    return next((shift for shift in reversed(here) if covers(shift)), here[-1] if here else None)


@dataclass(frozen=True)
class Turn:
    """A shift of one person, for an agenda."""

    schedule: Schedule
    start: datetime
    #: None: nobody follows as far as the rotation can be seen.
    end: datetime | None
    user: int | None = None


#: A shift that lasts longer than this has no end that anybody planned.
_FAR = timedelta(days=120)


def agenda(user: User, at: datetime, *, days: int = 28) -> list[Turn]:
    """A person's next shifts, in order: what a phone shows instead of the table."""
    found = [
        turn for one in schedules.mine(user) for turn in turns(one, at, days=days) if turn.user == user.pk
    ]
    return sorted(found, key=lambda turn: turn.start)


def turns(schedule: Schedule, at: datetime, *, days: int) -> list[Turn]:
    """The shifts that begin within so many days, each to its real end, not to where we stop to look."""
    start = at.astimezone(UTC)
    last, far = start + _DAY * days, start + _DAY * days + _FAR
    seen = rota.shifts(schedules.load(schedule, since=at), start, far)
    return [
        Turn(schedule, shift.start, None if shift.end >= far else shift.end, shift.user)
        for shift in seen
        if shift.user and shift.start < last
    ]
