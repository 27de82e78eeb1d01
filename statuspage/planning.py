"""Maintenance: announced, begun and ended by the clock or by hand."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor, system
from accounts.models import Role
from catalog import quiet
from catalog.models import Service
from lib.refusal import Forbidden, Invalid, Refused
from lib.text import clean
from outbox.announcing import announce
from statuspage.changes import touch
from statuspage.kinds import MaintenanceStatus as S
from statuspage.models import Component, Maintenance, MaintenanceUpdate

TOPIC = "statuspage.maintenance_told"
_NEXT = {
    S.SCHEDULED: {S.SCHEDULED, S.IN_PROGRESS, S.COMPLETED},
    S.IN_PROGRESS: {S.IN_PROGRESS, S.VERIFYING, S.COMPLETED},
}
_NEXT[S.VERIFYING] = {S.VERIFYING, S.IN_PROGRESS, S.COMPLETED}


def _manager(actor: Actor) -> None:
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("Maintenance is announced by managers. Ask one."))


@transaction.atomic
def schedule(
    *,
    actor: Actor,
    title: str,
    scheduled_for: datetime,
    scheduled_until: datetime,
    body: str,
    components: Iterable[Component] = (),
    muted_services: Iterable[Service] = (),
) -> Maintenance:
    """Announce a maintenance; it begins and ends by itself.

    Nobody is paged for ``muted_services`` from its begin to its end: an alert that still fires then pages.

    Raises:
        Invalid: it ends before it begins, or is over already.
    """
    _manager(actor)
    if scheduled_until <= scheduled_for:
        raise Invalid(_("It has to end after it begins."), field="scheduled_until")
    if scheduled_until <= now():
        raise Invalid(_("That time is over. Announce what is still to come."), field="scheduled_until")
    title, body = " ".join(clean(title, 150, field="title").split()), clean(body, 5000, field="body")
    if not title or not body:
        raise Invalid(
            _("Say what is done and what customers will notice."), field="body" if title else "title"
        )
    work = Maintenance.objects.create(
        title=title, scheduled_for=scheduled_for, scheduled_until=scheduled_until
    )
    work.components.set(components)
    muted = list(muted_services)
    work.muted_services.set(muted)
    if muted:
        quiet.keep(
            _quiet(work), services=muted, begins_at=scheduled_for, ends_at=scheduled_until, because=title
        )
        audit.note(actor, "maintenance.muted", work, after={"services": sorted(one.slug for one in muted)})
    _tell(work, body, actor)
    return work


@transaction.atomic
def post_update(maintenance_id: int, *, actor: Actor, status: str, body: str) -> MaintenanceUpdate:
    """The next word of a maintenance, by hand; ``completed`` before it began calls it off."""
    _manager(actor)
    if status not in S.values:
        raise Invalid(_("Choose scheduled, in progress, verifying or completed."), field="status")
    work = Maintenance.objects.select_for_update().get(pk=maintenance_id)
    if status not in _NEXT.get(S(work.status), set()):
        raise Refused("maintenance_over", _("This maintenance cannot go there from where it is."))
    body = clean(body, 5000, field="body")
    if not body:
        raise Invalid(_("Write what customers should know."), field="body")
    _move(work, status)
    return _tell(work, body, actor)


def move_by_the_clock(limit: int = 50) -> int:
    """Begin what is due and end what is over; return how many. Safe to run twice at once."""
    at = now()
    due = Maintenance.objects.filter(status=S.SCHEDULED, scheduled_for__lte=at)
    over = Maintenance.objects.filter(status__in=(S.IN_PROGRESS, S.VERIFYING), scheduled_until__lte=at)
    begun = sum(
        _by_clock(pk, S.SCHEDULED, S.IN_PROGRESS) for pk in list(due.values_list("pk", flat=True)[:limit])
    )
    ended = sum(_by_clock(pk, None, S.COMPLETED) for pk in list(over.values_list("pk", flat=True)[:limit]))
    return begun + ended


@transaction.atomic
def _by_clock(maintenance_id: int, before: str | None, after: str) -> bool:
    work = Maintenance.objects.select_for_update().get(pk=maintenance_id)
    if work.status == after or work.status == S.COMPLETED or (before and work.status != before):
        return False
    _move(work, after)
    words = {S.IN_PROGRESS: _("The maintenance has begun."), S.COMPLETED: _("The maintenance is finished.")}
    _tell(work, words[S(after)], system())
    return True


def _move(work: Maintenance, status: str) -> None:
    began = status in (S.IN_PROGRESS, S.VERIFYING) and work.started_at is None
    work.status, work.updated_at = status, now()
    if began:
        work.started_at = work.updated_at
    if status == S.COMPLETED:
        work.completed_at = work.updated_at
    work.save()
    if began:
        quiet.begin(_quiet(work))
    if status == S.COMPLETED:
        quiet.end(_quiet(work))


def _quiet(work: Maintenance) -> str:
    return f"maintenance:{work.pk}"


def _tell(work: Maintenance, body: str, actor: Actor) -> MaintenanceUpdate:
    update = MaintenanceUpdate.objects.create(maintenance=work, status=work.status, body=body, by=actor.user)
    Maintenance.objects.filter(pk=work.pk).update(updated_at=update.at)
    announce(TOPIC, key=f"maintenance-update:{update.pk}", stream=f"maintenance:{work.pk}", update=update.pk)
    touch()
    return update
