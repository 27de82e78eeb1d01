"""Office hours as people write them, ``Mon 09:00-17:00``, and as a team's row keeps them."""

import re
from typing import Any

from django.core.exceptions import ValidationError

from catalog.hours import check_windows
from config.ascode.values import WrongFile, items, word

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WINDOW = re.compile(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*\s+(\d{2}:\d{2})\s*[-–]\s*(\d{2}:\d{2})$")


def read(value: Any, place: str) -> list[list[Any]]:
    windows = sorted(items(value, place, _window))
    try:
        check_windows(windows)
    except ValidationError as wrong:
        raise WrongFile(place, " ".join(wrong.messages)) from wrong
    return windows


def _window(value: Any, place: str) -> list[Any]:
    match = _WINDOW.match(word(value, place))
    if match is None:
        raise WrongFile(place, "Write a window like Mon 09:00-17:00.")
    return [DAYS.index(match[1]), match[2], match[3]]


def show(windows: list[list[Any]]) -> list[str]:
    return [f"{DAYS[day]} {start}-{end}" for day, start, end in windows]
