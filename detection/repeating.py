"""A known alert that fires again and changes nothing else: the hot way, one short statement.

What needs more than a count (the first firing, the end of a hold, a worse word, an incident that is
over) is not touched here, and goes the whole way by `alerts.ingest`.
"""

from functools import cache
from typing import Any

from django.db import connection, transaction
from django.utils.timezone import now

from detection.models import Alert, Payload, Source
from detection.routing import Router
from detection.signals import Signal
from detection.sources import Heard, payload_of
from incidents.kinds import Status
from incidents.models import Incident, Severity

_SET = ("summary", "severity", "labels", "details", "links", "runbook_url", "last_seen_at")
_KEPT = ("source", "received_at", "path", "body", "status", "answer")
# In triage a worse word raises the incident; in these states a repeat says nothing new.
_CALM = (Status.ACTIVE, Status.MITIGATED, Status.DISMISSED, Status.MERGED)


def count(source: Source, signal: Signal, heard: Heard) -> bool:
    """Count the firing on its open alert and keep its body; False when it is not that simple.

    Both or none: on PostgreSQL they are one statement, and no lock but the alert's own row.
    """
    if signal.action != "trigger":
        return False
    rank = Router.of(source).rank_of(signal)
    if rank is None:
        return False
    at = now()
    values = {
        "summary": signal.summary,
        "severity": signal.severity[:10],
        "labels": dict(signal.labels),
        "details": dict(signal.details),
        "links": list(signal.links),
        "runbook_url": signal.runbook_url,
        "last_seen_at": at,
    }
    payload = payload_of(source, heard)
    update = _prepared(Alert, [(name, values[name]) for name in _SET])
    update += [source.pk, signal.key, signal.occurrence, rank]
    keep = _prepared(Payload, [(name, _value(payload, name)) for name in _KEPT])
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_as_one(), [*update, *keep])
            return bool(cursor.rowcount == 1)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_update(), update)
        if cursor.rowcount != 1:
            return False
        cursor.execute(f"INSERT INTO {_into()} VALUES ({_marks()})", keep)  # noqa: S608
        return True


def _value(payload: Payload, name: str) -> Any:
    return getattr(payload, Payload._meta.get_field(name).attname)  # type: ignore[union-attr]


def _prepared(model: type[Alert] | type[Payload], values: list[tuple[str, Any]]) -> list[Any]:
    # `Any`, because the union that get_field may return includes what has no column.
    fields: Any = model._meta
    return [fields.get_field(name).get_db_prep_save(value, connection) for name, value in values]


@cache
def _update() -> str:
    tables = [connection.ops.quote_name(model._meta.db_table) for model in (Alert, Incident, Severity)]
    calm = ", ".join(f"'{status}'" for status in _CALM)
    return (
        f"UPDATE {tables[0]} AS alert SET count = alert.count + 1, "  # noqa: S608
        + ", ".join(f"{name} = %s" for name in _SET)
        + f" FROM {tables[1]} AS incident JOIN {tables[2]} AS severity ON severity.id = incident.severity_id"
        " WHERE alert.source_id = %s AND alert.dedup_key = %s AND alert.resolved_at IS NULL"
        " AND alert.occurrence = %s AND alert.held_until IS NULL AND incident.id = alert.incident_id"
        f" AND (incident.status IN ({calm})"
        f" OR (incident.status = '{Status.TRIAGE}' AND severity.rank <= %s))"
    )


@cache
def _into() -> str:
    columns = ("source_id", *_KEPT[1:])
    return f"{connection.ops.quote_name(Payload._meta.db_table)} ({', '.join(columns)})"


def _marks() -> str:
    return ", ".join(["%s"] * len(_KEPT))


@cache
def _as_one() -> str:
    return (
        f"WITH again AS ({_update()} RETURNING alert.source_id) "  # noqa: S608
        f"INSERT INTO {_into()} SELECT {_marks()} FROM again"
    )
