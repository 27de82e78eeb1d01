"""Action items for other systems: one message for each change, to the outgoing webhooks that want it."""

from django.conf import settings

from notifications import telling
from postmortems.kinds import ActionStatus, Priority
from postmortems.models import ActionChange, ActionItem

#: What a webhook names in its list to hear of action items alone.
TOPICS = ("action_created", "action_changed", "action_done")


def topic_of(change: ActionChange) -> str:
    """Made, done, or anything else."""
    if change.is_first:
        return "action_created"
    status = change.fields.get("status", [None, None])[1]
    return "action_done" if status == ActionStatus.DONE else "action_changed"


def action_changed(change_id: int) -> None:
    """Owe the message to each webhook; private incidents and drills are nobody else's."""
    rows = ActionChange.objects.select_related(
        "by", "action__owner", "action__postmortem__incident__severity"
    )
    change = rows.filter(pk=change_id).first()
    if change is None:
        return
    incident, topic = change.action.postmortem.incident, topic_of(change)
    telling.to_hooks(
        incident,
        topic,
        key=f"action:{change.pk}",
        subject=topic.replace("_", " ").capitalize(),
        payload=lambda: {
            "type": topic.replace("_", ".", 1),
            "timestamp": change.at.isoformat(),
            "data": {"incident": telling.hook_facts(incident), "action": _facts(change.action, change)},
        },
    )


def _facts(action: ActionItem, change: ActionChange) -> dict[str, object]:
    return {
        "id": action.pk,
        "title": action.title,
        "owner": action.owner.email if action.owner else None,
        "due": action.due.isoformat() if action.due else None,
        "kind": action.kind,
        "priority": Priority(action.priority).name.lower(),
        "status": action.status,
        "factor": action.factor,
        "ticket_url": action.ticket_url,
        "url": settings.BASE_URL + action.get_absolute_url(),
        "changed": sorted(change.fields),
        "by": change.by.email if change.by else None,
    }
