"""What every page shows around itself: the rooms, what waits in them, and whether the pager is awake."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, cast

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import get_current_timezone_name, now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from incidents.models import Incident
from outbox import pulse

# The sweeps that wake people run every second or so; this much silence means that nobody is paged.
RINGING = ("outbox-pages", "pages", "urgent")
ASLEEP_AFTER = timedelta(seconds=60)
ROOMS = [
    ("now", "now", "activity", gettext_lazy("Now"), "n"),
    ("incidents", "incidents:list", "siren", gettext_lazy("Incidents"), "i"),
    ("oncall", "oncall:index", "phone", gettext_lazy("On-call"), "o"),
    ("catalog", "catalog:index", "layers", gettext_lazy("Catalog"), "s"),
    ("detection", "detection:index", "radio", gettext_lazy("Detection"), "d"),
    ("postmortems", "postmortems:index", "file-text", gettext_lazy("Postmortems"), "p"),
    ("actions", "actions:index", "list-checks", gettext_lazy("Actions"), "a"),
    ("metrics", "metrics:index", "chart-line", gettext_lazy("Metrics"), "m"),
    ("handbook", "incidents:handbook", "book-open", gettext_lazy("Handbook"), "h"),
    ("statuspage", "statuspage:manage", "globe", gettext_lazy("Status page"), "u"),
]


@dataclass(frozen=True)
class Room:
    """One line of the rail."""

    key: str
    url: str
    icon: str
    label: str
    letter: str
    count: int = 0


@dataclass(frozen=True)
class Pager:
    """Whether somebody would be woken now, in two words."""

    tone: str
    icon: str
    label: str


def address(name: str) -> str:
    """The address of a page, or nothing where that room is not built in."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def pager() -> Pager:
    """Awake while everything that rings somebody has run lately."""
    runs = pulse.last_finished()
    if any(name not in runs for name in RINGING):
        return Pager("warn", "triangle-alert", _("Pager not started"))
    if any(now() - runs[name] > ASLEEP_AFTER for name in RINGING):
        return Pager("bad", "circle-alert", _("Pager asleep"))
    return Pager("good", "circle-check", _("Pager awake"))


class Rail:
    """Asked only by whole pages, so a polled fragment pays for nothing here."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def rooms(self) -> list[Room]:
        built = [(key, address(name), icon, str(label), letter) for key, name, icon, label, letter in ROOMS]
        return [
            Room(key, url, icon, label, letter, self._count(key))
            for key, url, icon, label, letter in built
            if url
        ]

    @cached_property
    def tabs(self) -> list[Room]:
        by_key = {room.key: room for room in self.rooms}
        declare = Room("declare", self.declare, "plus", _("Declare"), "c")
        picked = [by_key.get("now"), by_key.get("incidents"), declare if self.declare else None]
        return [room for room in [*picked, by_key.get("oncall")] if room]

    @cached_property
    def declare(self) -> str:
        return address("incidents:declare")

    @cached_property
    def profile(self) -> str:
        return address("accounts:profile")

    @cached_property
    def pager(self) -> Pager:
        return pager()

    @cached_property
    def zone(self) -> str:
        place = get_current_timezone_name().rpartition("/")[2].replace("_", " ")
        return _("%(place)s time") % {"place": place}

    def _count(self, key: str) -> int:
        counter = COUNTERS.get(key)
        return counter(self.user) if counter else 0


def _open_incidents(user: User) -> int:
    return Incident.objects.visible_to(user).open().count()


COUNTERS: dict[str, Callable[[User], int]] = {"incidents": _open_incidents}


def house(request: HttpRequest) -> dict[str, Any]:
    """``rail`` for signed-in readers."""
    user = getattr(request, "user", None)
    if not isinstance(user, SimpleLazyObject | User) or not user.is_authenticated:
        return {}
    return {"rail": Rail(cast(User, user))}
