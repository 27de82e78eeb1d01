"""The only writer of alert rows: one statement says "new" or "again", whoever else is writing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils.dateparse import parse_datetime

from detection.kinds import AlertStatus
from detection.models import FLAP_WINDOW, Alert, Source
from detection.routing import Route
from detection.signals import Signal

FLAPS = 4
# A firing that is delivered again after its own end is late, not new. Short, because a source may
# fire again under the old start time, and that must not be lost.
LATE = timedelta(seconds=60)

_INSERTED = (
    "source", "dedup_key", "occurrence", "service", "incident", "summary", "status", "severity", "labels",
    "details", "links", "runbook_url", "count", "first_seen_at", "last_seen_at", "sent_at",
    "acknowledged_at", "resolved_at", "silence", "flips", "is_flapping", "held_until",
)  # fmt: skip
_REPEATED = ("occurrence", "summary", "severity", "labels", "details", "links", "runbook_url", "last_seen_at")


@dataclass
class Stored:
    """What became of one signal."""

    signal: Signal
    alert: Alert | None
    route: Route | None = None
    is_new: bool = False
    is_resolved: bool = False
    is_acknowledged: bool = False


def trigger(source: Source, signal: Signal, route: Route, at: datetime) -> Stored:
    """Insert the alert, or count it on the open one of its key."""
    if late := _late(source, signal, at):
        return Stored(signal, late, route)
    row = Alert(
        source=source,
        dedup_key=signal.key,
        occurrence=signal.occurrence,
        service=route.service,
        summary=signal.summary,
        severity=signal.severity[:10],
        labels=dict(signal.labels),
        details=dict(signal.details),
        links=list(signal.links),
        runbook_url=signal.runbook_url,
        first_seen_at=at,
        last_seen_at=at,
        sent_at=signal.sent_at,
    )
    row.flips = [at.isoformat()]
    pk, count, before = _upsert(row)
    if count == 1:
        row.pk = pk
        row._state.adding = False
        if earlier := _recent(_instants(before), at):
            _remember(row, [*earlier, at])
        return Stored(signal, row, route, is_new=True)
    alert = Alert.objects.select_related("source", "service__team").get(pk=pk)
    if alert.held_until is not None:
        alert.held_until = None
        _remember(alert, [*_instants(alert.flips), at])
    return Stored(signal, alert, route)


def _upsert(row: Alert) -> tuple[int, int, list[str]]:
    """One statement on both databases; ``bulk_create`` cannot name a partial unique constraint.

    Returns the row's id, how often it fired, and the changes of the key's last alert before it.
    """
    fields: list[Any] = [Alert._meta.get_field(name) for name in _INSERTED]
    quote = connection.ops.quote_name
    table = quote(Alert._meta.db_table)
    columns = [quote(field.column) for field in fields]
    repeated = [quote(field.column) for field in fields if field.name in _REPEATED]
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))}) "  # noqa: S608
        f"ON CONFLICT ({quote('source_id')}, {quote('dedup_key')}) WHERE {quote('resolved_at')} IS NULL "
        f"DO UPDATE SET count = {table}.count + 1, "
        + ", ".join(f"{column} = excluded.{column}" for column in repeated)
        + f" RETURNING {quote('id')}, {quote('count')}, "
        + f"(SELECT before.flips FROM {table} before "  # noqa: S608
        f"WHERE before.source_id = {table}.source_id AND before.dedup_key = {table}.dedup_key "
        f"AND before.id < {table}.id ORDER BY before.id DESC LIMIT 1)"
    )
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        pk, count, before = cursor.fetchone()
    return int(pk), int(count), json.loads(before) if before else []


def _late(source: Source, signal: Signal, at: datetime) -> Alert | None:
    """The firing that has ended already, where the source names firings and this one ended just now."""
    if not signal.occurrence:
        return None
    ended = Alert.objects.filter(
        source=source,
        dedup_key=signal.key,
        occurrence=signal.occurrence,
        resolved_at__gt=at - LATE,
    )
    late = ended.order_by("-pk").first()
    if late is not None:
        Alert.objects.filter(pk=late.pk).update(count=F("count") + 1)
    return late


def resolve(source: Source, signal: Signal, route: Route | None, at: datetime) -> Stored:
    """The key is clear: end its open alert, hold it open while it flaps, or note an end that came first."""
    alert = _open(source, signal.key)
    if alert is None:
        return Stored(signal, _early_end(source, signal, route, at) if route else None, route)
    flips = _recent([*_instants(alert.flips), at], at)
    if len(flips) >= FLAPS:
        alert.is_flapping, alert.held_until = True, at + FLAP_WINDOW
        alert.last_seen_at = at
        _remember(alert, flips)
        return Stored(signal, alert)
    alert.last_seen_at = at
    _remember(alert, flips)
    return Stored(signal, alert, is_resolved=end(alert, at))


def end(alert: Alert, at: datetime) -> bool:
    """Resolve the row if nobody else has; True for the one who did."""
    ended = Alert.objects.filter(pk=alert.pk, resolved_at=None).update(
        status=AlertStatus.RESOLVED, resolved_at=at, held_until=None
    )
    alert.status, alert.resolved_at, alert.held_until = AlertStatus.RESOLVED, at, None
    return bool(ended)


def acknowledge(source: Source, signal: Signal, at: datetime) -> Stored:
    alert = _open(source, signal.key)
    if alert is None:
        return Stored(signal, None)
    changed = Alert.objects.filter(pk=alert.pk, acknowledged_at=None, resolved_at=None).update(
        status=AlertStatus.ACKNOWLEDGED, acknowledged_at=at
    )
    return Stored(signal, alert, is_acknowledged=bool(changed))


def _open(source: Source, key: str) -> Alert | None:
    rows = Alert.objects.select_for_update(of=("self",)).select_related("source", "service")
    return rows.filter(source=source, dedup_key=key, resolved_at=None).first()


def _early_end(source: Source, signal: Signal, route: Route, at: datetime) -> Alert | None:
    """The end of a firing we never saw: kept, so that its delayed beginning opens nothing."""
    known = Alert.objects.filter(source=source, dedup_key=signal.key, occurrence=signal.occurrence)
    if not signal.occurrence or known.exists():
        return None
    return Alert.objects.create(
        source=source,
        dedup_key=signal.key,
        occurrence=signal.occurrence,
        service=route.service,
        summary=signal.summary or signal.key,
        severity=signal.severity[:10],
        labels=dict(signal.labels),
        status=AlertStatus.RESOLVED,
        first_seen_at=at,
        last_seen_at=at,
        resolved_at=at,
        sent_at=signal.sent_at,
    )


def _instants(flips: Sequence[str]) -> list[datetime]:
    return [read for flip in flips if (read := parse_datetime(flip))]


def _recent(flips: Sequence[datetime], at: datetime) -> list[datetime]:
    return [flip for flip in flips if at - flip < FLAP_WINDOW]


def _remember(alert: Alert, flips: Sequence[datetime]) -> None:
    alert.flips = [flip.isoformat() for flip in flips][-2 * FLAPS :]
    fields: dict[str, Any] = {
        "flips": alert.flips,
        "is_flapping": alert.is_flapping,
        "held_until": alert.held_until,
        "last_seen_at": alert.last_seen_at,
    }
    Alert.objects.filter(pk=alert.pk).update(**fields)
