"""How far an incident reaches: users, services, and what it is called."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents import timeline
from incidents.kinds import EventKind, Provenance
from incidents.models import Incident
from incidents.opening import find_services, title_of, write_services
from incidents.reasons import needs_reason
from lib.refusal import Invalid
from lib.text import clean


def set_scope(
    incident_id: int,
    *,
    actor: Actor,
    users_affected: int | None = None,
    users_affected_share: Decimal | None = None,
    service_ids: Sequence[int] | None = None,
    note: str = "",
) -> Incident:
    """Say who is hurt: a number of users, or a share in per cent, and which services.

    Raises:
        Invalid: nothing was said, a negative number, or a share outside 0–100.
    """
    with timeline.locked(incident_id, actor=actor, verb="scope") as incident:
        note = clean(note, 500, field="note")
        if users_affected is None and users_affected_share is None and not service_ids and not note:
            raise Invalid(
                _("Say how many users, which share, which services, or write a note."), field="users_affected"
            )
        _check_numbers(users_affected, users_affected_share)
        if users_affected is not None:
            incident.users_affected = users_affected
        if users_affected_share is not None:
            incident.users_affected_share = users_affected_share
        incident.scope_note = note or incident.scope_note
        incident.scope_at = incident.scope_at or now()
        names = _move(incident, service_ids)
        timeline.record(
            incident,
            EventKind.SCOPE_SET,
            actor=actor,
            text=note,
            users_affected=users_affected,
            users_affected_share=None if users_affected_share is None else str(users_affected_share),
            services=names,
        )
    return incident


def _check_numbers(users: int | None, share: Decimal | None) -> None:
    if users is not None and not 0 <= users <= 10**12:
        raise Invalid(_("The number of users cannot be negative."), field="users_affected")
    if share is not None and not 0 <= share <= 100:
        raise Invalid(_("A share is between 0 and 100 per cent."), field="users_affected_share")


def _move(incident: Incident, service_ids: Sequence[int] | None) -> str | None:
    if not service_ids:
        return None
    services = find_services(service_ids)
    incident.service = services[0]
    write_services(incident, services)
    return ",".join(service.slug for service in services)


def change_details(
    incident_id: int,
    *,
    actor: Actor,
    title: str | None = None,
    service_ids: Sequence[int] | None = None,
    started_at: datetime | None = None,
    provenance: str = Provenance.REPORTED,
    ticket_url: str | None = None,
    bridge_url: str | None = None,
    reason: str = "",
) -> Incident:
    """Correct title, services, start of impact or links, with an event that keeps the former value.

    Raises:
        Invalid: nothing changes, no reason, or a start of impact after its end.
    """
    with timeline.locked(incident_id, actor=actor, verb="details") as incident:
        reason = needs_reason(reason)
        data: dict[str, Any] = {}
        start: dict[str, Any] = {}
        if title is not None and title_of(title) != incident.title:
            data |= {"old_title": incident.title, "title": title_of(title)}
            incident.title = title_of(title)
        if service_ids:
            old = ",".join(incident.service_rows.values_list("service__slug", flat=True))
            new = _move(incident, service_ids)
            if new != old:
                data |= {"old_services": old, "services": new}
        if started_at is not None and started_at != incident.started_at:
            check_start(incident, started_at)
            start = {
                "old_started_at": incident.started_at.isoformat() if incident.started_at else None,
                "started_at": started_at.isoformat(),
                "provenance": str(provenance),
            }
        for column, value in (("ticket_url", ticket_url), ("bridge_url", bridge_url)):
            if value is not None and value != getattr(incident, column):
                setattr(incident, column, value)
                data[column] = value
        if not data and not start:
            raise Invalid(_("Nothing would change."), code="nothing_changes")
        # Two events, so that a redaction of a title never takes with it what a replay needs.
        for changes in (data, start):
            if changes:
                timeline.record(incident, EventKind.DETAILS_CHANGED, actor=actor, text=reason, **changes)
    return incident


def check_start(incident: Incident, started_at: datetime, *, before: datetime | None = None) -> None:
    """The impact began before it ended, and not in the future.

    Raises:
        Invalid: says which of the two.
    """
    timeline.check_past(started_at, field="started_at")
    if started_at > now():
        raise Invalid(_("The impact cannot begin in the future."), code="future", field="started_at")
    end = before or incident.mitigated_at or incident.resolved_at
    if end and started_at > end:
        raise Invalid(
            _("The impact cannot begin after it was mitigated."), code="after_end", field="started_at"
        )
