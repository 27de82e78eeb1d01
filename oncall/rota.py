"""Who is on call when: pure arithmetic on rotations and overrides, correct by the clock on the wall.

One rule for every time of day: it is meant on the wall of the layer's zone and stands for the first
moment at which the clock there shows it. What the clocks skip is the moment of the jump; of what they
show twice it is the first showing. So turns and windows that meet on the wall meet exactly in time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from itertools import pairwise
from zoneinfo import ZoneInfo

from lib.businesshours import instant

_DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(7))
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Window:
    """When a restricted layer has anybody: on these weekdays (0 is Monday), from ``start`` until ``end``.

    An ``end`` that is not after ``start`` belongs to the next day: 20:00 to 08:00 is a night, 00:00 to
    00:00 a whole day. A night belongs to the day on which it begins.
    """

    start: time
    end: time
    days: frozenset[int] = EVERY_DAY

    def on(self, day: date, zone: str) -> Span | None:
        """The span (UTC) that begins on this day; None on other weekdays, or where the clocks skip it."""
        if day.weekday() not in self.days:
            return None
        begin = _instant(zone, day, self.start)
        end = _instant(zone, day if self.end > self.start else day + _DAY, self.end)
        return (begin, end) if begin < end else None


@dataclass(frozen=True)
class Layer:
    """People who take turns.

    The first turn begins on ``first_day`` at ``hand_over`` in ``zone``; each lasts ``days`` days and
    ``hours`` hours on the wall, so that hands change at the same times of day all year. Who comes first
    in ``people`` (ids) has the first turn. With ``windows`` a layer has somebody only inside of them, and
    only from ``since`` until just before ``until``: a change of a rotation is two layers that meet.
    """

    key: int
    name: str
    zone: str
    first_day: date
    hand_over: time
    days: int
    people: tuple[int, ...]
    hours: int = 0
    windows: tuple[Window, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def length(self) -> timedelta:
        return timedelta(days=self.days, hours=self.hours)

    def turn(self, number: int) -> datetime:
        """When a turn begins (UTC). A hand-over time that the clocks skip is the moment of the jump."""
        wall = datetime.combine(self.first_day, self.hand_over) + self.length * number
        return _instant(self.zone, wall.date(), wall.time())

    def number_at(self, at: datetime) -> int:
        """The turn that runs at a moment; negative before the first one."""
        wall = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        number = (wall - datetime.combine(self.first_day, self.hand_over)) // self.length
        # Where the clocks change, the wall is not in step with the turns: walk to the right one.
        while self.turn(number) > at:
            number -= 1
        while self.turn(number + 1) <= at:
            number += 1
        return number

    def holder(self, number: int) -> int | None:
        return self.people[number % len(self.people)] if number >= 0 and self.people else None

    def holds(self, at: datetime) -> bool:
        """Was this how it was at a moment?"""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def covers(self, at: datetime) -> bool:
        """Does a window allow this moment? Without windows, always; never where it did not hold."""
        if not self.windows or not self.holds(at):
            return self.holds(at)
        return any(start <= at < end for start, end in self.open_spans(at, at + timedelta(microseconds=1)))

    def open_spans(self, start: datetime, end: datetime) -> list[Span]:
        """The spans between two moments, cut to them, in which it holds and the windows allow somebody."""
        start, end = max(start, self.since or start), min(end, self.until or end)
        if start >= end:
            return []
        if not self.windows:
            return [(start, end)]
        zone = ZoneInfo(self.zone)
        # A window may have begun the evening before; a day more for zones that skip one.
        day, last = start.astimezone(zone).date() - 2 * _DAY, end.astimezone(zone).date()
        found = []
        while day <= last:
            found += [span for window in self.windows if (span := window.on(day, self.zone))]
            day += _DAY
        cut = sorted((max(a, start), min(b, end)) for a, b in found if a < end and b > start)
        joined: list[Span] = []
        for begin, stop in cut:
            if joined and begin <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
            else:
                joined.append((begin, stop))
        return joined


@lru_cache(maxsize=50_000)
def _instant(zone: str, day: date, wall: time) -> datetime:
    return instant(day, wall, ZoneInfo(zone))


@dataclass(frozen=True)
class Override:
    """Somebody stands in, from ``start`` until just before ``end``."""

    key: int
    user: int
    start: datetime
    end: datetime
    note: str = ""


@dataclass(frozen=True)
class Rota:
    """A schedule for the engine: layers from the lowest to the highest, overrides in the order made.

    Layers of one place that followed each other stand beside each other; which does not matter, for they
    never hold at once.
    """

    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True)
class Shift:
    """One person (or a gap: None) over one span, and what put them there."""

    start: datetime
    end: datetime
    user: int | None
    layer: int | None = None
    override: int | None = None


@dataclass(frozen=True)
class Answer:
    """Who answers at a moment, and why: the layer's own holder first, then what overrules it.

    ``passed`` are the layers above the one that answers, from the highest down, each of which holds but has
    nobody at that moment; where no layer answers, all of them.
    """

    user: int | None
    layer: Layer | None = None
    layer_user: int | None = None
    override: Override | None = None
    passed: tuple[Layer, ...] = ()


def who(rota: Rota, at: datetime) -> Answer:
    """The holder at a moment: the newest override that covers it, else the highest layer with a holder."""
    passed, layer, layer_user = [], None, None
    for one in reversed(rota.layers):
        if not one.holds(at):
            continue
        layer_user = one.holder(one.number_at(at)) if one.people and one.covers(at) else None
        if layer_user is not None:
            layer = one
            break
        passed.append(one)
    override = next((one for one in reversed(rota.overrides) if one.start <= at < one.end), None)
    return Answer(override.user if override else layer_user, layer, layer_user, override, tuple(passed))


def layer_shifts(layer: Layer, start: datetime, end: datetime) -> list[Shift]:
    """The turns of one layer between two moments, cut to them and to its windows; no gaps are listed."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if not layer.people:
        return []
    found: list[Shift] = []
    for opened, closed in layer.open_spans(start, end):
        number = max(layer.number_at(opened), 0)
        while (begin := layer.turn(number)) < closed:
            stop = layer.turn(number + 1)
            if begin < stop and stop > opened:
                found.append(
                    Shift(max(begin, opened), min(stop, closed), layer.holder(number), layer=layer.key)
                )
            number += 1
    return found


def shifts(rota: Rota, start: datetime, end: datetime) -> list[Shift]:
    """Who is really paged, without a hole between ``start`` and ``end``: gaps are shifts of nobody."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    layers = [layer_shifts(layer, start, end) for layer in reversed(rota.layers)]
    edges = {start, end}
    edges |= {edge for found in layers for one in found for edge in (one.start, one.end)}
    edges |= {
        edge.astimezone(UTC) for one in rota.overrides for edge in (one.start, one.end) if start < edge < end
    }
    ordered = sorted(edges)
    rows = [_over(found, ordered) for found in [_standing_in(rota.overrides, ordered), *map(iter, layers)]]
    found: list[Shift] = []
    for begin, stop in pairwise(ordered):
        # Every row is moved on, so that none falls behind; the first that has somebody decides.
        here = [next(row) for row in rows]
        top = next((one for one in here if one is not None), None)
        user, layer, override = (top.user, top.layer, top.override) if top else (None, None, None)
        last = found[-1] if found else None
        if last and (last.user, last.layer, last.override) == (user, layer, override):
            found[-1] = Shift(last.start, stop, user, layer, override)
        else:
            found.append(Shift(begin, stop, user, layer, override))
    return found


def _over(spans: Iterator[Shift], edges: Sequence[datetime]) -> Iterator[Shift | None]:
    """For each slice between two edges, the span that covers it; spans come in order."""
    one = next(spans, None)
    for begin, _stop in pairwise(edges):
        while one is not None and one.end <= begin:
            one = next(spans, None)
        yield one if one is not None and one.start <= begin else None


def _standing_in(overrides: Sequence[Override], edges: Sequence[datetime]) -> Iterator[Shift]:
    """Slice by slice, the newest override that covers it."""
    coming = sorted(enumerate(overrides), key=lambda pair: pair[1].start, reverse=True)
    live: list[tuple[int, Override]] = []
    for begin, stop in pairwise(edges):
        while coming and coming[-1][1].start <= begin:
            number, one = coming.pop()
            heappush(live, (-number, one))
        while live and live[0][1].end <= begin:
            heappop(live)
        if live:
            yield Shift(begin, stop, live[0][1].user, override=live[0][1].key)


def gaps(rota: Rota, start: datetime, end: datetime) -> list[Shift]:
    """The spans in which nobody answers."""
    return [shift for shift in shifts(rota, start, end) if shift.user is None]


def now_and_next(
    rota: Rota, at: datetime, *, horizon: timedelta = timedelta(days=60)
) -> tuple[Shift, Shift | None]:
    """The shift that runs, and the next one with somebody else."""
    near = min(timedelta(days=8), horizon)
    merged = by_person(shifts(rota, at, at + near))
    if len(merged) < 3 and near < horizon:
        merged = by_person(shifts(rota, at, at + horizon))
    return merged[0], merged[1] if len(merged) > 1 else None


def by_person(found: Sequence[Shift]) -> list[Shift]:
    """Shifts without the hand-overs to oneself: what put the person there is that of the first part."""
    merged: list[Shift] = []
    for shift in found:
        if merged and merged[-1].user == shift.user:
            last = merged[-1]
            merged[-1] = Shift(last.start, shift.end, shift.user, last.layer, last.override)
        else:
            merged.append(shift)
    return merged
