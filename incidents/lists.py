"""The list of incidents, its export, the form that declares one, and the handbook."""

import re
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import CharField, OuterRef, Prefetch, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import actors
from accounts.models import User
from catalog.models import Service
from incidents import declaring, finding, forms, questions
from incidents.kinds import Breakage, Reach, Status
from incidents.models import Deadline, ImpactRule, Incident, Role, RoleHolding, Severity
from incidents.room import promise_of
from incidents.severity import UNSURE, read, suggest
from incidents.views import reader
from lib import doors, sheets
from lib.refusal import Invalid, Refused

PAGE = 50
_COLUMNS = (
    *("reference", "title", "status", "severity", "service", "source", "started_at", "detected_at"),
    *("acknowledged_at", "declared_at", "mitigated_at", "resolved_at", "is_drill"),
)


@require_GET
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Newest first, by keyset; the filters are those of the API."""
    rows: QuerySet[Incident] = Incident.objects.visible_to(reader(request))
    problem = ""
    try:
        rows = finding.filtered(rows, request.GET)
        before = request.GET.get("before", "")
        if before.isdecimal() and len(before) < 16:
            rows = rows.filter(number__lt=int(before))
    except Invalid as refusal:
        problem, rows = refusal.message, rows.none()
    shown = list(
        rows.select_related("severity", "service")
        .annotate(commander=_commander())
        .prefetch_related(Prefetch("deadlines", Deadline.objects.filter(stopped_at=None, overtaken_at=None)))
        .order_by("-number")[: PAGE + 1]
    )
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "nav": "incidents",
        "incidents": [(one, _next(one), one.commander) for one in shown[:PAGE]],
        "more": shown[PAGE - 1].number if len(shown) > PAGE else None,
        "query": query.urlencode(),
        "problem": problem,
        "statuses": [("open", _("Open")), *Status.choices],
        "severities": Severity.objects.all(),
        "services": Service.objects.filter(is_active=True),
        "asked": request.GET,
    }
    return render(request, "incidents/list.html", context)


def _next(incident: Incident) -> Any:
    running = list(incident.deadlines.all())
    return promise_of(min(running, key=lambda row: row.due_at)) if running else None


def _commander() -> Subquery:
    """The name of who holds the chair now, as a column: it costs no statement of its own."""
    held = RoleHolding.objects.filter(incident=OuterRef("pk"), until=None, role__slug="incident_commander")
    # As `User.__str__` says it.
    name = Coalesce(NullIf("user__name", Value("")), "user__email", output_field=CharField())
    return Subquery(held.values_list(name)[:1])


@require_GET
@login_required
def export(request: HttpRequest) -> Any:
    """The filtered list as CSV, streamed. Private incidents are left out."""
    rows: QuerySet[Incident] = Incident.objects.visible_to(reader(request)).filter(is_private=False)
    try:
        rows = finding.filtered(rows, request.GET)
    except Refused as refusal:
        return HttpResponse(refusal.message, status=400, content_type="text/plain")
    found = rows.select_related("severity", "service").order_by("-number").iterator(chunk_size=500)
    cells = ([getattr(one, name) for name in _COLUMNS] for one in found)
    answer = StreamingHttpResponse(sheets.lines(_COLUMNS, cells), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="incidents.csv"'
    return answer


@require_http_methods(["GET", "POST"])
@login_required
def declare(request: HttpRequest) -> HttpResponse:
    """Three answers: what is wrong, where, how bad."""
    if request.method == "POST":
        form = forms.DeclareForm(request.POST)
        made: list[Incident] = []
        actor = actors.web(request)
        if doors.do(request, form, lambda: made.append(declaring.declare(form.cleaned_data, actor=actor))):
            return redirect(made[0])
        return render(request, "incidents/declare.html", _declare_context(request, form), status=422)
    service = _service_meant(request.GET.get("service", ""))
    if doors.is_fragment(request):
        responds = "responding" in request.GET or _answers(request, service)
        part = {"service": service, "on_call": _on_call(service), "responds": responds}
        return render(request, "incidents/declare.html#whose", part)
    initial = {
        "service": service.slug if service else None,
        "title": request.GET.get("title", "")[:200],
        "is_drill": request.GET.get("drill") == "1",
        # Ticked beforehand for whoever is on call; anybody may take it out again.
        "responding": _answers(request, service),
    }
    return render(
        request, "incidents/declare.html", _declare_context(request, forms.DeclareForm(initial=initial))
    )


def _service_meant(slug: str) -> Service | None:
    """What the link says, or the only one there is; a guess would go unseen in a fright."""
    known = Service.objects.filter(is_active=True)
    found = known.filter(slug=slug.replace("\x00", "")[:100]).first()
    return found or (known.get() if known.count() == 1 else None)


def _answers(request: HttpRequest, service: Service | None) -> bool:
    return service is not None and questions.ask.is_on_call(reader(request), service)


def _on_call(service: Service | None) -> list[User]:
    return questions.ask.on_call_now(service) if service else []


def grid() -> list[dict[str, Any]]:
    """The impact matrix as rows of cells, with the unsure ones as the rules resolve them."""
    rules = {
        (rule.breakage, rule.reach): rule.severity for rule in ImpactRule.objects.select_related("severity")
    }
    if not rules:
        return []
    rows = []
    for value, label in [*Breakage.choices, (UNSURE, _("not sure"))]:
        cells = []
        for reach, reach_label in [*Reach.choices, (UNSURE, _("not sure"))]:
            severity = rules.get((value, reach)) or suggest(value, reach).severity
            cells.append(
                {"value": f"{value}-{reach}", "severity": severity, "label": f"{label}, {reach_label}"}
            )
        rows.append({"label": label, "cells": cells})
    return rows


_BRACKETS = re.compile(r"\(.*\)")


def _reaches() -> list[tuple[str, str]]:
    """The columns' heads; what stands in brackets is not broken over lines."""
    labels = [
        (value, _BRACKETS.sub(lambda found: found[0].replace(" ", "\u00a0"), str(label)))
        for value, label in Reach.choices
    ]
    return [*labels, (UNSURE, _("not sure"))]


def _declare_context(request: HttpRequest, form: forms.DeclareForm) -> dict[str, Any]:
    severities = list(Severity.objects.prefetch_related("required_roles"))
    chosen = str(form["service"].value() or "")
    service = _service_meant(chosen) if chosen else None
    return {
        "nav": "declare",
        "form": form,
        "grid": grid(),
        "reaches": _reaches(),
        "severities": [(severity, read(severity)) for severity in severities],
        "chosen": form["impact"].value() or "",
        "service": service,
        "on_call": _on_call(service),
        "responds": bool(form["responding"].value()),
    }


@require_GET
@login_required
def handbook(request: HttpRequest) -> HttpResponse:
    """The rules as they are configured: matrix, numbers, chairs, checklist, words. Printable."""
    return render(request, "incidents/handbook.html", _handbook())


@require_GET
@login_required
def severities(request: HttpRequest) -> HttpResponse:
    """The severity matrix alone, with its history."""
    versions = [
        (severity, list(severity.versions.select_related("made_by")[:20]))
        for severity in Severity.objects.all()
    ]
    return render(request, "incidents/severities.html", {**_handbook(), "versions": versions})


def _handbook() -> dict[str, Any]:
    return {
        "nav": "handbook",
        "severities": [(severity, read(severity)) for severity in Severity.objects.all()],
        "grid": grid(),
        "reaches": _reaches(),
        "roles": Role.objects.all(),
    }
