"""The on-call page: who now, the calendar, my pages and shifts, and who would be paged."""

from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.timezone import get_current_timezone, get_current_timezone_name, localtime, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import Role, User
from incidents.models import Incident
from lib import doors
from lib.refusal import Refused
from oncall import forms, plans, policies, rota, schedules, simulating, swaps, week
from oncall.models import Override, Page, PageRun, Policy, Schedule

VIEWS = ("week", "month", "agenda")


def me(request: HttpRequest) -> User:
    return cast(User, request.user)


def zone() -> ZoneInfo:
    """The reader's."""
    here = get_current_timezone()
    return here if isinstance(here, ZoneInfo) else ZoneInfo("UTC")


def on_call_lines(at: datetime) -> list[dict[str, Any]]:
    """For every schedule: who answers, until when, and who is next."""
    lines = []
    for schedule in Schedule.objects.select_related("team").prefetch_related("layers__members__user"):
        here, after = rota.now_and_next(schedules.load(schedule, since=at), at)
        users = User.objects.in_bulk([pk for pk in (here.user, after.user if after else None) if pk])
        lines.append(
            {
                "schedule": schedule,
                "user": users.get(here.user or 0),
                "until": here.end if after else None,
                "next": users.get(after.user or 0) if after else None,
            }
        )
    return lines


def my_pages(user: User) -> list[Page]:
    """What waits for this person's answer, newest first, once per run."""
    rows = (
        Page.objects.filter(user=user, status=Page.Status.NOTIFIED, run__status=PageRun.Status.RUNNING)
        .filter(run__incident__in=Incident.objects.visible_to(user))
        .select_related("run__incident__severity", "run__incident__service")
        .order_by("-pk")
    )
    return list({page.run_id: page for page in reversed(rows)}.values())[::-1]


def _grid(request: HttpRequest, view: str) -> week.Grid:
    today = localtime(now()).date()
    try:
        day = date.fromisoformat(request.GET.get("week", ""))
    except ValueError:
        day = today
    day = day if 2000 < day.year < 2100 else today
    return week.month(day, zone()) if view == "month" else week.week(day, zone())


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    at = now()
    view = request.GET.get("view") if request.GET.get("view") in VIEWS else "week"
    context = {
        "nav": "oncall",
        "pages": my_pages(me(request)),
        "people": User.objects.people(),
        "lines": on_call_lines(at),
        "turns": week.agenda(me(request), at),
        "swaps": swaps.of(me(request)),
        "overrides": Override.objects.filter(end__gt=at).select_related("user", "schedule"),
        "ladders": [
            (policy, simulating.ladder(policy, at))
            for policy in Policy.objects.prefetch_related("steps__targets", "coverages__service")
        ],
        "is_manager": me(request).is_at_least(Role.MANAGER),
        **_calendar(request, str(view), at),
        **_asked(request, at),
    }
    return doors.page(request, "oncall/index.html", context)


def _calendar(request: HttpRequest, view: str, at: datetime) -> dict[str, Any]:
    """The days that are looked at, for all schedules or the one that was chosen."""
    grid = _grid(request, view)
    every = list(Schedule.objects.prefetch_related("layers__members__user"))
    chosen = request.GET.get("schedule", "")
    shown = [row for row in every if str(row.pk) == chosen] or every
    blocks = [week.block(schedule, grid) for schedule in shown]
    start = localtime(at).replace(minute=0, second=0) + timedelta(hours=1)
    first: dict[str, Any] = {"user": request.user, "start": start, "end": start + timedelta(hours=12)}
    return {
        "view": view,
        "grid": grid,
        "blocks": blocks,
        "schedules": every,
        "chosen": shown[0] if len(shown) == 1 and chosen else None,
        "gaps": [(block.schedule, gap) for block in blocks for gap in block.gaps if gap.end > at],
        "today": localtime(at).date(),
        "last": grid.dates[-1],
        "before": grid.first - timedelta(days=1 if view == "month" else 7),
        "after": grid.dates[-1] + timedelta(days=1),
        "zone": get_current_timezone_name(),
        "drag": forms.OverrideForm(initial=first, auto_id="drag_%s"),
    }


def _asked(request: HttpRequest, at: datetime) -> dict[str, Any]:
    """ "Who would be paged at …", if it was asked."""
    if "service" not in request.GET:
        return {"ask": forms.AskForm(initial={"at": localtime(at)})}
    form = forms.AskForm(request.GET)
    if not form.is_valid():
        return {"ask": form}
    when = form.cleaned_data["at"] or at
    person, trace = policies.why(form.cleaned_data["service"], when)
    service = form.cleaned_data["service"]
    policy = plans.policy_for(service)
    climb = simulating.ladder(policy, when, team=service.team) if policy else []
    return {
        "ask": form,
        "answer": {"person": person, "trace": trace, "at": when, "climb": climb, "policy": policy},
    }


@login_required
@require_GET
def here_and_now(request: HttpRequest) -> HttpResponse:
    """The part of the Now page: on call per schedule."""
    return doors.page(request, "oncall/_now.html", {"lines": on_call_lines(now()), "user": request.user})


def said(request: HttpRequest, verb: Any, sentence: str, to: str = "") -> HttpResponse:
    """Say the verb and go back; a refusal becomes a message."""
    try:
        verb()
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, sentence)
    return redirect(to or reverse("oncall:index"))


def needs_manager(request: HttpRequest) -> HttpResponse | None:
    """Where to go instead, for somebody who may not edit."""
    if me(request).is_at_least(Role.MANAGER):
        return None
    messages.error(request, _("Schedules and policies are changed by managers. Overrides are yours to make."))
    return redirect("oncall:index")
