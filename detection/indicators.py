"""Did it help? What the checks and alerts of an incident said before it was mitigated, and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Q
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext as _

from detection.models import Alert, Check, CheckResult
from incidents.models import Incident

SPAN = timedelta(minutes=30)
WIDTH, HEIGHT, EDGE = 320, 64, 6
_MOST = 6


@dataclass(frozen=True)
class Answer:
    """One answer of a check: when, how fast (seconds; None: none), and whether as expected."""

    at: datetime
    seconds: float | None
    is_ok: bool


@dataclass(frozen=True)
class Half:
    """One side of the mitigation: what stands in the table."""

    asked: int
    failed: int
    typical: float | None

    @property
    def share(self) -> str:
        return f"{100 * self.failed / self.asked:.0f} %" if self.asked else "–"

    @property
    def time(self) -> str:
        return f"{1000 * self.typical:,.0f} ms" if self.typical is not None else "–"


@dataclass(frozen=True)
class Compared:
    """A check on both sides of the mitigation."""

    check: Check
    before: Half
    after: Half
    picture: SafeString


@dataclass(frozen=True)
class Indicator:
    """Everything for the room: until when it looks, the checks, and the alerts that fired then and now."""

    begin: datetime
    middle: datetime
    end: datetime
    checks: list[Compared]
    firing_before: int
    firing_after: int
    new_before: int
    new_after: int
    alerts_picture: SafeString


def of(incident: Incident) -> Indicator | None:
    """Thirty minutes on either side of the mitigation; None while nothing is mitigated, or nobody looks."""
    middle = incident.mitigated_at
    if middle is None or incident.is_drill:
        return None
    begin, end = middle - SPAN, max(min(middle + SPAN, now()), middle)
    services = list(incident.service_rows.values_list("service", flat=True))
    checks = Check.objects.filter(service__in=services).order_by("pk")[:_MOST]
    alerts = list(
        Alert.objects.filter(incident=incident, first_seen_at__lte=end).filter(
            Q(resolved_at=None) | Q(resolved_at__gte=begin)
        )[:1000]
    )
    compared = [_compare(check, begin, middle, end) for check in checks]
    compared = [one for one in compared if one.before.asked or one.after.asked]
    if not alerts and not compared:
        return None
    return Indicator(
        begin, middle, end, compared,
        firing_before=firing(alerts, middle),
        firing_after=firing(alerts, end),
        new_before=sum(begin <= one.first_seen_at < middle for one in alerts),
        new_after=sum(middle <= one.first_seen_at <= end for one in alerts),
        alerts_picture=draw_alerts(alerts, begin, middle),
    )  # fmt: skip


def _compare(check: Check, begin: datetime, middle: datetime, end: datetime) -> Compared:
    rows = CheckResult.objects.filter(check_row=check, at__gte=begin, at__lte=end).order_by("at")
    answers = [
        Answer(row.at, row.elapsed.total_seconds() if row.elapsed else None, row.is_ok) for row in rows[:2000]
    ]
    before, after = half([a for a in answers if a.at <= middle]), half([a for a in answers if a.at > middle])
    return Compared(check, before, after, draw_check(answers, begin, middle, str(check)))


def half(answers: Sequence[Answer]) -> Half:
    """What one side says in three numbers."""
    times = [one.seconds for one in answers if one.seconds is not None]
    return Half(len(answers), sum(not one.is_ok for one in answers), median(times) if times else None)


def firing(alerts: Sequence[Alert], at: datetime) -> int:
    """How many fired at the moment."""
    return sum(
        one.first_seen_at <= at and (one.resolved_at is None or one.resolved_at > at) for one in alerts
    )


def _x(at: datetime, begin: datetime) -> float:
    return EDGE + (at - begin) / (2 * SPAN) * (WIDTH - 2 * EDGE)


def _y(value: float, highest: float) -> float:
    return HEIGHT - EDGE - value / (highest or 1) * (HEIGHT - 2 * EDGE)


def draw_check(answers: Sequence[Answer], begin: datetime, middle: datetime, name: str) -> SafeString:
    """Response times as a line, a stroke at the foot for each failure, a dashed line at the mitigation."""
    highest = max((one.seconds for one in answers if one.seconds is not None), default=0)
    line = " ".join(
        f"{_x(one.at, begin):.1f},{_y(one.seconds, highest):.1f}"
        for one in answers
        if one.seconds is not None
    )
    hits = format_html_join(
        "",
        '<path class="hit" d="M{} {}v-10"/>',
        ((f"{_x(one.at, begin):.1f}", HEIGHT) for one in answers if not one.is_ok),
    )
    label = _("%(name)s: response time and failures, before and after the mitigation") % {"name": name}
    return _svg(format_html('<polyline class="ln" points="{}"/>{}', line, hits), begin, middle, label)


def draw_alerts(alerts: Sequence[Alert], begin: datetime, middle: datetime) -> SafeString:
    """How many alerts fired, as steps."""
    end = max(min(begin + 2 * SPAN, now()), middle)
    turns = {one.first_seen_at for one in alerts} | {one.resolved_at for one in alerts if one.resolved_at}
    moments = [begin, *sorted(at for at in turns if begin < at < end), end]
    counts = [firing(alerts, at) for at in moments]
    highest = max(counts, default=0)
    steps = [f"M{_x(begin, begin):.1f} {_y(counts[0], highest):.1f}"] if counts else []
    for at, count in zip(moments[1:], counts[1:], strict=True):
        steps.append(f"H{_x(at, begin):.1f}V{_y(count, highest):.1f}")
    label = _("Alerts that fired, before and after the mitigation")
    return _svg(format_html('<path class="ln" d="{}"/>', "".join(steps)), begin, middle, label)


def _svg(inner: SafeString, begin: datetime, middle: datetime, label: str) -> SafeString:
    mark = format_html('<path class="edge ext" d="M{} 0V{}"/>', f"{_x(middle, begin):.1f}", HEIGHT)
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>'
        '<path class="edge" d="M0 {}H{}"/>{}{}</svg>',
        WIDTH, HEIGHT, label, label, HEIGHT, WIDTH, mark, inner,
    )  # fmt: skip
