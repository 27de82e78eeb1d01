"""Response times of a check as a small drawing, failures marked. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 240, 36


@dataclass(frozen=True)
class Dot:
    """One answer: milliseconds (None: there was none), and whether it was as expected."""

    ms: float | None
    is_ok: bool


def draw(dots: Sequence[Dot], label: str) -> SafeString:
    """A line through the times, oldest first, and a stroke at the foot for each failure."""
    if not dots:
        return SafeString("")
    highest = max((dot.ms for dot in dots if dot.ms is not None), default=0) or 1
    step = (WIDTH - 8) / max(len(dots) - 1, 1)
    places = [4 + place * step for place in range(len(dots))]
    line = " ".join(
        f"{x:.1f},{HEIGHT - 6 - dot.ms / highest * (HEIGHT - 12):.1f}"
        for x, dot in zip(places, dots, strict=True)
        if dot.ms is not None
    )
    failures = format_html_join(
        "",
        '<path class="hit" d="M{} {}v-8"/>',
        ((f"{x:.1f}", HEIGHT) for x, dot in zip(places, dots, strict=True) if not dot.is_ok),
    )
    return format_html(
        '<svg class="chart spark" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>'
        '<polyline class="ln" points="{}"/>{}</svg>',
        WIDTH,
        HEIGHT,
        label,
        label,
        line,
        failures,
    )
