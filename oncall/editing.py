"""The editors of managers: a schedule with its layers, a policy as a ladder, and what a policy would do."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import actors
from lib import doors
from lib.refusal import Refused
from oncall import chair_rotas, forms, layer_forms, policies, rotations, schedules, simulating, week
from oncall.models import Policy, Schedule
from oncall.views import needs_manager, zone


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def schedule(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make or change a schedule: keep it, look at it first, or ask for one more layer."""
    if answer := needs_manager(request):
        return answer
    row = get_object_or_404(Schedule, pk=pk) if pk else None
    asked = request.POST.get("do", "keep") if request.method == "POST" else ""
    # Asking for another layer checks nothing yet.
    form = (
        forms.ScheduleForm(initial=request.POST.dict())
        if asked == "more"
        else forms.ScheduleForm(request.POST or None, initial=forms.starting_schedule(row))
    )
    layers = layer_forms.layers(row, request.POST if asked else None, more=asked == "more")
    fine = asked in ("keep", "preview") and form.is_valid() and layers.is_valid()

    def say() -> object:
        return rotations.save(
            actor=actors.web(request), schedule_id=pk, rotations=layers.rotations(), **form.cleaned_data
        )

    if fine and asked == "keep" and doors.do(request, form, say):
        messages.success(request, _("The schedule is kept."))
        return redirect("oncall:index")
    context = {
        "nav": "oncall",
        "form": form,
        "layers": layers,
        "schedule": row,
        "history": schedules.history(row, most=20) if row else [],
        **(_preview(request, form, layers, row) if fine else {}),
    }
    failed = asked == "keep" or (asked == "preview" and not fine)
    return doors.page(request, "oncall/schedule.html", context, status=422 if failed else 200)


def _preview(
    request: HttpRequest, form: forms.ScheduleForm, layers: Any, row: Schedule | None
) -> dict[str, Any]:
    """The month from the day that was asked for, as these layers would make it; nothing is kept."""
    try:
        first = date.fromisoformat(request.POST.get("preview_from", ""))
    except ValueError:
        first = localtime(now()).date()
    grid = week.month(first, zone()) if first.day == 1 else week.Grid(first, 28, 4, zone())
    try:
        engine = rotations.engine(layers.rotations(), form.cleaned_data["time_zone"])
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return {}
    title = row or Schedule(name=form.cleaned_data["name"])
    return {"grid": grid, "blocks": [week.drawn(engine, grid, title)], "preview_from": first}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make or change a policy."""
    if answer := needs_manager(request):
        return answer
    row = get_object_or_404(Policy, pk=pk) if pk else None
    wants_more, looks = (request.POST.get("do") == word for word in ("more", "preview"))
    first = forms.starting_policy(row) if row else {"after_0": 0}
    form = (
        forms.PolicyForm(initial=forms.as_typed(request.POST))
        if wants_more
        else forms.PolicyForm(request.POST or None, initial=first)
    )

    def say() -> object:
        return policies.save(actor=actors.web(request), policy_id=pk, **form.cleaned_data)

    if request.method == "POST" and not wants_more and not looks and doors.do(request, form, say):
        messages.success(request, _("The policy is kept. Pages on their way keep the plan they began with."))
        return redirect("oncall:index")
    context = {"nav": "oncall", "form": form, "policy": row, **_would(request, form, looks=looks)}
    return doors.page(request, "oncall/policy.html", context, status=422 if form.errors else 200)


def _would(request: HttpRequest, form: forms.PolicyForm, *, looks: bool) -> dict[str, Any]:
    """What the policy would do at the moment that was asked for, before anything is kept."""
    when = forms.WouldForm(request.POST if looks else None, initial={"preview_at": localtime(now())})
    if not (looks and form.is_valid() and when.is_valid()):
        return {"when": when}
    at, asked = when.cleaned_data["preview_at"] or now(), form.cleaned_data
    words = {name: asked[name] for name in ("repeat", "round_length", "team")}
    try:
        moments = simulating.preview(asked["rungs"], at, **words)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return {"when": when}
    return {"when": when, "at": at, "moments": moments}


@login_required
@require_GET
def simulation(request: HttpRequest, pk: int) -> HttpResponse:
    """At that moment, with that severity, this would happen if nobody answered."""
    row = get_object_or_404(Policy, pk=pk)
    form = forms.SimulationForm(request.GET or None, initial={"at": localtime(now())})
    at, team, pages = now(), row.team, None
    if form.is_valid():
        at = form.cleaned_data["at"] or at
        service, severity = form.cleaned_data["service"], form.cleaned_data["severity"]
        team = service.team if service else team
        pages = severity.pages if severity else None
    context = {
        "nav": "oncall",
        "policy": row,
        "form": form,
        "at": at,
        "pages_nobody": pages == "never",
        "moments": simulating.simulate(row, at, team=team, **({"pages": pages} if pages else {})),
    }
    return doors.page(request, "oncall/simulation.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def chairs(request: HttpRequest) -> HttpResponse:
    """Whom a chair asks for when it stays empty."""
    if answer := needs_manager(request):
        return answer
    form = forms.RotasForm(request.POST or None)

    def say() -> None:
        with transaction.atomic():
            for slug, schedule in form.cleaned_data.items():
                chair_rotas.cover(slug, schedule, actor=actors.web(request))

    if request.method == "POST" and doors.do(request, form, say):
        messages.success(request, _("The rotas of the chairs are kept."))
        return redirect("oncall:index")
    context = {"nav": "oncall", "form": form}
    return doors.page(request, "oncall/chair_rotas.html", context, status=422 if form.errors else 200)
