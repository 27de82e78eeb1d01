"""Office hours as a team's row keeps them, and their defaults."""

import re
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

WEEKDAYS = [[day, "09:00", "17:00"] for day in range(5)]
CLOCK = re.compile(r"^(?:[01]\d|2[0-3]):[0-5]\d$")


def office_hours() -> list[list[Any]]:
    return [list(window) for window in WEEKDAYS]


def first_monday() -> date:
    # A Monday in the past, so that the default sprint starts with a week.
    return date(2024, 1, 1)


def check_windows(value: Any) -> None:
    """Windows are `[weekday 0–6, "HH:MM", "HH:MM"]`, each ending after it starts, none overlapping."""
    if not isinstance(value, list):
        raise ValidationError(_("Office hours are a list of [weekday, start, end]."))
    seen: dict[int, list[tuple[str, str]]] = {}
    for window in value:
        if not (isinstance(window, list) and len(window) == 3):
            raise ValidationError(
                _("Each window is [weekday, start, end], for example [0, “09:00”, “17:00”].")
            )
        day, start, end = window
        if not (isinstance(day, int) and not isinstance(day, bool) and 0 <= day <= 6):
            raise ValidationError(_("A weekday is a number from 0 (Monday) to 6 (Sunday)."))
        if not all(isinstance(clock, str) and CLOCK.match(clock) for clock in (start, end)):
            raise ValidationError(_("Times are written as 09:00."))
        # 00:00 as an end means midnight, the end of that day.
        end = "24:00" if end == "00:00" else end
        if start >= end:
            raise ValidationError(_("A window has to end after it starts; split a night into two days."))
        if any(start < other_end and other_start < end for other_start, other_end in seen.get(day, [])):
            raise ValidationError(_("Two windows of the same day overlap."))
        seen.setdefault(day, []).append((start, end))
