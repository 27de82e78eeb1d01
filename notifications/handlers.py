"""What this room does when an incident, or a message, announces something."""

from incidents.kinds import EventKind
from notifications import forgetting, forwarding, subscribing, telling
from outbox.handlers import Payload, on


@on(*[kind.topic for kind in EventKind], name="notifications.tell")
def tell(payload: Payload) -> None:
    telling.event(payload["event"])


@on(EventKind.REDACTED.topic, name="notifications.forget")
def forget(payload: Payload) -> None:
    forgetting.redacted(payload["event"])


@on("notifications.failed", name="notifications.hook_failed")
def hook_failed(payload: Payload) -> None:
    telling.hook_failed(payload["delivery"])


@on("notifications.failed", name="notifications.room_failed")
def room_failed(payload: Payload) -> None:
    telling.room_failed(payload["delivery"])


@on("notifications.failed", name="notifications.gone")
def gone(payload: Payload) -> None:
    subscribing.gone(payload["delivery"])


@on(
    *(kind.topic for kind in (EventKind.RESOLVED, EventKind.DISMISSED, EventKind.MERGED)),
    name="notifications.forward_over",
)
def forward_over(payload: Payload) -> None:
    forwarding.over(payload["incident"])
