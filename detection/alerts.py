"""The rule of detection: signals in, alerts and incidents out, all in one transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.actors import source as source_actor
from catalog import deploys
from detection import placing, repeating, sources, storing
from detection.kinds import AlertStatus
from detection.models import Alert, Source
from detection.routing import Router
from detection.signals import Change, Signal
from detection.sources import Heard
from detection.storing import Stored
from incidents import lifecycle, neighbours, timeline
from incidents.kinds import Status
from incidents.models import Incident

# Above this many alerts of an incident, single ones that clear are no news.
_FEW = 20
TEST_KEY = "tocsin-test"


def take(source: Source, signals: Sequence[Signal], *, heard: Heard) -> None:
    """What a door says: the same as `ingest`, by the short way where a known alert only fires again."""
    if len(signals) != 1 or not repeating.count(source, signals[0], heard):
        ingest(source, signals, heard=heard)


@transaction.atomic
def ingest(source: Source, signals: Sequence[Signal], *, heard: Heard | None = None) -> list[Stored]:
    """Take what a source says; everything or nothing is stored, the body it came in included.

    Firings are placed before ends are drawn, so that a body with both does not dismiss an incident
    that it feeds. Rows are written in the order of their keys: two deliveries cannot wait for each other.

    Raises:
        Refused: this instance has no service to put alerts on.
    """
    at = now()
    router = Router.of(source)
    stored = [_store(source, signal, router, at) for signal in sorted(signals, key=lambda signal: signal.key)]
    firing = _firing(signals, stored)
    new = [(one.alert, one.route) for one in firing if one.is_new and one.alert]
    again = [(one.alert, one.route) for one in firing if not one.is_new and one.alert]
    placing.place(new + placing.repeat(again, at=at), at=at)
    _acknowledge(source, stored)
    _clear(stored)
    if heard:
        sources.keep_payload(source, heard)
    return stored


def _firing(signals: Sequence[Signal], stored: Sequence[Stored]) -> list[Stored]:
    """The firings of a body, each alert once and as the body lists them; what it also ends opens nothing."""
    ended = {one.alert.pk for one in stored if one.alert and one.is_resolved}
    first: dict[str, Stored] = {}
    for one in stored:
        if one.signal.action == "trigger" and one.alert and one.alert.is_open and one.alert.pk not in ended:
            first.setdefault(one.signal.key, one)
    return [first[key] for key in dict.fromkeys(signal.key for signal in signals) if key in first]


def _store(source: Source, signal: Signal, router: Router, at: datetime) -> Stored:
    if signal.action == "trigger":
        return storing.trigger(source, signal, router.route(signal), at)
    if signal.action == "acknowledge":
        return storing.acknowledge(source, signal, at)
    # Only a source that names its firings can have an end come before the beginning.
    return storing.resolve(source, signal, router.route(signal) if signal.occurrence else None, at)


def _acknowledge(source: Source, stored: Iterable[Stored]) -> None:
    """Who acknowledges at the source has acknowledged here."""
    ids = {one.alert.incident_id for one in stored if one.is_acknowledged and one.alert}
    for incident_id in sorted(pk for pk in ids if pk):
        incident = timeline.lock(incident_id)
        if incident.is_open and not incident.acknowledged_at:
            lifecycle.acknowledge(incident_id, actor=source_actor(source.name))


def _clear(stored: Iterable[Stored]) -> None:
    cleared: dict[int, list[Alert]] = {}
    for one in stored:
        if one.is_resolved and one.alert and one.alert.incident_id:
            cleared.setdefault(one.alert.incident_id, []).append(one.alert)
    for incident_id in sorted(cleared):
        clear(incident_id, cleared[incident_id])


def clear(incident_id: int, cleared: Sequence[Alert]) -> None:
    """Alerts of this incident have ended; when it was the last one, say so or let it go.

    What nobody has acknowledged and no person opened was noise: dismissed as "cleared by itself".
    """
    incident = timeline.lock(incident_id)
    if not incident.is_open:
        return
    actor = source_actor(cleared[0].source.name)
    left = incident.alerts.open().count()
    if left == 0 and _is_noise(incident):
        reason = _("Cleared by itself: every alert ended before anybody acknowledged.")
        lifecycle.dismiss(incident.pk, actor=actor, reason=reason)
        return
    if incident.alerts.count() <= _FEW:
        for alert in cleared:
            neighbours.cleared_alert(incident, actor=actor, label=alert.summary, alert=alert.pk, left=left)
    if left == 0 and incident.signals_clear_at is None:
        neighbours.signals_clear(incident, actor=actor)


def _is_noise(incident: Incident) -> bool:
    untouched = incident.status == Status.TRIAGE and not incident.acknowledged_at
    return untouched and incident.created_by_id is None and not incident.reports.exists()


def release_held(limit: int = 100) -> int:
    """Flapping alerts that stayed quiet for a quarter of an hour are over; return how many."""
    due = Alert.objects.filter(held_until__lte=now(), resolved_at=None).order_by("held_until")
    return sum(_release(pk) for pk in list(due.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _release(pk: int) -> bool:
    at = now()
    rows = Alert.objects.select_for_update(of=("self",)).select_related("source", "service")
    alert = rows.filter(pk=pk, resolved_at=None, held_until__lte=at).first()
    if alert is None or not storing.end(alert, at):
        return False
    if alert.incident_id:
        clear(alert.incident_id, [alert])
    return True


def release(limit: int = 100) -> int:
    """The sweep: what was held open, and what was held back."""
    return release_held(limit) + placing.release_silenced(limit)


@transaction.atomic
def test(source_id: int, *, actor: Actor, opens: bool) -> Alert:
    """Prove the way of a source: a test alert that ends at once, or one that opens an incident and pages.

    Raises:
        Forbidden: a viewer asked.
    """
    sources.may_operate(actor)
    source = Source.objects.select_related("service").get(pk=source_id)
    signal = Signal(
        action="trigger",
        key=TEST_KEY,
        summary=_("Test alert of %(source)s, sent by %(who)s") % {"source": source.name, "who": actor.label},
        severity="warning",
        labels={"test": "true"},
    )
    if opens:
        stored = ingest(source, [signal])[0]
    else:
        stored = storing.trigger(source, signal, Router.of(source).route(signal), now())
    assert stored.alert is not None, "a trigger always has its alert"
    if not opens and stored.is_new:
        storing.end(stored.alert, now())
    return stored.alert


@transaction.atomic
def resolve_by_hand(alert_id: int, *, actor: Actor) -> Alert:
    """A person says the alert is over, for sources that never will."""
    sources.may_operate(actor)
    alert = Alert.objects.select_for_update(of=("self",)).select_related("source", "service").get(pk=alert_id)
    if alert.status != AlertStatus.RESOLVED and storing.end(alert, now()) and alert.incident_id:
        clear(alert.incident_id, [alert])
    return alert


@transaction.atomic
def record_change(source: Source, change: Change, *, heard: Heard | None = None) -> None:
    """A deploy or a change of configuration: context for whoever looks at the next incident."""
    signal = Signal(
        action="trigger", key="change", summary=change.summary, service=change.service, labels=change.labels
    )
    route = Router.of(source).route(signal)
    is_config = change.labels.get("kind", "").lower() in ("config", "configuration", "flag", "feature flag")
    deploys.record(
        route.service.pk,
        version=change.version,
        at=change.at or now(),
        url=change.url,
        author=change.author,
        kind="config" if is_config else "deploy",
        source=source.name,
    )
    if heard:
        sources.keep_payload(source, heard)


@transaction.atomic
def follow_merge(incident_id: int) -> int:
    """Alerts, storms and reports move to the incident that this one was merged into; return how many."""
    incident = Incident.objects.get(pk=incident_id)
    target = incident.merged_into_id
    if target is None:
        return 0
    moved = 0
    for rows in (incident.alerts, incident.bundles, incident.reports):
        moved += rows.update(incident_id=target)
    return moved
