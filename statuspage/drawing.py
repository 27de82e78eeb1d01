"""Drawings of the public page: the 90 bars of a component and the badge. Pure."""

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from statuspage.kinds import ComponentStatus
from statuspage.snapshot import Snapshot
from statuspage.uptime import Day

_HEIGHT, _STEP, _WIDTH = 32, 7, 5
# Height and class by status: a day without trouble is a low bar, trouble rises out of it.
_BARS = {
    ComponentStatus.OPERATIONAL: (10, "up"),
    ComponentStatus.UNDER_MAINTENANCE: (10, "up"),
    ComponentStatus.DEGRADED_PERFORMANCE: (17, "f3"),
    ComponentStatus.PARTIAL_OUTAGE: (24, "f2"),
    ComponentStatus.MAJOR_OUTAGE: (32, "f1"),
}
_COLOURS = {
    "none": "#2a6b50",
    "maintenance": "#35658a",
    "minor": "#8a5a00",
    "major": "#a84300",
    "critical": "#a3262a",
}


def per_cent(share: float | None) -> str:
    """``99.93 %``; rounded down, because 99.999 % up is not 100 %."""
    if share is None:
        return "–"
    floored = int(share * 100 + 1e-7) / 100
    return "100 %" if floored >= 100 else f"{floored:.2f} %"


def caption(name: str, days: Sequence[Day], uptime: float | None) -> str:
    """What the bars say, in words."""
    known = [day for day in days if day.status is not None]
    bad = sum(1 for day in known if _BARS[ComponentStatus(day.status or "operational")][1] != "up")
    trouble = f"{bad} of {len(known)} days with trouble" if bad else f"No trouble in {len(known)} days"
    return f"{name}: {trouble}, {per_cent(uptime)} up"


def bars(name: str, days: Sequence[Day], uptime: float | None) -> SafeString:
    """An SVG of one bar a day, oldest first; height carries the meaning, colour comes second."""
    paths: dict[str, list[str]] = {}
    for place, day in enumerate(days):
        if day.status is None:
            continue
        height, cls = _BARS[day.status]
        x = place * _STEP
        paths.setdefault(cls, []).append(f"M{x} {_HEIGHT}v-{height}h{_WIDTH}v{height}z")
    drawn = SafeString("").join(
        format_html('<path class="{}" d="{}"/>', cls, "".join(paths[cls]))
        for cls in ("up", "f3", "f2", "f1")
        if cls in paths
    )
    width = max(len(days) * _STEP - (_STEP - _WIDTH), 1)
    return format_html(
        '<svg class="chart bars" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}</svg>',
        width,
        _HEIGHT,
        caption(name, days, uptime),
        SafeString(drawn),
    )


def badge(shot: Snapshot) -> bytes:
    """A small SVG to embed elsewhere: the page's name and one sentence."""
    indicator, sentence = shot.indicator
    left, right = 14 + round(6.8 * len(shot.page.name)), 14 + round(6.5 * len(sentence))
    svg = format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="22" role="img"'
        ' aria-label="{name}: {say}">'
        "<title>{name}: {say}</title>"
        '<rect width="{w}" height="22" rx="4" fill="#39413d"/>'
        '<path d="M{l} 0h{r4}a4 4 0 0 1 4 4v14a4 4 0 0 1-4 4H{l}z" fill="{colour}"/>'
        '<g fill="#fff" font-family="system-ui,Verdana,sans-serif" font-size="12" text-anchor="middle">'
        '<text x="{lx}" y="15">{name}</text><text x="{rx}" y="15">{say}</text></g></svg>\n',
        w=left + right,
        l=left,
        r4=right - 4,
        lx=left // 2,
        rx=left + right // 2,
        colour=_COLOURS[indicator],
        name=shot.page.name,
        say=sentence,
    )
    return str(svg).encode()
