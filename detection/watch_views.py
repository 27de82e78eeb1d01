"""Pages of what Tocsin looks after itself, HTTP checks and heartbeats: read by all, set by admins."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actors
from detection import heartbeats, probes, sparkline
from detection.forms import CheckForm, HeartbeatForm
from detection.models import Check, Heartbeat
from detection.sparkline import Dot
from detection.views import _refused, context, for_admins
from lib import doors
from lib.refusal import Refused

POINTS = 60


@login_required
@require_GET
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """One check with its last answers."""
    row = get_object_or_404(Check.objects.select_related("service"), pk=pk)
    results = list(row.results.order_by("-pk")[:POINTS])
    dots = [Dot(r.elapsed.total_seconds() * 1000 if r.elapsed else None, r.is_ok) for r in reversed(results)]
    times = [dot.ms for dot in dots if dot.ms is not None]
    words = _("Response times of the last %(count)d answers, the slowest %(ms)d ms; %(bad)d failed.") % {
        "count": len(dots),
        "ms": max(times, default=0),
        "bad": sum(not dot.is_ok for dot in dots),
    }
    page = context(request, check=row, results=results[:20], drawing=sparkline.draw(dots, words), words=words)
    return doors.page(request, "detection/check.html", page)


@login_required
@for_admins
@require_http_methods(["GET", "POST"])
def check_new(request: HttpRequest) -> HttpResponse:
    form = CheckForm(request.POST or None)
    verb = lambda: probes.create(actor=actors.web(request), **form.cleaned_data)  # noqa: E731
    return _edit(request, form, verb, _("A new check"), "detection:check")


@login_required
@for_admins
@require_http_methods(["GET", "POST"])
def check_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Check, pk=pk)
    form = CheckForm(request.POST or None, instance=row)
    verb = lambda: probes.change(pk, actor=actors.web(request), **form.cleaned_data)  # noqa: E731
    return _edit(request, form, verb, row.name, "detection:check")


@login_required
@require_POST
def check_pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _pause(request, probes.pause, pk, "detection:check")


@login_required
@require_GET
def heartbeat(request: HttpRequest, pk: int) -> HttpResponse:
    return _heartbeat(request, get_object_or_404(Heartbeat.objects.select_related("service"), pk=pk))


def _heartbeat(request: HttpRequest, row: Heartbeat, *, token: str = "") -> HttpResponse:
    page = context(request, heartbeat=row, token=token, address=heartbeats.address(token or "<token>"))
    response = doors.page(request, "detection/heartbeat.html", page)
    if token:
        response["Cache-Control"] = "no-store"
    return response


@login_required
@for_admins
@require_http_methods(["GET", "POST"])
def heartbeat_new(request: HttpRequest) -> HttpResponse:
    """Make one and show its address, this once."""
    form, made = HeartbeatForm(request.POST or None), []
    verb = lambda: made.append(heartbeats.create(actor=actors.web(request), **form.cleaned_data))  # noqa: E731
    if request.method == "POST" and doors.do(request, form, verb):
        return _heartbeat(request, made[0][0], token=made[0][1])
    page = context(request, form=form, title=_("A new heartbeat"))
    return doors.page(request, "detection/edit.html", page, 422 if form.errors else 200)


@login_required
@for_admins
@require_http_methods(["GET", "POST"])
def heartbeat_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Heartbeat, pk=pk)
    form = HeartbeatForm(request.POST or None, instance=row)
    verb = lambda: heartbeats.change(pk, actor=actors.web(request), **form.cleaned_data)  # noqa: E731
    return _edit(request, form, verb, row.name, "detection:heartbeat")


@login_required
@require_POST
def heartbeat_pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _pause(request, heartbeats.pause, pk, "detection:heartbeat")


@login_required
@require_POST
def heartbeat_token(request: HttpRequest, pk: int) -> HttpResponse:
    """A new address; the old one stops at once."""
    try:
        row, token = heartbeats.renew_token(pk, actor=actors.web(request))
    except Refused as refused:
        return _refused(request, refused, "/detection/")
    return _heartbeat(request, row, token=token)


def _edit(
    request: HttpRequest,
    form: "ModelForm[Any]",
    verb: Callable[[], Any],
    title: str,
    there: str,
) -> HttpResponse:
    saved: list[Any] = []
    if request.method == "POST" and doors.do(request, form, lambda: saved.append(verb())):
        messages.success(request, _("Saved."))
        return redirect(there, saved[0].pk)
    page = context(request, form=form, title=title)
    return doors.page(request, "detection/edit.html", page, 422 if form.errors else 200)


def _pause(request: HttpRequest, verb: Callable[..., Any], pk: int, there: str) -> HttpResponse:
    paused = request.POST.get("paused") == "1"
    try:
        verb(pk, actor=actors.web(request), paused=paused)
    except Refused as refused:
        return _refused(request, refused, "/detection/")
    messages.success(request, _("Paused. Nobody is told of it now.") if paused else _("It goes on."))
    return redirect(there, pk)
