"""The hours and days of a restricted layer as people write them: ``Mon-Fri 20:00-08:00``."""

import re
from collections.abc import Iterable
from datetime import time
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from lib.refusal import Invalid
from oncall.rota import EVERY_DAY, Window

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST = 14
_LINE = re.compile(r"^(?P<days>[A-Za-z ,–-]*?)\s*(?P<start>\d{1,2}:\d{2})\s*[-–]\s*(?P<end>\d{1,2}:\d{2})$")
_PART = re.compile(r"^([a-z]{3})[a-z]*(?:\s*[-–]\s*([a-z]{3})[a-z]*)?$")


@lru_cache(maxsize=2_000)
def parse(line: str) -> Window:
    """A window from its line; without days it is every day, and 24:00 is midnight.

    Raises:
        Invalid: with a sentence that shows what a line looks like.
    """
    match = _LINE.match(line.strip())
    if match is None:
        raise _unclear(line)
    days = _days(match["days"], line)
    start, end = _clock(match["start"], line), _clock(match["end"], line)
    return Window(start, end, days)


def _days(text: str, line: str) -> frozenset[int]:
    said = text.strip().lower()
    if said in ("", "daily", "every day"):
        return EVERY_DAY
    found: set[int] = set()
    for part in said.split(","):
        match = _PART.match(part.strip())
        names = [match[1].title(), (match[2] or match[1]).title()] if match else []
        if match is None or not set(names) <= set(DAYS):
            raise _unclear(line)
        first, last = (DAYS.index(name) for name in names)
        # Fri-Mon goes round the end of the week.
        found |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return frozenset(found)


def _clock(text: str, line: str) -> time:
    hour, minute = (int(part) for part in text.split(":"))
    if (hour, minute) == (24, 0):
        return time(0)
    if hour > 23 or minute > 59:
        raise _unclear(line)
    return time(hour, minute)


def _unclear(line: str) -> Invalid:
    return Invalid(
        _("“%(line)s” is not clear. Write it like Mon-Fri 20:00-08:00, or Sat,Sun 00:00-24:00.")
        % {"line": line.strip()[:60]},
        field="windows",
    )


def spell(window: Window) -> str:
    """The line that `parse` reads the same: runs of three days and more are joined."""
    end = "24:00" if window.end == time(0) else f"{window.end:%H:%M}"
    clock = f"{window.start:%H:%M}-{end}"
    return clock if window.days == EVERY_DAY else f"{_spell_days(window.days)} {clock}"


def _spell_days(days: frozenset[int]) -> str:
    parts, day = [], 0
    while day < 7:
        last = day
        while last + 1 < 7 and last + 1 in days:
            last += 1
        if day in days:
            run = [DAYS[one] for one in range(day, last + 1)]
            parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else run
            day = last + 1
        else:
            day += 1
    return ",".join(parts)


def tidy(lines: Iterable[str]) -> list[str]:
    """The lines as a layer's row keeps them, each once, in their order.

    Raises:
        Invalid: one is unclear, or there are too many.
    """
    found = list(dict.fromkeys(spell(parse(line)) for line in lines if line.strip()))
    if len(found) > MOST:
        raise Invalid(_("%(count)d lines of hours are the most.") % {"count": MOST}, field="windows")
    return found


def check(value: Any) -> None:
    """For the row: a list of clear lines."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValidationError(_("Hours are a list of lines such as Mon-Fri 20:00-08:00."))
    try:
        tidy(value)
    except Invalid as unclear:
        raise ValidationError(unclear.message) from unclear
