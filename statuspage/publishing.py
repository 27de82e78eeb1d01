"""Telling the public: every notice and every word of it goes out through these verbs.

What the public reads, what the incident's timeline says of it, and the site's dirty mark are one transaction.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import Role
from incidents import neighbours, permissions
from incidents.kinds import DeadlineKind
from incidents.models import Incident
from lib.refusal import Forbidden, Invalid, Refused
from lib.text import clean
from outbox.announcing import announce
from statuspage import wording
from statuspage.changes import touch
from statuspage.kinds import RUNNING, ComponentStatus, Impact, NoticeStatus, impact_of
from statuspage.models import Component, Notice, NoticeComponent, NoticeUpdate, UpdateComponent

TOPIC = "statuspage.published"
MAX_BODY = 5000
Statuses = Mapping[int, str]  # component id → status


def may_publish(actor: Actor, incident: Incident | None) -> None:
    """The incident's commander or Comms Lead, or a manager; without an incident a manager.

    Raises:
        Missing: a private incident that is none of the actor's business.
        Forbidden: neither.
    """
    if incident is not None:
        permissions.may(actor, "publish", incident)
    elif not actor.is_at_least(Role.MANAGER):
        raise Forbidden(
            _("A notice without an incident is for managers. Ask one, or declare the incident first.")
        )


@transaction.atomic
def open_notice(
    *,
    actor: Actor,
    title: str,
    body: str,
    components: Statuses,
    status: str = NoticeStatus.INVESTIGATING,
    impact: str = "",
    incident_id: int | None = None,
    started_at: datetime | None = None,
    override: str = "",
) -> Notice:
    """Write a notice by hand and publish it at once.

    Raises:
        Refused: the incident has an open notice, is private or a drill; jargon without a reason.
    """
    incident = _incident(incident_id)
    may_publish(actor, incident)
    if incident is not None:
        _check_public(incident)
        open_one = incident.public_notices.filter(resolved_at=None, withdrawn_at=None).first()
        if open_one and not open_one.is_draft:
            raise Refused("notice_open", _("This incident has an open notice already. Post an update to it."))
        if open_one:
            open_one.delete()
    notice = Notice.objects.create(
        incident=incident,
        title=_title(title),
        impact=impact or Impact.NONE,
        is_impact_set=bool(impact),
        started_at=started_at or (incident.impact_began_at if incident else now()),
    )
    post_update(notice.pk, actor=actor, body=body, status=status, components=components, override=override)
    notice.refresh_from_db()
    return notice


@transaction.atomic
def post_update(
    notice_id: int,
    *,
    actor: Actor,
    body: str,
    status: str,
    components: Statuses | None = None,
    title: str = "",
    override: str = "",
) -> NoticeUpdate:
    """Publish a notice, or the next word of it. ``resolved`` ends it and shows its components as working.

    Raises:
        Forbidden: not the commander, the Comms Lead or a manager.
        Refused: ended or withdrawn; an incident that became private; jargon without a reason.
    """
    notice = _lock(notice_id)
    may_publish(actor, notice.incident)
    _check_open(notice, status)
    if notice.incident is not None and not notice.incident.is_open and notice.is_draft:
        raise Refused("incident_over", _("This incident is over; its draft is no longer needed."))
    title, body = _title(title or notice.title), clean(body, MAX_BODY, field="body")
    if not body:
        raise Invalid(_("Write what customers should know."), field="body")
    words = wording.check(title, body, override=override)
    is_first = notice.is_draft
    if notice.incident is not None:
        _check_public(notice.incident)
        # First, because it takes the incident's lock: the order is always incident, then the rest.
        neighbours.published(notice.incident.pk, actor=actor, status=status, text=body)
        if status == NoticeStatus.RESOLVED:
            neighbours.public_resolved(notice.incident.pk, actor=actor)
    update = NoticeUpdate.objects.create(
        notice=notice,
        status=NoticeStatus(status),
        body=body,
        by=actor.user,
        by_label=actor.label[:120],
        override_reason=override.strip()[:300] if words else "",
        override_words=words,
    )
    if is_first and components is None:
        components = dict(notice.component_rows.values_list("component_id", "status"))
    _apply_components(update, components or {}, is_first=is_first)
    _move(notice, update, title=title)
    announce(TOPIC, key=f"update:{update.pk}", stream=f"notice:{notice.pk}", update=update.pk)
    touch()
    return update


@transaction.atomic
def save_draft(
    notice_id: int, *, actor: Actor, title: str, body: str, components: Statuses | None = None
) -> Notice:
    """Keep what was written; nobody outside sees it."""
    notice = _lock(notice_id)
    may_publish(actor, notice.incident)
    if not notice.is_draft:
        raise Refused("published", _("This notice is public already. Post an update instead."))
    notice.title, notice.draft_body = _title(title), clean(body, MAX_BODY, field="body")
    notice.updated_at = now()
    notice.save()
    if components is not None:
        _draft_components(notice, components)
    return notice


@transaction.atomic
def skip(incident_id: int, *, actor: Actor, reason: str) -> None:
    """No public notice is needed, and why. The draft goes, the public clock stops."""
    if Notice.objects.filter(
        incident=incident_id, is_draft=False, resolved_at=None, withdrawn_at=None
    ).exists():
        raise Refused("published", _("A notice is public already. Resolve it instead."))
    neighbours.skip_public(incident_id, actor=actor, reason=reason)
    Notice.objects.filter(incident=incident_id, is_draft=True).delete()


@transaction.atomic
def discard(notice_id: int, *, actor: Actor) -> None:
    """Throw away a draft of no open incident; that of an open one is skipped, with a reason."""
    notice = _lock(notice_id)
    may_publish(actor, notice.incident)
    if not notice.is_draft:
        raise Refused("published", _("This notice is public already. Resolve it instead."))
    if notice.incident is not None and notice.incident.is_open:
        raise Refused("needs_reason", _("Say in the incident's room why no public notice is needed."))
    notice.delete()


def _incident(incident_id: int | None) -> Incident | None:
    if incident_id is None:
        return None
    return Incident.objects.select_for_update().get(pk=incident_id)


def _lock(notice_id: int) -> Notice:
    """The notice under its lock; its incident's lock comes first."""
    incident_id = Notice.objects.values_list("incident_id", flat=True).get(pk=notice_id)
    _incident(incident_id)
    return Notice.objects.select_for_update(of=("self",)).select_related("incident").get(pk=notice_id)


def _check_public(incident: Incident) -> None:
    if incident.is_private or incident.is_drill:
        raise Refused("not_public", _("Nothing is published of a private incident or a drill."))


def _check_open(notice: Notice, status: str) -> None:
    if status not in NoticeStatus.values:
        raise Invalid(_("Choose investigating, identified, monitoring or resolved."), field="status")
    if notice.withdrawn_at is not None:
        raise Refused("withdrawn", _("This notice was withdrawn. Open a new one."))
    if notice.resolved_at is not None and status in RUNNING:
        raise Refused("notice_resolved", _("This notice is resolved. Open a new one if it is back."))
    if notice.resolved_at is None and status == NoticeStatus.POSTMORTEM:
        raise Refused("not_resolved", _("Resolve the notice before its postmortem."))


def _title(text: str) -> str:
    # A line end in a title would end up in the subject of a mail.
    title = " ".join(clean(text, field="title").split())
    if not title:
        raise Invalid(_("Give the notice a title."), field="title")
    if len(title) > 150:
        raise Invalid(_("A title has at most 150 characters."), code="too_long", field="title")
    return title


def check_statuses(components: Statuses) -> dict[Component, ComponentStatus]:
    """The components by id, each with a known status.

    Raises:
        Invalid: an unknown component or status.
    """
    found = {component.pk: component for component in Component.objects.filter(retired_at=None)}
    if unknown := set(components) - set(found):
        raise Invalid(_("There is no such component: %(id)s.") % {"id": min(unknown)}, field="components")
    if bad := set(components.values()) - set(ComponentStatus.values):
        raise Invalid(_("There is no such status: %(name)s.") % {"name": min(bad)}, field="components")
    return {found[pk]: ComponentStatus(status) for pk, status in components.items()}


def _draft_components(notice: Notice, components: Statuses) -> None:
    wanted = check_statuses(components)
    notice.component_rows.exclude(component__in=wanted).delete()
    for component, status in wanted.items():
        NoticeComponent.objects.update_or_create(
            notice=notice, component=component, defaults={"status": status}
        )
    if not notice.is_impact_set:
        notice.impact = impact_of(components.values())
        notice.save(update_fields=["impact"])


def _apply_components(update: NoticeUpdate, components: Statuses, *, is_first: bool) -> None:
    """Write what this update changes: against what was said before; the first one against "working"."""
    notice = update.notice
    wanted = check_statuses(components)
    rows = {row.component_id: row for row in notice.component_rows.select_related("component")}
    if update.status == NoticeStatus.RESOLVED:
        told = {row.component for row in rows.values()} | set(wanted)
        wanted = dict.fromkeys(told, ComponentStatus.OPERATIONAL)
    for component, status in wanted.items():
        row = rows.get(component.pk)
        before = ComponentStatus.OPERATIONAL if is_first or row is None else ComponentStatus(row.status)
        NoticeComponent.objects.update_or_create(
            notice=notice, component=component, defaults={"status": status}
        )
        if before != status:
            UpdateComponent.objects.create(
                update=update, component=component, old_status=before, new_status=status
            )
        if is_first or row is None:
            # A status set by hand counts until the next public incident on the component.
            Component.objects.filter(pk=component.pk).exclude(status=ComponentStatus.OPERATIONAL).update(
                status=ComponentStatus.OPERATIONAL, status_since=update.at
            )
    if is_first:
        notice.component_rows.exclude(component__in=wanted).delete()


def _move(notice: Notice, update: NoticeUpdate, *, title: str) -> None:
    """The notice's own columns after this update."""
    notice.title, notice.status, notice.updated_at, notice.draft_body = title, update.status, update.at, ""
    if notice.is_draft:
        notice.is_draft, notice.published_at = False, update.at
    if update.status == NoticeStatus.MONITORING and notice.monitoring_at is None:
        notice.monitoring_at = update.at
    if update.status == NoticeStatus.RESOLVED and notice.resolved_at is None:
        notice.resolved_at = update.at
    elif notice.resolved_at is None and not notice.is_impact_set:
        notice.impact = impact_of(notice.component_rows.values_list("status", flat=True))
    notice.next_update_at = _next_promise(notice)
    notice.save()


def _next_promise(notice: Notice) -> datetime | None:
    if notice.incident is None or notice.resolved_at is not None:
        return None
    running = notice.incident.deadlines.filter(kind=DeadlineKind.PUBLIC_UPDATE, stopped_at=None)
    return running.order_by("-due_at").values_list("due_at", flat=True).first()
