"""What detection does when incidents speak."""

from typing import Any

from detection import alerts
from outbox.handlers import on


@on("incidents.merged", name="detection.follow_merge")
def follow_merge(payload: dict[str, Any]) -> None:
    """Alerts and reports belong to the incident that is left."""
    alerts.follow_merge(payload["incident"])
