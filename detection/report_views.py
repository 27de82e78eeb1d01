"""Reports by people, and what other pages show of detection: the room's panel, the Now page's part."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import actors
from detection import indicators, reports, silences, voices
from detection.forms import InternalReportForm, ReportForm, ReportSettingsForm
from detection.kinds import CheckState, HeartbeatState
from detection.models import Alert, Check, Heartbeat, ReportPaging, Settings
from detection.views import context, for_admins
from incidents import runbooks
from incidents.models import Incident
from lib import callers, doors


@require_http_methods(["GET", "POST"])
def report_public(request: HttpRequest) -> HttpResponse:
    """The public form: no sign-in, switched off by default, never wakes anybody."""
    switches = Settings.current()
    if not switches.is_report_public:
        return doors.page(request, "detection/report_off.html", status=404)
    form = ReportForm(request.POST or None)
    if request.method == "POST" and _send(request, form):
        return doors.page(request, "detection/report_thanks.html")
    page = {"form": form, "switches": switches}
    return doors.page(request, "detection/report.html", page, 422 if form.errors else 200)


def _send(request: HttpRequest, form: ReportForm) -> bool:
    def verb() -> None:
        given = form.cleaned_data
        # Robots fill in what people do not see; they are thanked and nothing is kept.
        if given["website"]:
            return
        reports.allow(callers.address(request))
        reports.from_customer(
            service=given["service"],
            words=given["text"],
            name=given["name"],
            address=given["address"],
            reporter=callers.address(request),
        )

    return doors.do(request, form, verb)


@login_required
@require_http_methods(["GET", "POST"])
@for_admins
def report_settings(request: HttpRequest) -> HttpResponse:
    """The public form's switches, and the services for which many reports wake somebody."""
    switches = Settings.current()
    asked = {
        "is_public": switches.is_report_public,
        "intro": switches.report_intro,
        "paging": list(ReportPaging.objects.values_list("service", flat=True)),
    }
    form = ReportSettingsForm(request.POST or None, initial=asked)
    if request.method == "POST" and doors.do(
        request, form, lambda: voices.configure(actor=actors.web(request), **form.cleaned_data)
    ):
        messages.success(request, _("Saved."))
        return redirect("detection:index")
    page = context(
        request, form=form, enough=voices.ENOUGH, report_url=request.build_absolute_uri("/report/")
    )
    return doors.page(request, "detection/report_settings.html", page, 422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def report_internal(request: HttpRequest) -> HttpResponse:
    """Somebody of ours saw it: opens an incident in triage and pages."""
    form = InternalReportForm(request.POST or None, initial={"service": request.GET.get("service")})
    if request.method == "POST":
        made: list[Any] = []
        verb = lambda: made.append(  # noqa: E731
            reports.from_inside(
                actor=actors.web(request),
                service=form.cleaned_data["service"],
                words=form.cleaned_data["text"],
                title=form.cleaned_data["title"],
                severity=form.cleaned_data["severity"],
                ticket_url=form.cleaned_data["ticket_url"],
            )
        )
        if doors.do(request, form, verb):
            return redirect(made[0].incident.get_absolute_url())
    page = context(request, form=form)
    return doors.page(request, "detection/report_internal.html", page, 422 if form.errors else 200)


@login_required
@require_GET
def panel(request: HttpRequest, number: int) -> HttpResponse:
    """The alerts and reports of an incident, for its room."""
    user: Any = request.user
    incident = get_object_or_404(Incident.objects.visible_to(user), number=number)
    rows = incident.alerts.select_related("source", "service")
    shown = list(rows.order_by("resolved_at", "-last_seen_at")[:12])
    known = runbooks.kept(incident) if any(row.runbook_url for row in shown) else []
    page = context(
        request,
        incident=incident,
        indicator=indicators.of(incident),
        alerts=[(row, runbooks.meant(row.runbook_url, known)) for row in shown],
        total=rows.count(),
        left=rows.open().count(),
        bundles=incident.bundles.select_related("source"),
        reports=incident.reports.select_related("contact", "user")[:8],
    )
    return doors.answer(request, "detection/panel.html", "panel", page)


@login_required
@require_GET
def now_fragment(request: HttpRequest) -> HttpResponse:
    """What fires and what is down, for the Now page."""
    user: Any = request.user
    page = {
        "firing_count": Alert.objects.visible_to(user).open().count(),
        "down_checks": Check.objects.filter(state=CheckState.DOWN, is_paused=False),
        "down_heartbeats": Heartbeat.objects.filter(state=HeartbeatState.DOWN, is_paused=False),
        "silences": silences.running(),
    }
    return doors.page(request, "detection/_now.html", page)
