"""Durations as people read and write them; in Python they are always a ``timedelta``."""

import re
from datetime import timedelta

from lib.refusal import Invalid

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_NAMES = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3_600, "hr": 3_600, "hrs": 3_600, "hour": 3_600, "hours": 3_600,
    "d": 86_400, "day": 86_400, "days": 86_400,
    "w": 604_800, "week": 604_800, "weeks": 604_800,
}  # fmt: skip
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+)")
_LONGEST = timedelta(days=3_660)


def words(amount: timedelta | None) -> str:
    """``13 min``, ``1 h 5 min``, ``2 d 3 h``: at most two units, rounded down; the sign is not shown."""
    if amount is None:
        return "–"
    left = int(abs(amount).total_seconds())
    if left < 60:
        return f"{left} s"
    parts = []
    for name, size in _UNITS[:3]:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)


def clock(amount: timedelta) -> str:
    """``4:12`` (minutes and seconds), ``1:04:12`` from an hour on, ``-0:05`` when below zero."""
    total = int(abs(amount).total_seconds())
    sign = "-" if amount < timedelta(0) and total else ""
    hours, rest = divmod(total, 3_600)
    minutes, seconds = divmod(rest, 60)
    return f"{sign}{hours}:{minutes:02}:{seconds:02}" if hours else f"{sign}{minutes}:{seconds:02}"


def parse(text: str) -> timedelta:
    """Read ``15 min``, ``1h30m``, ``2 days`` or ``90`` (bare numbers are minutes).

    Raises:
        Invalid: nothing readable, or longer than ten years.
    """
    asked = text.strip().lower()
    if re.fullmatch(r"\d{1,9}", asked):
        asked += " min"
    parts = _PART.findall(asked)
    rest = re.sub(r"[\s,]|and", "", _PART.sub("", asked))
    if not parts or rest or any(unit not in _NAMES for _, unit in parts):
        raise Invalid("Write a duration like “15 min” or “1 h 30 min”.", code="bad_duration")
    amount = sum((timedelta(seconds=float(n) * _NAMES[unit]) for n, unit in parts), timedelta(0))
    if amount > _LONGEST:
        raise Invalid("That duration is longer than ten years.", code="bad_duration")
    return amount
