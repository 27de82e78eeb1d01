"""Template words of the house, loaded everywhere: icons, severity marks, times, durations, Markdown."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime, now

from lib import durations, markdown

register = template.Library()
SPRITE = "img/icons.svg"


@register.simple_tag
def icon(name: str, label: str = "", cls: str = "i") -> SafeString:
    """A Lucide icon of the sprite; decoration unless it is given a label."""
    href = f"{static(SPRITE)}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', cls, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', cls, href)


@register.filter
def sevmark(severity: Any) -> SafeString:
    """The mark of a severity: word, strokes, weight, and colour last. Nothing known: an idle word."""
    if severity is None:
        return format_html('<span class="say idle">{}</span>', "No severity yet")
    rank = getattr(severity, "rank", severity)
    name = getattr(severity, "name", f"SEV{rank}")
    level = max(1, min(int(rank), 4))
    return format_html('<span class="sev s{}">{}{}</span>', level, icon(f"toll-{level}"), name)


def relative(when: datetime) -> str:
    """``just now``, ``3 min ago``, ``in 2 h``."""
    gap = when - now()
    if abs(gap) < timedelta(seconds=5):
        return "just now"
    return f"in {durations.words(gap)}" if gap > timedelta(0) else f"{durations.words(gap)} ago"


def exact(when: datetime) -> str:
    """``Mon 23 Nov 2026, 14:12:00 CET (13:12:00 UTC)`` in the reader's zone."""
    local = localtime(when)
    return f"{local:%a %d %b %Y, %H:%M:%S %Z} ({when.astimezone(UTC):%H:%M:%S} UTC)"


def _time(when: datetime, text: str, kind: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}" data-time="{}">{}</time>',
        localtime(when).isoformat(timespec="seconds"),
        exact(when),
        kind,
        text,
    )


@register.filter
def ago(when: datetime | None) -> SafeString | str:
    """Relative time with the exact one on hover; a dash where there is none."""
    return _time(when, relative(when), "ago") if when else "–"


#: By days from today; a weekday says no more than a date where it could be another week's.
_AUTO = {0: "clock", **dict.fromkeys(range(1, 7), "weekday")}


@register.simple_tag
def moment(when: datetime | None, style: str = "auto") -> SafeString | str:
    """A ``<time>``: ``auto``, ``clock``, ``date``, ``full``, ``ago``.

    ``auto`` is the clock today, weekday and clock in the six days to come, and the date too at other times.
    """
    if when is None:
        return "–"
    local = localtime(when)
    if style == "ago":
        return _time(when, relative(when), "ago")
    if style == "auto":
        style = _AUTO.get((local.date() - localtime(now()).date()).days, "full")
    text = {
        "clock": f"{local:%H:%M}",
        "weekday": f"{local:%a %H:%M}",
        "seconds": f"{local:%H:%M:%S}",
        "date": f"{local.day} {local:%b %Y}",
        "full": f"{local.day} {local:%b %Y, %H:%M}",
    }[style]
    return _time(when, text, style)


@register.filter
def words(amount: timedelta | None) -> str:
    """``13 min``."""
    return durations.words(amount)


@register.filter
def clock(amount: timedelta | None) -> str:
    """``4:12``."""
    return durations.clock(amount) if amount is not None else "–"


@register.filter(name="markdown")
def as_markdown(text: str | None) -> SafeString:
    """Safe HTML of a person's Markdown."""
    return markdown.render(text)


@register.simple_tag
def initials(user: Any) -> SafeString:
    """A person's disc with one or two letters; the name stands beside it."""
    parts = [part for part in re.split(r"[\s@._-]+", str(user)) if part]
    letters = (parts[0][0] + (parts[1][0] if len(parts) > 1 else "")).upper() if parts else "?"
    return format_html('<span class="av" aria-hidden="true">{}</span>', letters)
