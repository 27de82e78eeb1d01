"""What is to be done, by whom: tasks of the room. What is left at the end becomes action items."""

from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import Role, User
from incidents import timeline
from incidents.kinds import EventKind
from incidents.models import Incident, IncidentMember, IncidentTask
from lib.refusal import Invalid, Missing, Refused
from lib.text import clean

Outcome = IncidentTask.Outcome
# A list that is longer than this is a plan, and belongs into a tracker.
MOST = 100


def add(incident_id: int, *, actor: Actor, text: str, owner_id: int | None = None) -> IncidentTask:
    """Somebody (nobody yet) is to do something.

    Raises:
        Invalid: no words, or an owner who cannot act. Refused: ``too_many`` open tasks.
    """
    with timeline.locked(incident_id, actor=actor, verb="task") as incident:
        words = " ".join(clean(text, 300, field="text").split())
        if not words:
            raise Invalid(_("Say what is to be done."), code="text_needed", field="text")
        if incident.tasks.filter(outcome=Outcome.OPEN).count() >= MOST:
            raise Refused("too_many", _("There are 100 open tasks. Finish or drop some first."))
        owner = _owner(incident, owner_id)
        task = IncidentTask.objects.create(incident=incident, text=words, owner=owner)
        _record(incident, EventKind.TASK_ADDED, actor, task)
    return task


def give(incident_id: int, *, actor: Actor, task_id: int, owner_id: int | None) -> IncidentTask:
    """The task is somebody's now; without a name it is nobody's again."""
    with timeline.locked(incident_id, actor=actor, verb="task") as incident:
        task, owner = _open(incident, task_id), _owner(incident, owner_id)
        if task.owner_id != (owner.pk if owner else None):
            task.owner = owner
            task.save(update_fields=["owner"])
            _record(incident, EventKind.TASK_ADDED, actor, task, given=True)
    return task


def end(
    incident_id: int, *, actor: Actor, task_id: int, outcome: str = Outcome.DONE, action_id: int | None = None
) -> IncidentTask:
    """It was done, is not needed, or goes on as an action item.

    Raises:
        Refused: ``task_ended``, somebody was faster.
    """
    with timeline.locked(incident_id, actor=actor, verb="task") as incident:
        if outcome not in (Outcome.DONE, Outcome.DROPPED, Outcome.MOVED):
            raise Invalid(_("A task is done, not needed, or moved."), field="outcome")
        task = _open(incident, task_id)
        task.outcome, task.ended_at = outcome, now()
        task.save(update_fields=["outcome", "ended_at"])
        _record(incident, EventKind.TASK_DONE, actor, task, outcome=str(outcome), action=action_id)
    return task


def _open(incident: Incident, task_id: int) -> IncidentTask:
    task = incident.tasks.select_related("owner").filter(pk=task_id).first()
    if task is None:
        raise Missing(_("There is no such task."))
    if task.ended_at:
        raise Refused("task_ended", _("This task has ended already."))
    return task


def _owner(incident: Incident, owner_id: int | None) -> User | None:
    if owner_id is None:
        return None
    owner = User.objects.filter(pk=owner_id, is_active=True).first()
    if owner is None or not owner.is_at_least(Role.RESPONDER):
        raise Invalid(_("Choose somebody who may act here."), field="owner")
    if (
        incident.is_private
        and not IncidentMember.objects.belonging().filter(incident=incident, user=owner).exists()
    ):
        raise Invalid(_("Let them in first: this incident is private."), code="not_in", field="owner")
    return owner


def _record(incident: Incident, kind: EventKind, actor: Actor, task: IncidentTask, **data: Any) -> None:
    timeline.record(
        incident,
        kind,
        actor=actor,
        text=task.text,
        task=task.pk,
        owner=task.owner_id,
        owner_name=str(task.owner) if task.owner else None,
        **data,
    )
