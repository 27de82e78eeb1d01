"""What the public side does when an incident moves: drafts, closes, hides or hands over its notice.

Every function may run twice for the same event and does its work once.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import system
from catalog.models import Service
from incidents.kinds import DeadlineKind, Status
from incidents.models import Incident, TimelineEvent
from incidents.severity import policy_of
from lib.refusal import Refused
from outbox.announcing import announce
from statuspage import publishing, wording
from statuspage.changes import page, touch
from statuspage.kinds import RUNNING, ComponentStatus, NoticeStatus, impact_of
from statuspage.models import Component, Notice, NoticeComponent, NoticeUpdate

_FITS = {
    Status.MITIGATED: NoticeStatus.MONITORING,
    Status.RESOLVED: NoticeStatus.RESOLVED,
    Status.CLOSED: NoticeStatus.RESOLVED,
}


def next_word(incident: Incident, notice: Notice | None) -> str:
    """The state to offer for the next public word: where the incident is, never behind what was said."""
    said = NoticeStatus(notice.status) if notice and notice.status in RUNNING else NoticeStatus.INVESTIGATING
    fits = _FITS.get(Status(incident.status), said)
    order = list(NoticeStatus)
    return str(max(said, fits, key=order.index))


def draft(incident_id: int, *, event_id: int) -> Notice | None:
    """A first draft for an incident whose severity owes the public a word; nobody outside sees it yet.

    None where nothing is owed: private, drill, retrospective, not declared, over, skipped, or there is one.
    """
    with transaction.atomic():
        incident = Incident.objects.select_for_update().get(pk=incident_id)
        if not _owes_a_word(incident) or Notice.objects.filter(drafted_by_event=event_id).exists():
            return None
        components = affected(incident)
        notice = Notice.objects.create(
            incident=incident,
            drafted_by_event=event_id,
            title=wording.draft_title(components),
            draft_body=wording.draft_body(components, _next_at(incident), ZoneInfo(page().time_zone)),
            started_at=incident.impact_began_at,
        )
        status = (
            ComponentStatus.MAJOR_OUTAGE if policy_of(incident).rank == 1 else ComponentStatus.PARTIAL_OUTAGE
        )
        NoticeComponent.objects.bulk_create(
            NoticeComponent(notice=notice, component=component, status=status) for component in components
        )
        notice.impact = impact_of([status] * len(components))
        notice.save(update_fields=["impact"])
        if components and all(component.publishes_itself for component in components):
            publishing.post_update(
                notice.pk,
                actor=system(),
                body=notice.draft_body,
                status=NoticeStatus.INVESTIGATING,
                override=_("published without a human, as set for the component"),
            )
    return notice


def _owes_a_word(incident: Incident) -> bool:
    is_public = not (incident.is_private or incident.is_drill or incident.is_retrospective)
    owed = policy_of(incident).public_first_within is not None
    return (
        is_public
        and owed
        and incident.is_open
        and incident.declared_at is not None
        and incident.public_skipped_at is None
        and not incident.public_notices.filter(resolved_at=None, withdrawn_at=None).exists()
    )


def _next_at(incident: Incident) -> datetime | None:
    # The first notice is due soon; what it promises is the one after it.
    every = policy_of(incident).public_update_every
    return now() + every if every else None


def affected(incident: Incident) -> list[Component]:
    """The public components behind the incident's services; none where nobody has mapped one.

    What the catch-all service stands behind is never guessed at: it says nothing of what customers see.
    """
    shown = Component.objects.filter(retired_at=None)
    return list(shown.filter(services__in=_known(incident)).distinct())


def unmapped(incident: Incident) -> list[Service]:
    """The incident's services for which nothing stands on the page, so that a human has to choose."""
    mapped = Component.objects.filter(retired_at=None, services=OuterRef("pk"))
    return list(_known(incident).filter(~Exists(mapped)).order_by("name"))


def _known(incident: Incident) -> QuerySet[Service]:
    return incident.services.filter(is_catch_all=False)


def close(incident_id: int, *, body: str) -> NoticeUpdate | None:
    """End the notice of an incident that turned out to be none; a draft just goes."""
    notice = _open_notice(incident_id)
    if notice is None:
        return None
    if notice.is_draft:
        notice.delete()
        return None
    try:
        return publishing.post_update(
            notice.pk,
            actor=system(),
            body=body,
            status=NoticeStatus.RESOLVED,
            override=_("written by Tocsin"),
        )
    except Refused as refusal:
        if refusal.code == "notice_resolved":
            return None
        raise


def drop_draft(incident_id: int) -> None:
    """It was said elsewhere that no public notice is needed: its draft goes."""
    Notice.objects.filter(incident=incident_id, is_draft=True).delete()


def hide(incident_id: int) -> int:
    """The incident became private: from now on nothing of it is public. What was sent stays sent."""
    with transaction.atomic():
        Notice.objects.filter(incident=incident_id, is_draft=True).delete()
        hidden = Notice.objects.filter(incident=incident_id, withdrawn_at=None).update(withdrawn_at=now())
        if hidden:
            touch()
    return hidden


def hand_over(incident_id: int) -> None:
    """The incident was merged: its notice goes on under the incident that took it over."""
    merged = Incident.objects.select_related("merged_into").get(pk=incident_id)
    target, notice = merged.merged_into, _open_notice(incident_id)
    if notice is None or target is None:
        return
    kept = _open_notice(target.pk)
    if notice.is_draft:
        notice.delete()
    elif target.is_private or target.is_drill:
        hide(incident_id)
    elif kept is None or kept.is_draft:
        with transaction.atomic():
            if kept is not None:
                kept.delete()
            Notice.objects.filter(pk=notice.pk).update(incident=target)
    else:
        close(incident_id, body=_("This is part of another notice now: “%(title)s”.") % {"title": kept.title})


def add_postmortem(event_id: int) -> NoticeUpdate | None:
    """Show the approved public text of the postmortem under the resolved notice.

    A later version is said as well, and takes the place of the earlier one on the page: what it left
    out is not to be read there any more. None where this version, or a later one, is there already.
    """
    event = TimelineEvent.objects.get(pk=event_id)
    text = event.text.strip() if event.get("is_public") else ""
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update()
            .filter(incident=event.incident_id, is_draft=False, withdrawn_at=None, resolved_at__isnull=False)
            .order_by("-resolved_at")
            .first()
        )
        if not text or notice is None or notice.updates.filter(from_event__gte=event.pk).exists():
            return None
        update = NoticeUpdate.objects.create(
            notice=notice,
            status=NoticeStatus.POSTMORTEM,
            body=text,
            by=event.actor,
            by_label=event.actor_label,
            from_event=event.pk,
        )
        notice.status, notice.updated_at = NoticeStatus.POSTMORTEM, update.at
        notice.save(update_fields=["status", "updated_at"])
        announce(publishing.TOPIC, key=f"update:{update.pk}", stream=f"notice:{notice.pk}", update=update.pk)
        touch()
    return update


def _open_notice(incident_id: int) -> Notice | None:
    return Notice.objects.filter(incident=incident_id, resolved_at=None, withdrawn_at=None).first()


def public_clock_due_at(incident: Incident) -> datetime | None:
    """When the next public word is due, for the panel."""
    kinds = (DeadlineKind.PUBLIC_FIRST, DeadlineKind.PUBLIC_UPDATE)
    running = incident.deadlines.filter(kind__in=kinds, stopped_at=None).order_by("due_at")
    return running.values_list("due_at", flat=True).first()
