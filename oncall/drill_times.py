"""When a drill comes again: a cron line in a zone, and weekdays with a time as people say it. Pure.

A time that the clock skips in spring comes right after the gap, one that it has twice in autumn comes once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from lib.refusal import Invalid

#: A drill takes people from their work; what comes more often is a mistyped line.
CLOSEST = timedelta(hours=1)
_LOOKED_AT = 50


@dataclass(frozen=True)
class Weekly:
    """The same time on some weekdays; Monday is 0."""

    weekdays: tuple[int, ...]
    at: time

    @property
    def line(self) -> str:
        days = ",".join(str((day + 1) % 7) for day in sorted(set(self.weekdays)))
        return f"{self.at.minute} {self.at.hour} * * {days}"


def weekly(line: str) -> Weekly | None:
    """The weekdays and the time of such a line; None where it says more than that."""
    parts = line.split()
    if len(parts) != 5 or parts[2:4] != ["*", "*"]:
        return None
    minute, hour, days = parts[0], parts[1], parts[4].split(",")
    if not all(word.isdecimal() for word in (minute, hour, *days)):
        return None
    return Weekly(tuple(sorted({(int(day) + 6) % 7 for day in days})), time(int(hour), int(minute)))


def words(line: str, zone: str) -> str:
    """``Tue, Thu 10:00, Europe/Berlin``, or the line itself."""
    simple = weekly(line)
    if simple is None:
        return f"{line}, {zone}"
    every = _("every day") if len(simple.weekdays) == 7 else ", ".join(_days(simple.weekdays))
    return f"{every} {simple.at:%H:%M}, {zone}"


def _days(weekdays: Iterable[int]) -> list[str]:
    return [str(WEEKDAYS_ABBR[day]) for day in weekdays]


def following(line: str, zone: str, after: datetime) -> datetime:
    """The next time after that moment, in UTC.

    Raises:
        CronSimError, StopIteration: no such line, or one that never comes.
    """
    return next(_times(line, zone, after))


def upcoming(line: str, zone: str, after: datetime, most: int = 5) -> list[datetime]:
    """The next times after that moment."""
    return list(islice(_times(line, zone, after), most))


def _times(line: str, zone: str, after: datetime) -> Iterator[datetime]:
    for local in CronSim(line, after.astimezone(ZoneInfo(zone))):
        at: datetime = local.astimezone(UTC)
        # In autumn the wall clock comes to one time twice.
        if at > after:
            yield at


def check(line: str, zone: str, after: datetime) -> None:
    """Refuse what is no time of a drill.

    Raises:
        Invalid: an unknown zone, an unreadable line, or one that comes more often than once an hour.
    """
    if zone not in available_timezones():
        raise Invalid(_("That is no time zone. Use a name such as Europe/Copenhagen."), field="time_zone")
    try:
        times = list(islice(_times(line, zone, after), _LOOKED_AT))
    except (CronSimError, StopIteration, ValueError) as bad:
        raise Invalid(_("That is no cron line. Write it like 0 10 * * 2"), field="cron") from bad
    if not times:
        raise Invalid(_("That time never comes."), field="cron")
    if any(later - sooner < CLOSEST for sooner, later in pairwise(times)):
        raise Invalid(_("A drill comes at most once an hour."), field="cron")
