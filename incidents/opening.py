"""How an incident begins: its row, its services, its people and its first event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Required, TypedDict

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from catalog.models import Service
from incidents import numbers, permissions, searching, timeline
from incidents import severity as severities
from incidents.kinds import EventKind, Provenance, Source
from incidents.models import Incident, IncidentMember, IncidentService, Severity
from lib.refusal import Invalid
from lib.text import clean

Why = IncidentMember.Why


@dataclass(frozen=True)
class Retrospective:
    """The times of an incident that is already over; all but the end may be unknown."""

    resolved_at: datetime
    mitigated_at: datetime | None = None
    acknowledged_at: datetime | None = None
    declared_at: datetime | None = None


class Opening(TypedDict, total=False):
    """The words of `create`, as `lifecycle.open_incident` hands them on."""

    title: Required[str]
    actor: Required[Actor]
    service_ids: Required[Sequence[int]]
    severity: Severity | None
    source: str
    summary: str
    ticket_url: str
    started_at: datetime | None
    provenance: str
    detected_at: datetime | None
    is_private: bool
    is_drill: bool
    participant_ids: Sequence[int]
    pages: bool
    reason: str
    facts: dict[str, Any]


@transaction.atomic
def create(
    *,
    title: str,
    actor: Actor,
    service_ids: Sequence[int],
    severity: Severity | None = None,
    source: str = Source.INTERNAL_REPORT,
    summary: str = "",
    ticket_url: str = "",
    started_at: datetime | None = None,
    provenance: str = "",
    detected_at: datetime | None = None,
    is_private: bool = False,
    is_drill: bool = False,
    participant_ids: Sequence[int] = (),
    retrospective: Retrospective | None = None,
    pages: bool = True,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> Incident:
    """An incident in triage with its OPENED event; `lifecycle.open_incident` is the verb.

    Without a severity the service's default is *suggested*. ``pages=False`` gathers reports that
    wake nobody until somebody declares. ``facts`` are what a signal adds to the first event: ``alert`` (its
    id) and ``runbook_url``. ``is_private`` and ``is_drill`` are decided here, before the first
    event.

    Raises:
        Invalid: no title, no or unknown services, times that contradict each other.
    """
    permissions.may(actor, "open", None)
    services = find_services(service_ids)
    moment = now()
    detected = detected_at or _first_known(retrospective, started_at) or moment
    _check_times(started_at, detected, retrospective, moment)
    chosen = severity or severities.from_signal("", services[0])
    version = chosen.current
    incident = Incident.objects.create(
        number=numbers.next_number(),
        title=title_of(title),
        summary=clean(summary, 4000, field="summary"),
        severity=chosen,
        severity_version=version,
        service=services[0],
        source=source,
        ticket_url=ticket_url,
        bridge_url=services[0].team.bridge_url,
        created_by=actor.user,
        created_at=moment,
        detected_at=detected,
        is_private=is_private,
        is_drill=is_drill,
        is_retrospective=retrospective is not None,
        pages_nobody=not pages,
    )
    _add_services(incident, services)
    _welcome(incident, actor, participant_ids)
    # Read afresh, under the lock and with the columns as the database gives them back.
    incident = timeline.lock(incident.pk)
    searching.keep_incident(incident)
    timeline.record(
        incident,
        EventKind.OPENED,
        actor=actor,
        at=detected,
        text=reason or incident.title,
        severity=chosen.name,
        severity_id=chosen.pk,
        version_id=version.pk,
        source=str(source),
        pages=pages,
        started_at=started_at.isoformat() if started_at else None,
        provenance=str(provenance or Provenance.REPORTED) if started_at else "",
        **(facts or {}),
    )
    return incident


def _first_known(over: Retrospective | None, started_at: datetime | None) -> datetime | None:
    """When an incident that is over was noticed, where nobody says: at the first time that is known."""
    if over is None:
        return None
    times = (started_at, over.acknowledged_at, over.declared_at, over.mitigated_at, over.resolved_at)
    return min(at for at in times if at)


def title_of(title: str) -> str:
    """The title, tidied. Raises Invalid when there is none or it is longer than 200 characters."""
    tidy = " ".join(clean(title, 200, field="title").split())
    if not tidy:
        raise Invalid(_("Say in one line what is wrong."), code="title_needed", field="title")
    return tidy


def find_services(service_ids: Sequence[int]) -> list[Service]:
    """The services in the order given, the first being the primary one.

    Raises:
        Invalid: none, or one that does not exist.
    """
    wanted = list(dict.fromkeys(service_ids))
    known = Service.objects.select_related("team").in_bulk(wanted)
    if not wanted or len(known) != len(wanted):
        raise Invalid(_("Name at least one service that exists."), code="unknown_service", field="services")
    return [known[pk] for pk in wanted]


def write_services(incident: Incident, services: Sequence[Service]) -> None:
    """Write which services the incident is about; the first is the primary one."""
    IncidentService.objects.filter(incident=incident).delete()
    _add_services(incident, services)


def _add_services(incident: Incident, services: Sequence[Service]) -> None:
    IncidentService.objects.bulk_create(
        IncidentService(incident=incident, service=service, position=index)
        for index, service in enumerate(services)
    )


def _welcome(incident: Incident, actor: Actor, participant_ids: Sequence[int]) -> None:
    rows = dict.fromkeys(participant_ids, Why.TAKES_PART)
    if actor.user is not None:
        rows[actor.user.pk] = Why.CREATED
    if not rows:
        return
    IncidentMember.objects.bulk_create(
        IncidentMember(incident=incident, user_id=pk, why=why) for pk, why in rows.items()
    )


def _check_times(
    started_at: datetime | None, detected: datetime, over: Retrospective | None, moment: datetime
) -> None:
    timeline.check_past(started_at, field="started_at")
    timeline.check_past(detected, field="detected_at")
    if started_at and started_at > moment:
        raise Invalid(_("The impact cannot begin in the future."), code="future", field="started_at")
    if over is None:
        return
    steps = [started_at, detected, over.acknowledged_at, over.mitigated_at, over.resolved_at]
    known = [step for step in steps if step]
    declared = over.declared_at or detected
    if known != sorted(known) or over.resolved_at > moment or not detected <= declared <= over.resolved_at:
        raise Invalid(
            _(
                "The times contradict each other: began, detected, acknowledged, mitigated, "
                "resolved, and not in the future."
            ),
            code="times_contradict",
            field="resolved_at",
        )
