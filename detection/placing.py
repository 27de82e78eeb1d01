"""What a new alert does: joins an incident, opens one, is folded into a storm, or stays silent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import source as source_actor
from catalog.models import Service
from detection import grouping, routing, silences
from detection.models import Alert, Bundle, Silence
from detection.routing import Route
from detection.signals import cut
from incidents import lifecycle, merging, neighbours, timeline
from incidents.kinds import EventKind, Source, Status
from incidents.models import Incident, Severity

# The timeline names a storm's size at these counts, and not with every alert.
_MILESTONES = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)


@transaction.atomic
def place(fresh: Sequence[tuple[Alert, Route | None]], *, at: datetime) -> None:
    """Find each alert its incident, one after the other, services locked first and in one order.

    Two alerts of one service that arrive at once would else both open an incident.
    """
    if not fresh:
        return
    ids = sorted({alert.service_id for alert, _route in fresh})
    # Not the key of the row: inserts that point at the service need not wait.
    locked = Service.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    services = {service.pk: service for service in locked}
    silent = silences.running()
    for alert, route in fresh:
        # As it is now: the router may have read it a few seconds ago.
        alert.service = services[alert.service_id]
        _place(alert, route, silent, at)


def _place(alert: Alert, route: Route | None, silent: Sequence[Silence], at: datetime) -> None:
    alert.silence = silences.over(alert, silent)
    if alert.silence is not None:
        Alert.objects.filter(pk=alert.pk).update(silence=alert.silence)
        return
    suggested = routing.suggestion(alert, route)
    place = grouping.find(alert.service, rank=suggested.rank, at=at)
    storm = grouping.is_storm(alert.source, at)
    bundle = grouping.bundle_of(alert.source, alert.service, at) if storm else None
    joins = place.joins or (bundle.incident if bundle else None)
    incident = _lock_open(joins) if joins else None
    if incident is None:
        incident = _open(alert, route, suggested, place.linked, is_storm=storm)
        if storm:
            bundle = Bundle.objects.create(source=alert.source, incident=incident, started_at=at, last_at=at)
        _attach(alert, incident)
    else:
        _attach(alert, incident)
        if not (storm and _fold(alert, incident, bundle, at)):
            _join(alert, incident, suggested)
        raise_severity(alert, incident, suggested)
    if bundle:
        _count(bundle, at)


def _lock_open(incident: Incident) -> Incident | None:
    """The incident under its lock, if it is still open; between reading and locking it may have ended."""
    row = timeline.lock(incident.pk)
    return row if row.is_open else None


def _attach(alert: Alert, incident: Incident) -> None:
    alert.incident = incident
    Alert.objects.filter(pk=alert.pk).update(incident=incident, silence=None)


def _open(
    alert: Alert, route: Route | None, suggested: Severity, linked: Incident | None, *, is_storm: bool
) -> Incident:
    actor = source_actor(alert.source.name)
    title = _("Alert storm from %(source)s") % {"source": alert.source.name} if is_storm else alert.summary
    incident = lifecycle.open_incident(
        title=cut(" ".join(title.split()), 200),
        actor=actor,
        service_ids=[alert.service_id],
        severity=suggested,
        source=Source.HEALTH_CHECK if alert.source.is_internal else Source.MONITORING_ALERT,
        summary=alert.summary if is_storm or len(alert.summary) > 200 else "",
        declare=bool(route and route.auto_declare),
        facts=_facts(alert),
    )
    if linked is not None and linked.pk != incident.pk:
        merging.link(incident.pk, actor=actor, related=linked.pk)
    return incident


def _facts(alert: Alert) -> dict[str, Any]:
    """What the event says of its alert: pages count it, and bring its own runbook."""
    return {"alert": alert.pk, **({"runbook_url": alert.runbook_url} if alert.runbook_url else {})}


def _join(alert: Alert, incident: Incident, suggested: Severity) -> None:
    actor = source_actor(alert.source.name)
    facts = {
        **_facts(alert),
        "source": alert.source.name,
        "service": alert.service.slug,
        "suggests": suggested.name,
        "is_higher": suggested.rank < incident.severity.rank,
    }
    if incident.status == Status.MITIGATED:
        neighbours.may_not_be_mitigated(incident, actor=actor, label=alert.summary, **facts)
    neighbours.joined_alert(incident, actor=actor, label=alert.summary, **facts)


def raise_severity(alert: Alert, row: Incident, suggested: Severity) -> None:
    """In triage the signals' severity counts until a person has judged; a worse one raises the locked row."""
    if row.status != Status.TRIAGE or suggested.rank >= row.severity.rank:
        return
    reason = _("The alert “%(summary)s” suggests %(severity)s.") % {
        "summary": cut(alert.summary, 200),
        "severity": suggested.name,
    }
    lifecycle.set_severity(row.pk, actor=source_actor(alert.source.name), severity=suggested, reason=reason)


def _fold(alert: Alert, incident: Incident, bundle: Bundle | None, at: datetime) -> bool:
    """In a storm only milestones of its size stand on the timeline; True when this alert needs no line."""
    if bundle is None or bundle.incident_id != incident.pk:
        return grouping.is_crowd(incident)
    count = bundle.count + 1
    reached = [size for size in _MILESTONES if bundle.said < size <= count]
    if reached:
        Bundle.objects.filter(pk=bundle.pk).update(said=reached[-1])
        bundle.said = reached[-1]
        neighbours.joined_alert(
            incident,
            actor=source_actor(alert.source.name),
            label=_("Storm: %(count)d alerts so far, the last: %(summary)s")
            % {"count": count, "summary": alert.summary},
            alert=alert.pk,
            bundled=count,
        )
    return True


def _count(bundle: Bundle, at: datetime) -> None:
    bundle.count += 1
    Bundle.objects.filter(pk=bundle.pk).update(count=bundle.count, last_at=at)


def is_judged(incident: Incident) -> bool:
    """Has a person set the severity? Then repeats of a known alert do not overrule it."""
    return incident.timeline.filter(kind=EventKind.SEVERITY_CHANGED, actor_kind="person").exists()


def repeat(
    repeats: Sequence[tuple[Alert, Route | None]], *, at: datetime
) -> list[tuple[Alert, Route | None]]:
    """Known alerts fired again: raise what got worse; return those that need an incident (again).

    What its rule says counts for a repeat as for the first firing, whatever the signal's own word is.

    That is: those whose silence has ended, and those whose incident was resolved a while ago although
    they still fire.
    """
    known = Incident.objects.select_related("severity").in_bulk(
        {alert.incident_id for alert, _route in repeats if alert.incident_id}
    )
    homeless = []
    for alert, route in repeats:
        incident = known.get(alert.incident_id) if alert.incident_id else None
        if incident is None or _is_over(incident, alert, at):
            homeless.append((alert, route))
        elif incident.status == Status.TRIAGE and (alert.severity or (route and route.severity)):
            suggested = routing.suggestion(alert, route)
            if suggested.rank < incident.severity.rank and not is_judged(incident):
                raise_severity(alert, timeline.lock(incident.pk), suggested)
    return homeless


def _is_over(incident: Incident, alert: Alert, at: datetime) -> bool:
    ended = incident.status in (Status.RESOLVED, Status.CLOSED)
    return ended and at - (incident.resolved_at or at) > alert.service.group_window


def release_silenced(limit: int = 100) -> int:
    """Alerts that still fire although their silence is over get their incident; return how many."""
    moment = now()
    waiting = Alert.objects.open().filter(incident=None, silence__isnull=False)
    free = waiting.filter(silence__until__lte=moment) | waiting.filter(silence__ended_at__isnull=False)
    released = 0
    for pk in list(free.order_by("pk").values_list("pk", flat=True)[:limit]):
        released += _release(pk, moment)
    return released


@transaction.atomic
def _release(pk: int, at: datetime) -> bool:
    rows = Alert.objects.select_for_update(of=("self",)).select_related("source", "service__team")
    alert = rows.filter(pk=pk, resolved_at=None, incident=None, silence__isnull=False).first()
    if alert is None:
        return False
    place([(alert, None)], at=at)
    return alert.silence is None
