"""Which schedule answers for a chair that stays empty."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role as Rank
from incidents.models import Role
from lib.refusal import Forbidden, Missing
from oncall.models import RoleCoverage, Schedule


@transaction.atomic
def cover(slug: str, schedule_id: int | None, *, actor: Actor) -> Role:
    """Let a schedule answer for a chair, or nobody; the nudge in the room is all that is left then.

    Raises:
        Forbidden: not a manager. Missing: no such chair or schedule.
    """
    if not actor.is_at_least(Rank.MANAGER):
        raise Forbidden(_("Rotas of chairs are changed by managers."))
    role = Role.objects.select_for_update().filter(slug=slug).first()
    if role is None:
        raise Missing(_("There is no such chair."))
    schedule = Schedule.objects.filter(pk=schedule_id).first() if schedule_id else None
    if schedule_id and schedule is None:
        raise Missing(_("There is no such schedule."))
    row = RoleCoverage.objects.select_related("schedule").filter(role=role).first()
    before = {"schedule": str(row.schedule) if row else None}
    if schedule:
        RoleCoverage.objects.update_or_create(role=role, defaults={"schedule": schedule})
    else:
        RoleCoverage.objects.filter(role=role).delete()
    after = {"schedule": str(schedule) if schedule else None}
    if before != after:
        audit.note(actor, "chair_rota.saved", role, before=before, after=after)
    return role
