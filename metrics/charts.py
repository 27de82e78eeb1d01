"""Drawings made on the server: SVG that uses only classes of the style sheet, so it passes any CSP.

Pure: numbers and words in, safe markup out. A drawing never stands alone: `<title>` and `<desc>` say what
it shows, and the page puts the same numbers into a table below it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH = 440
# About how wide a letter of a label is.
LETTER = 7


@dataclass(frozen=True)
class Dot:
    """One period of a trend, in seconds; None where nothing was measured. ``words`` say all of it."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    count: int
    words: str


@dataclass(frozen=True)
class Bar:
    """One period of a bar chart: how many of each severity level 1 to 4. ``words`` say all of it."""

    label: str
    levels: tuple[int, int, int, int]
    words: str

    @property
    def total(self) -> int:
        return sum(self.levels)


@dataclass(frozen=True)
class Mark:
    """What people marked in one period: which one, counted from 0, its number, and all of its words."""

    place: int
    number: int
    words: str


def sparkline(values: Sequence[float | None], label: str) -> SafeString:
    """A small line without axes; periods without a value are bridged, the last known one has a point."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if not known:
        return SafeString("")
    low, high = min(value for _, value in known), max(value for _, value in known)
    step = 192 / max(len(values) - 1, 1)
    places = [(4 + place * step, _between(value, low, high, bottom=32, top=4)) for place, value in known]
    return format_html(
        '<svg class="chart spark" viewBox="0 0 200 36" role="img" aria-label="{}">{}'
        '<circle class="pt" cx="{}" cy="{}" r="3.5"/></svg>',
        label,
        format_html('<path class="ln" d="{}"/>', _path(places)) if len(places) > 1 else "",
        *_round(*places[-1]),
    )


def trend_line(
    dots: Sequence[Dot],
    *,
    key: str,
    title: str,
    description: str,
    unit: float,
    marks: Sequence[Mark] = (),
) -> SafeString:
    """A line with its 95 % band, in units of ``unit`` seconds."""
    left, right, top, bottom = 30, 426, 22, 160
    values = [edge / unit for dot in dots for edge in (dot.value, dot.high) if edge is not None]
    steps = ticks(max(values, default=1.0))
    across = _spread(len(dots), left + 12, right)

    def down(value: float) -> float:
        return _between(value / unit, 0, steps[-1], bottom=bottom, top=top)

    line = [(x, down(dot.value)) for x, dot in zip(across, dots, strict=True) if dot.value is not None]
    parts: list[SafeString] = [_axis(step, down(step * unit), left) for step in steps]
    parts += [_mark(mark, across[mark.place], bottom) for mark in marks]
    parts += _bands(dots, across, down)
    if len(line) > 1:
        parts.append(format_html('<path class="ln" d="{}"/>', _path(line)))
    parts += [_dot(dot, x, down) for x, dot in zip(across, dots, strict=True)]
    parts += _labels([dot.label for dot in dots], across, 180)
    parts += _labels([str(dot.count) if dot.count else "–" for dot in dots], across, 198, first="n ")
    return _svg(parts, key=key, title=title, description=description)


def bars(
    columns: Sequence[Bar], *, key: str, title: str, description: str, marks: Sequence[Mark] = ()
) -> SafeString:
    """Columns of severities stacked from the worst up: four weights, never colour alone."""
    left, right, top, bottom = 26, WIDTH, 24, 176
    steps = ticks(max((column.total for column in columns), default=1), whole=True)
    room = (right - left) / max(len(columns), 1)
    wide = max(min(room * 0.64, 30), 1.5)
    across = [left + room * (place + 0.5) for place in range(len(columns))]
    unit = (bottom - top) / steps[-1]
    parts = [_axis(step, bottom - step * unit, left) for step in steps]
    parts += [_mark(mark, across[mark.place], bottom) for mark in marks]
    parts += [
        _column(column, x - wide / 2, wide, bottom, unit) for x, column in zip(across, columns, strict=True)
    ]
    parts += _labels([column.label for column in columns], across, 196)
    return _svg(parts, key=key, title=title, description=description)


def ticks(highest: float, *, whole: bool = False) -> list[float]:
    """Three to six round steps from 0 to at least ``highest``: 1, 2, 2.5 or 5 times a power of ten."""
    if highest <= 0:
        highest = 1
    size = 10 ** math.floor(math.log10(highest / 4))
    choices = [size * factor for factor in (1, 2, 2.5, 5, 10)]
    if whole:
        choices = [step for step in choices if step >= 1 and step == int(step)] or [1]
    step = next((step for step in choices if highest / step <= 5), choices[-1])
    return [round(step * place, 6) for place in range(math.ceil(round(highest / step, 6)) + 1)]


def _svg(parts: Sequence[SafeString], *, key: str, title: str, description: str) -> SafeString:
    return format_html(
        '<svg class="chart wide" viewBox="0 0 440 206" role="img" aria-labelledby="{}-t {}-d">'
        '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>',
        key,
        key,
        key,
        title,
        key,
        description,
        format_html_join("\n", "{}", ((part,) for part in parts)),
    )


def _axis(value: float, y: float, left: float) -> SafeString:
    return format_html(
        '<path class="{}" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        "ax" if value else "ax0",
        left,
        f"{y:.1f}",
        WIDTH,
        left - 8,
        f"{y + 4:.0f}",
        f"{value:g}",
    )


def _bands(dots: Sequence[Dot], across: Sequence[float], down: Callable[[float], float]) -> list[SafeString]:
    """The interval as areas, one for each run of periods that have one; none is drawn across a hole."""
    runs: list[list[tuple[float, Dot]]] = [[]]
    for x, dot in zip(across, dots, strict=True):
        if dot.low is None or dot.high is None:
            runs.append([])
        else:
            runs[-1].append((x, dot))
    drawn = []
    for run in runs:
        if len(run) > 1:
            upper = [(x, down(dot.high or 0)) for x, dot in run]
            lower = [(x, down(dot.low or 0)) for x, dot in reversed(run)]
            drawn.append(format_html('<path class="bd" d="{}Z"/>', _path(upper + lower)))
    return drawn


def _dot(dot: Dot, x: float, down: Callable[[float], float]) -> SafeString:
    if dot.value is None:
        return SafeString("")
    return format_html(
        '<g><title>{}</title><circle class="dt" cx="{}" cy="{}" r="4"/></g>',
        dot.words,
        *_round(x, down(dot.value)),
    )


def _column(column: Bar, x: float, wide: float, bottom: float, unit: float) -> SafeString:
    blocks, place = [], 0
    # Few incidents are blocks to be counted, many are one area each.
    gap = min(2.0, unit / 4)
    for level, count in enumerate(column.levels, start=1):
        heights = [1] * count if unit >= 8 else [count] * bool(count)
        for height in heights:
            place += height
            blocks.append((f"f{level}", x, bottom - place * unit, height * unit - gap))
    return format_html(
        "<g><title>{}</title>{}</g>",
        column.words,
        format_html_join(
            "",
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"/>',
            (
                (cls, f"{at:.1f}", f"{y:.1f}", f"{wide:.1f}", f"{max(tall, 1):.1f}")
                for cls, at, y, tall in blocks
            ),
        ),
    )


def _mark(mark: Mark, x: float, bottom: float) -> SafeString:
    """A dashed line with its number on top; the words stand in the title, the legend and the table."""
    return format_html(
        '<g><title>{}</title><path class="dash" d="M{} 16V{}"/>'
        '<text class="em" x="{}" y="11" text-anchor="middle">{}</text></g>',
        mark.words,
        f"{x:.1f}",
        f"{bottom:.0f}",
        f"{x:.1f}",
        mark.number,
    )


def _labels(labels: Sequence[str], across: Sequence[float], y: float, first: str = "") -> list[SafeString]:
    """As many labels as there is room for, counted back from the newest."""
    room = (across[1] - across[0]) if len(across) > 1 else WIDTH
    widest = max((len(label) for label in labels), default=0) * LETTER + 6
    every = max(1, math.ceil(widest / room))
    shown = [place for place in range(len(labels)) if (len(labels) - 1 - place) % every == 0]
    return [
        format_html(
            '<text x="{}" y="{}" text-anchor="middle"{}>{}{}</text>',
            f"{across[place]:.1f}",
            y,
            SafeString(' class="em"') if place == len(labels) - 1 and not first and y < 190 else "",
            first if place == shown[0] else "",
            labels[place],
        )
        for place in shown
    ]


def _spread(count: int, left: float, right: float) -> list[float]:
    if count < 2:
        return [(left + right) / 2] * count
    return [left + (right - left) * place / (count - 1) for place in range(count)]


def _between(value: float, low: float, high: float, *, bottom: float, top: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.5
    return bottom - share * (bottom - top)


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _round(x: float, y: float) -> tuple[str, str]:
    return f"{x:.1f}", f"{y:.1f}"
