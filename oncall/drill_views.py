"""The pages of planned drills: which there are and when they come, how they went, and their editor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actors
from accounts.models import Role
from lib import doors
from oncall import drill_forms, drill_times, drills
from oncall.drill_models import DrillPlan, DrillTurn
from oncall.views import me, said, zone

PAST, NEXT = 20, 5
_HEIGHT = 32


@dataclass(frozen=True)
class Bar:
    """One drill of the trend: its place and height in the drawing."""

    x: int
    y: int
    height: int
    words: str


def trend(turns: Sequence[DrillTurn]) -> dict[str, Any] | None:
    """The scores as bars, the oldest first; None with fewer than two."""
    scored = [turn for turn in reversed(turns) if turn.total]
    if len(scored) < 2:
        return None
    bars = []
    for place, turn in enumerate(scored):
        height = max(round(_HEIGHT * (turn.in_time or 0) / (turn.total or 1)), 1)
        words = f"{turn.in_time} of {turn.total}"
        bars.append(Bar(10 * place, _HEIGHT - height, height, words))
    return {"bars": bars, "width": 10 * len(bars) - 2, "height": _HEIGHT}


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every plan: when it comes next, and how its last ones went."""
    plans = DrillPlan.objects.select_related("team", "service", "severity").prefetch_related(
        "turns__incident"
    )
    lines = [
        {
            "plan": plan,
            "when": drill_times.words(plan.cron, plan.time_zone),
            "last": next(iter(plan.turns.all()), None),
            "trend": trend(list(plan.turns.all())[:PAST]),
        }
        for plan in plans
    ]
    context = {"nav": "oncall", "lines": lines, "is_manager": me(request).is_at_least(Role.MANAGER)}
    return doors.page(request, "oncall/drills.html", context)


@login_required
@require_GET
def drill(request: HttpRequest, pk: int) -> HttpResponse:
    """One plan: who takes part, the next times, the past ones with their scores."""
    rows = DrillPlan.objects.select_related("team", "service", "severity")
    plan = get_object_or_404(rows, pk=pk)
    turns = list(plan.turns.select_related("incident")[:PAST])
    context = {
        "nav": "oncall",
        "plan": plan,
        "when": drill_times.words(plan.cron, plan.time_zone),
        "times": [] if plan.is_paused else drill_times.upcoming(plan.cron, plan.time_zone, now(), NEXT),
        "turns": turns,
        "trend": trend(turns),
        "people": plan.people.all(),
        "rotas": plan.schedules.all(),
        "would": drills.taking_part(plan),
        "is_manager": me(request).is_at_least(Role.MANAGER),
    }
    return doors.page(request, "oncall/drill.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Plan a drill, or change one."""
    if not me(request).is_at_least(Role.MANAGER):
        messages.error(request, _("Drills are planned by managers."))
        return redirect("oncall:drills")
    plan = get_object_or_404(DrillPlan, pk=pk) if pk else None
    form = drill_forms.DrillForm(request.POST or None, initial=drill_forms.starting(plan, zone().key))
    kept: list[DrillPlan] = []

    def say() -> None:
        kept.append(drills.save(actor=actors.web(request), plan_id=pk, **form.words()))

    if request.method == "POST" and doors.do(request, form, say):
        messages.success(request, _("The drill is planned."))
        return redirect("oncall:drill", kept[0].pk)
    context = {"nav": "oncall", "form": form, "plan": plan}
    return doors.page(request, "oncall/drill_edit.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def act(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Run it now, pause it, let it go on, or forget it."""
    get_object_or_404(DrillPlan, pk=pk)
    actor, here = actors.web(request), reverse("oncall:drill", args=[pk])
    verbs: dict[str, tuple[Callable[[], object], str, str]] = {
        "run": (lambda: drills.run_now(pk, actor=actor), _("The drill has begun."), here),
        "pause": (lambda: drills.save(actor=actor, plan_id=pk, is_paused=True), _("Paused."), here),
        "resume": (lambda: drills.save(actor=actor, plan_id=pk, is_paused=False), _("It goes on."), here),
        "delete": (
            lambda: drills.delete(pk, actor=actor),
            _("The plan is gone; its drills stay."),
            reverse("oncall:drills"),
        ),
    }
    if name not in verbs:
        raise Http404
    return said(request, *verbs[name])
