"""What is left to do when a room goes quiet: its open tasks become action items of the document."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents import todos
from incidents.models import Incident, IncidentTask
from lib.refusal import Missing
from postmortems import actions, writing
from postmortems.models import ActionItem, Postmortem

_TITLE = 200


def left(incident: Incident) -> list[IncidentTask]:
    """The tasks of the room that nobody has ended, oldest first."""
    rows = incident.tasks.filter(outcome=IncidentTask.Outcome.OPEN)
    return list(rows.select_related("owner"))


def carry(postmortem_id: int, *, actor: Actor, task_ids: Sequence[int] | None = None) -> list[ActionItem]:
    """Make action items of open tasks, all or none; None means of all that are open.

    Owner and words go along; an owner who is no longer here, or may no longer see the incident, does not.
    The task ends as *moved*, and its event names the action.

    Raises:
        Missing: one of them is not open, or is of another incident.
    """
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        tasks = left(postmortem.incident)
        if task_ids is not None:
            tasks = [task for task in tasks if task.pk in set(task_ids)]
            if len(tasks) != len(set(task_ids)):
                raise Missing(_("One of these tasks is not open any more. Nothing was changed."))
        return [_carry(postmortem, task, actor) for task in tasks]


def _carry(postmortem: Postmortem, task: IncidentTask, actor: Actor) -> ActionItem:
    # A task may be longer than an action's title; its whole words stay on the timeline.
    title = task.text if len(task.text) <= _TITLE else task.text[: _TITLE - 1] + "…"
    owner = task.owner
    sees = (
        owner is not None
        and owner.is_active
        and Postmortem.objects.visible_to(owner).filter(pk=postmortem.pk).exists()
    )
    action = actions.create(
        postmortem.pk, actor=actor, title=title, owner_id=owner.pk if owner and sees else None
    )
    todos.end(
        postmortem.incident_id, actor=actor, task_id=task.pk, outcome=todos.Outcome.MOVED, action_id=action.pk
    )
    return action
