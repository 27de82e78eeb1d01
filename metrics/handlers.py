"""What this room does when an incident moves: it is counted anew."""

from typing import Any

from incidents.kinds import EventKind as E
from metrics import rollups
from outbox.handlers import on


@on(
    E.OPENED.topic,
    E.ACKNOWLEDGED.topic,
    E.DECLARED.topic,
    E.SEVERITY_CHANGED.topic,
    E.POLICY_APPLIED.topic,
    E.SCOPE_SET.topic,
    E.MITIGATED.topic,
    E.RESOLVED.topic,
    E.REOPENED.topic,
    E.DISMISSED.topic,
    E.MERGED.topic,
    E.ABSORBED.topic,
    E.DETAILS_CHANGED.topic,
    E.CORRECTED.topic,
    E.MADE_PRIVATE.topic,
    E.MADE_PUBLIC.topic,
    "incidents.purged",
    name="metrics.count",
)
def count(payload: dict[str, Any]) -> None:
    rollups.follow(payload["incident"])
