"""Finding incidents: the filters that the API and the list share."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_current_timezone, is_aware, make_aware

from incidents import severity
from incidents.kinds import Status
from incidents.models import Incident
from lib.refusal import Invalid
from lib.text import clean


def asked_time(value: str, name: str) -> datetime:
    """An instant from a query.

    Raises:
        Invalid: not ISO 8601.
    """
    try:
        at = parse_datetime(value)
    except ValueError:
        at = None
    if at is None:
        raise Invalid(f"{name} is not an ISO 8601 time.", field=name)
    at = at if is_aware(at) else make_aware(at, get_current_timezone())
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Invalid(f"{name} is not a time that a database keeps.", field=name) from None


def filtered(rows: "QuerySet[Incident]", query: Any) -> "QuerySet[Incident]":
    """The list's filters, shared by the API and the page.

    Raises:
        Invalid: a filter that names nothing there is, or that no database can compare.
    """
    for name in ("status", "severity", "service", "q"):
        clean(query.get(name) or "", 200, field=name)
    if status := query.get("status"):
        wanted = [word for part in status.split(",") for word in _states(part.strip())]
        rows = rows.filter(status__in=wanted)
    if name := query.get("severity"):
        rows = rows.filter(severity=severity.named(name))
    if slug := query.get("service"):
        rows = rows.filter(service_rows__service__slug=slug)
    if words := query.get("q"):
        digits = words.upper().removeprefix("INC-")
        by_number = Q(number=int(digits)) if digits.isdecimal() and len(digits) < 16 else Q()
        rows = (
            rows.filter(Q(title__icontains=words) | by_number)
            if by_number
            else rows.filter(title__icontains=words)
        )
    if since := query.get("since"):
        rows = rows.filter(detected_at__gte=asked_time(since, "since"))
    if until := query.get("until"):
        rows = rows.filter(detected_at__lt=asked_time(until, "until"))
    return rows


def _states(word: str) -> list[str]:
    if word == "open":
        return [Status.TRIAGE, Status.ACTIVE, Status.MITIGATED]
    if word not in Status.values:
        raise Invalid(f"status is one of open, {', '.join(Status.values)}.", field="status")
    return [word]
