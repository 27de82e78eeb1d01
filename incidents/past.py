"""The form for an incident that is over already: it gives the times, and rings nobody."""

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts import actors
from catalog.models import Service
from incidents import lifecycle
from incidents.forms import MomentField
from incidents.kinds import Provenance, Source
from incidents.models import Incident, Severity
from lib import doors
from lib.text import CleanCharField


class PastForm(forms.Form):
    """What it was, and when each thing happened. Only the end has to be known."""

    title = CleanCharField(
        label=_("What was wrong?"), max_length=200, help_text=_("As a customer would say it.")
    )
    service = forms.ModelChoiceField(
        label=_("Service"),
        queryset=Service.objects.filter(is_active=True),
        to_field_name="slug",
        empty_label=None,
    )
    severity = forms.ModelChoiceField(
        label=_("Severity"), queryset=Severity.objects.all(), to_field_name="name", empty_label=None
    )
    source = forms.ChoiceField(label=_("How we noticed"), choices=Source.choices)
    started_at = MomentField(
        label=_("Impact began"), required=False, help_text=_("When users first felt it. Empty if unknown.")
    )
    detected_at = MomentField(
        label=_("We noticed"), required=False, help_text=_("Empty: at the first time given here.")
    )
    acknowledged_at = MomentField(label=_("Somebody took it on"), required=False)
    mitigated_at = MomentField(
        label=_("Impact ended"), required=False, help_text=_("Empty: when it was resolved.")
    )
    resolved_at = MomentField(label=_("Resolved"))
    summary = CleanCharField(
        label=_("What happened"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    ticket_url = forms.URLField(label=_("Ticket"), max_length=500, required=False, assume_scheme="https")
    is_private = forms.BooleanField(label=_("Private (security, people)"), required=False)


@require_http_methods(["GET", "POST"])
@login_required
def enter(request: HttpRequest) -> HttpResponse:
    """Enter an incident that is over: it counts, but no page and no clock except the postmortem's."""
    if request.method == "GET":
        asked = {name: request.GET[name][:200] for name in ("title", "service") if name in request.GET}
        return _show(request, PastForm(initial={"source": Source.INTERNAL_REPORT, **asked}))
    form = PastForm(request.POST)
    made: list[Incident] = []
    if doors.do(request, form, lambda: made.append(_enter(request, form.cleaned_data))):
        return redirect(made[0])
    return _show(request, form, status=422)


def _show(request: HttpRequest, form: PastForm, status: int = 200) -> HttpResponse:
    return render(request, "incidents/past.html", {"nav": "declare", "form": form}, status=status)


def _enter(request: HttpRequest, given: dict[str, Any]) -> Incident:
    return lifecycle.open_incident(
        title=given["title"],
        actor=actors.web(request),
        service_ids=[given["service"].pk],
        severity=given["severity"],
        source=given["source"],
        summary=given["summary"],
        ticket_url=given["ticket_url"],
        started_at=given["started_at"],
        provenance=Provenance.REPORTED,
        detected_at=given["detected_at"],
        is_private=given["is_private"],
        retrospective=lifecycle.Retrospective(
            resolved_at=given["resolved_at"],
            mitigated_at=given["mitigated_at"],
            acknowledged_at=given["acknowledged_at"],
        ),
    )
