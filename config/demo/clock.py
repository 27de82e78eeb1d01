"""A clock that travels, for the one-shot process that plays the demo year; no other process sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any

from django.utils import timezone


class Clock:
    """What time the house believes it is. It only goes forward, like any other."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def move_to(self, at: datetime) -> None:
        self.at = max(self.at, at)


class _Any(type):
    """`django.utils.timezone` also asks whether a value is a ``datetime``; every one is."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime)


@contextmanager
def travelling(clock: Clock) -> Iterator[Clock]:
    """While inside, `django.utils.timezone.now` is the clock's time, in every module that ever imported it.

    Modules hold ``now`` by name and models hold it as a default, so the function stays and the class that
    it asks is exchanged: the ``datetime`` that `django.utils.timezone` sees.
    """

    class Travelling(datetime, metaclass=_Any):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return clock.at.astimezone(tz) if tz else clock.at.replace(tzinfo=None)

    real = vars(timezone)["datetime"]
    vars(timezone)["datetime"] = Travelling
    try:
        yield clock
    finally:
        vars(timezone)["datetime"] = real
