"""What this room does when an incident moves, and who is told when something is owed."""

from typing import Any

from incidents.kinds import EventKind as E
from outbox.handlers import on
from postmortems import hooks, opening, telling


@on(E.RESOLVED.topic, name="postmortems.open")
def open_by_duty(payload: dict[str, Any]) -> None:
    opening.open_by_duty(payload["incident"])


@on(
    E.SEVERITY_CHANGED.topic,
    E.POLICY_APPLIED.topic,
    E.CORRECTED.topic,
    E.DETAILS_CHANGED.topic,
    E.REOPENED.topic,
    E.POSTMORTEM_WAIVED.topic,
    name="postmortems.follow",
)
def follow(payload: dict[str, Any]) -> None:
    opening.follow(payload["incident"])


@on("postmortems.due", name="postmortems.tell_due")
def tell_due(payload: dict[str, Any]) -> None:
    telling.postmortem_due(payload["postmortem"], key=payload["reminder"])


@on("postmortems.action_due", name="postmortems.tell_action_due")
def tell_action_due(payload: dict[str, Any]) -> None:
    telling.action_due(payload["action"], key=payload["reminder"])


@on("postmortems.review_asked", name="postmortems.tell_reviewer")
def tell_reviewer(payload: dict[str, Any]) -> None:
    telling.review_asked(payload["review"], key=payload["reminder"])


@on("postmortems.opened", name="postmortems.tell_authors")
def tell_authors(payload: dict[str, Any]) -> None:
    telling.opened(payload["postmortem"], key=f"postmortem:{payload['postmortem']}:opened")


@on("postmortems.action_changed", name="postmortems.tell_hooks")
def tell_hooks(payload: dict[str, Any]) -> None:
    hooks.action_changed(payload["change"])


@on("postmortems.mentioned", name="postmortems.tell_mentioned")
def tell_mentioned(payload: dict[str, Any]) -> None:
    telling.mentioned(payload["comment"], payload["user"])
