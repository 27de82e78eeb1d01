"""Incidents as CSV for a spreadsheet, one row at a time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import Prefetch

from accounts.models import User
from catalog.models import Service
from incidents.kinds import OPEN
from incidents.models import Incident
from lib import sheets
from metrics import selection as selections
from metrics.measures import SPANS, Facts, measure
from metrics.selection import Selection

CHUNK = 1_000
TIMES = (
    "started_at",
    "detected_at",
    "acknowledged_at",
    "declared_at",
    "mitigated_at",
    "resolved_at",
    "closed_at",
)
COLUMNS = (
    "number",
    "reference",
    "title",
    "severity",
    "status",
    "services",
    "team",
    "source",
    "started_at_provenance",
    *TIMES,
    *(f"{which}_seconds" for which in SPANS),
)


def lines(selection: Selection, *, reader: User) -> Iterator[str]:
    """The head, then one line for each incident that counts, newest first. Private ones stay out."""
    return sheets.lines(COLUMNS, rows(selection, reader=reader))


def rows(selection: Selection, *, reader: User) -> Iterator[list[Any]]:
    """The cells of those lines, in the order of ``COLUMNS``."""
    names = Prefetch("services", Service.objects.order_by("name").only("slug"))
    counted = selections.incidents(selection).filter(is_private=False)
    found = (
        Incident.objects.visible_to(reader)
        .filter(pk__in=counted.order_by().values("pk"))
        .select_related("severity", "service__team")
        .prefetch_related(names)
        .order_by("-detected_at", "-pk")
    )
    return (_cells(incident, selection) for incident in found.iterator(CHUNK))


def _cells(incident: Incident, selection: Selection) -> list[Any]:
    facts = facts_of(incident)
    spans = [measure(which, facts, selection.basis).length for which in SPANS]
    return [
        incident.number,
        incident.reference,
        incident.title,
        incident.severity.name,
        incident.status,
        " ".join(service.slug for service in incident.services.all()),
        incident.team.slug,
        incident.source,
        incident.started_at_provenance,
        *(_instant(getattr(incident, column)) for column in TIMES),
        *("" if span is None else f"{span.total_seconds():.0f}" for span in spans),
    ]


def facts_of(incident: Incident) -> Facts:
    """The facts of a loaded incident."""
    return Facts(
        incident.pk,
        incident.number,
        incident.severity.rank,
        incident.source,
        incident.is_private,
        incident.status not in OPEN,
        incident.started_at,
        incident.detected_at,
        incident.acknowledged_at,
        incident.mitigated_at,
        incident.resolved_at,
    )


def _instant(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""
