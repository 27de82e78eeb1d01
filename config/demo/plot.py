"""How the demo writes down one way in which a service fails, and what was learned of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """What the postmortem of a plot says; actions are (title, kind)."""

    root_cause: str
    factors: tuple[str, ...]
    well: tuple[str, ...]
    poorly: tuple[str, ...]
    actions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Plot:
    """One way in which a service fails. ``updates`` are for the team, ``public`` for customers."""

    service: str
    rank: int
    title: str
    alert: str
    cause: str
    mitigation: str
    fix: str
    updates: tuple[str, ...] = ()
    public: tuple[str, str, str] = ("", "", "")
    share: int = 0
    source: str = "monitoring_alert"
    also: tuple[str, ...] = ()
    deploy: str = ""
    lesson: Lesson | None = None
