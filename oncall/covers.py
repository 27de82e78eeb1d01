"""The doors of a shift that somebody else takes: overrides, and swaps that the other must accept."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import get_current_timezone_name, localtime, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import actors
from accounts.models import User
from lib import doors
from oncall import forms, schedules, swaps, week
from oncall.views import said


def _first(request: HttpRequest) -> dict[str, Any]:
    """What a form shows first: the address may name the schedule and the span."""
    start = localtime(now()).replace(minute=0, second=0) + timedelta(hours=1)
    first: dict[str, Any] = {"start": start, "end": start + timedelta(hours=12)}
    asked = forms.SpanForm(request.GET)
    asked.is_valid()
    first |= {name: value for name, value in asked.cleaned_data.items() if value}
    if first["end"] <= first["start"]:
        first["end"] = first["start"] + timedelta(hours=12)
    return first


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def override(request: HttpRequest) -> HttpResponse:
    """Somebody stands in. The times are the reader's."""
    form = forms.OverrideForm(request.POST or None, initial={"user": request.user, **_first(request)})

    def say() -> object:
        data = form.cleaned_data
        return schedules.stand_in(
            data["schedule"].pk,
            actor=actors.web(request),
            user_id=data["user"].pk,
            start=data["start"],
            end=data["end"],
            note=data["note"],
        )

    if request.method == "POST" and doors.do(request, form, say):
        messages.success(request, _("The override stands."))
        return redirect("oncall:index")
    context = {"nav": "oncall", "form": form, "zone": get_current_timezone_name()}
    return doors.page(request, "oncall/override.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def end_override(request: HttpRequest, pk: int) -> HttpResponse:
    return said(
        request, lambda: schedules.end_override(pk, actor=actors.web(request)), _("The override is gone.")
    )


def _offered(user: User, form: forms.SwapForm) -> dict[str, Any]:
    """One's own shifts, and those of others in the same schedule that one could take in return."""
    given = form["schedule"].value()
    found = forms.SpanForm({"schedule": getattr(given, "pk", given)})
    found.is_valid()
    chosen = found.cleaned_data.get("schedule")
    swappable = dict(User.objects.responders().exclude(pk=user.pk).in_bulk())
    theirs = week.turns(chosen, now(), days=42) if chosen else []
    return {
        "mine": [turn for turn in week.agenda(user, now()) if turn.end][:12],
        "theirs": [(swappable[turn.user], turn) for turn in theirs if turn.user in swappable and turn.end][
            :20
        ],
        "chosen": chosen,
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def swap(request: HttpRequest) -> HttpResponse:
    """Offer a shift of one's own. The times are the reader's."""
    form = forms.SwapForm(request.POST or None, initial=_first(request))

    def say() -> object:
        data = form.cleaned_data
        back = (data["back_start"], data["back_end"]) if data["back_start"] else None
        return swaps.propose(
            data["schedule"].pk,
            actor=actors.web(request),
            other_id=data["other"].pk,
            given=(data["start"], data["end"]),
            back=back,
            note=data["note"],
        )

    if request.method == "POST" and doors.do(request, form, say):
        messages.success(
            request,
            _("%(name)s is told. The shift stays yours until it is accepted.")
            % {"name": form.cleaned_data["other"]},
        )
        return redirect("oncall:index")
    context = {
        "nav": "oncall",
        "form": form,
        "zone": get_current_timezone_name(),
        **_offered(cast(User, request.user), form),
    }
    return doors.page(request, "oncall/swap.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    verb = lambda: swaps.accept(pk, actor=actors.web(request))  # noqa: E731
    return said(request, verb, _("Agreed. The calendar shows it, and the other one is told."))


@login_required
@require_POST
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    verb = lambda: swaps.decline(pk, actor=actors.web(request))  # noqa: E731
    return said(request, verb, _("Declined. The shift stays where it is."))


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    verb = lambda: swaps.withdraw(pk, actor=actors.web(request))  # noqa: E731
    return said(request, verb, _("The offer is withdrawn. The shift stays yours."))
