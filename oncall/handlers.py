"""What the pager does when an incident, or a message, announces something."""

from datetime import timedelta

from django.utils.translation import gettext as _

from catalog import quiet
from incidents.kinds import DeadlineKind
from incidents.models import Deadline, TimelineEvent
from oncall import answering, chairs, failing, quieting, reacting, stopping
from oncall.models import PageRun
from outbox.handlers import Payload, on

# A page must not wait long for a process that died with it.
_LEASE = timedelta(seconds=10)


@on(
    "incidents.opened",
    "incidents.declared",
    "incidents.details_changed",
    "incidents.scope_set",
    name="oncall.wakes",
    lease=_LEASE,
    queue="page",
)
def wake(payload: Payload) -> None:
    reacting.wake(payload["incident"])


@on("incidents.reopened", name="oncall.reopened", lease=_LEASE, queue="page")
def wake_again(payload: Payload) -> None:
    reacting.wake(payload["incident"], reason=PageRun.Reason.REOPENED)


@on(
    "incidents.acknowledged",
    "incidents.resolved",
    "incidents.dismissed",
    "incidents.merged",
    name=stopping.HEARS,
    lease=_LEASE,
    queue="page",
)
def stop(payload: Payload) -> None:
    match payload["topic"]:
        case "incidents.acknowledged":
            answering.heard(payload["event"])
        case "incidents.merged":
            answering.merged(payload["incident"])
        case "incidents.resolved":
            answering.over(payload["incident"], reason=_("The incident was resolved."))
        case "incidents.dismissed":
            answering.over(payload["incident"], reason=_("The incident was dismissed."))


@on("incidents.severity_changed", name="oncall.severity", lease=_LEASE, queue="page")
def severity_changed(payload: Payload) -> None:
    reacting.severity_changed(payload["event"])


@on("incidents.page_asked", name="oncall.asked", lease=_LEASE, queue="page")
def asked(payload: Payload) -> None:
    reacting.asked(payload["event"])


@on(
    "incidents.deadline_missed",
    name="oncall.management",
    lease=_LEASE,
    queue="page",
    only={"deadline": (DeadlineKind.MANAGEMENT, DeadlineKind.ROLES)},
)
def missed(payload: Payload) -> None:
    event = TimelineEvent.objects.get(pk=payload["event"])
    if event.get("deadline") == DeadlineKind.MANAGEMENT:
        reacting.loop_in_management(payload["incident"], opening=event.get("opening", 1))
    elif event.get("deadline") == DeadlineKind.ROLES:
        chairs.fill(payload["incident"], opening=event.get("opening", 1))


@on("incidents.deadline_nudged", name="oncall.overdue", lease=_LEASE, queue="page")
def nudged(payload: Payload) -> None:
    event = TimelineEvent.objects.get(pk=payload["event"])
    if event.get("page") and event.get("level") == Deadline.Level.PAGE:
        reacting.update_overdue(event.pk)


@on("incidents.role_taken", name="oncall.chair_taken", lease=_LEASE, queue="page")
def chair_taken(payload: Payload) -> None:
    chairs.taken(payload["event"])


@on(quiet.ENDED, name="oncall.quiet_ended", lease=_LEASE, queue="page")
def quiet_ended(payload: Payload) -> None:
    quieting.ended()


@on("notifications.failed", name="oncall.message_failed", lease=_LEASE, queue="page")
def message_failed(payload: Payload) -> None:
    failing.message_failed(payload["delivery"])
