"""What is owed across all incidents: for the board, the list and the Now page. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import F, Q
from django.utils.timezone import localdate, now

from accounts.models import User
from postmortems.kinds import ActionStatus
from postmortems.models import ActionItem, ActionItemQuerySet, Postmortem

# How far ahead the Now page looks for documents that fall due.
SOON = timedelta(days=3)
LIMIT = 500


def actions_for(
    user: User,
    *,
    statuses: Sequence[str],
    owner_id: int | None = None,
    team: str = "",
    kind: str = "",
    words: str = "",
) -> ActionItemQuerySet:
    """The actions this person may see, the most overdue first, undated ones last."""
    rows = ActionItem.objects.visible_to(user).filter(status__in=statuses)
    if owner_id is not None:
        rows = rows.filter(owner=owner_id)
    if team:
        rows = rows.filter(postmortem__incident__service__team__slug=team)
    if kind:
        rows = rows.filter(kind=kind)
    for word in words.split()[:8]:
        rows = rows.filter(Q(title__icontains=word) | Q(factor__icontains=word))
    return rows.select_related(
        "owner", "postmortem__incident__service__team", "postmortem__incident__severity"
    ).order_by(F("due").asc(nulls_last=True), "priority", "pk")


@dataclass(frozen=True)
class Column:
    """One column of the board."""

    status: str
    label: str
    actions: list[ActionItem]


def columns(actions: Sequence[ActionItem], statuses: Sequence[str]) -> list[Column]:
    """The same actions side by side, by state."""
    return [
        Column(status, str(ActionStatus(status).label), [one for one in actions if one.status == status])
        for status in ActionStatus
        if status in statuses
    ]


def now_context(user: User | None) -> dict[str, Any]:
    """Overdue actions, and documents that are late or due within three days."""
    if user is None:
        return {"late_actions": [], "due_postmortems": []}
    late = actions_for(user, statuses=[ActionStatus.OPEN, ActionStatus.IN_PROGRESS])
    due = Postmortem.objects.visible_to(user).owed().filter(due_at__lt=now() + SOON).order_by("due_at")
    return {
        "late_actions": [
            one for one in late.filter(due__lt=localdate() + timedelta(days=1)) if one.is_overdue
        ],
        "due_postmortems": list(
            due.select_related("incident__service__team", "incident__severity").prefetch_related("authors")[
                :20
            ]
        ),
    }


def completion(user: User) -> dict[str, int]:
    """How many actions were promised, are done, were dropped, and are late (counts)."""
    seen = ActionItem.objects.visible_to(user)
    return {
        "promised": seen.count(),
        "done": seen.filter(status=ActionStatus.DONE).count(),
        "dropped": seen.filter(status=ActionStatus.DROPPED).count(),
        "late": seen.overdue(localdate()).count(),
    }
