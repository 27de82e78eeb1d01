"""By the incident: the panel in its room, opening by hand, waiving; and the Now page's fragment."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import web
from accounts.models import Role
from catalog.models import Service
from incidents.models import Incident
from lib.doors import is_fragment
from lib.refusal import Refused
from postmortems import boards, opening, publishing, recurring
from postmortems.forms import ReasonForm
from postmortems.models import Postmortem


def _incident(request: HttpRequest, number: int) -> Incident:
    rows = Incident.objects.visible_to(request.user)  # type: ignore[arg-type]
    return get_object_or_404(rows.select_related("service__team", "severity"), number=number)


@require_GET
@login_required
def panel(request: HttpRequest, number: int) -> HttpResponse:
    """The postmortem's part of an incident's room; 204 to who waits for a document while there is none."""
    incident = _incident(request, number)
    if "waits" in request.GET and not Postmortem.objects.filter(incident=incident).exists():
        return HttpResponse(status=204)
    return _panel(request, incident)


@require_GET
@login_required
def of(request: HttpRequest, number: int) -> HttpResponse:
    """To the incident's document; to the place where it is opened while there is none."""
    postmortem = Postmortem.objects.filter(incident=_incident(request, number)).first()
    return redirect(postmortem if postmortem else reverse("postmortems:panel", args=[number]))


def _panel(
    request: HttpRequest, incident: Incident, *, form: ReasonForm | None = None, error: str = ""
) -> HttpResponse:
    postmortem = Postmortem.objects.filter(incident=incident).prefetch_related("authors").first()
    if postmortem:
        postmortem.incident = incident
    context = {
        "nav": "incidents",
        "incident": incident,
        "postmortem": postmortem,
        "actions": postmortem.actions.select_related("owner") if postmortem else [],
        "recurring": recurring.of_incident(incident),
        "may_open": not incident.is_drill and incident.status in ("resolved", "closed"),
        "may_waive": web(request).is_at_least(Role.MANAGER),
        "form": form,
        "error": error,
    }
    template = "postmortems/_panel.html" if is_fragment(request) else "postmortems/panel.html"
    return render(request, template, context, status=422 if error or form else 200)


@require_GET
@login_required
def again(request: HttpRequest) -> HttpResponse:
    """While somebody declares: what was promised after earlier outages of this service, and is late."""
    asked = request.GET.get("service", "")
    known = Service.objects.select_related("team").filter(slug=asked.replace("\x00", "")[:100]).first()
    context = {"recurring": recurring.of_service(known) if known else []}
    return render(request, "postmortems/_again.html", context)


@require_POST
@login_required
def open_by_hand(request: HttpRequest, number: int) -> HttpResponse:
    incident = _incident(request, number)
    try:
        postmortem = opening.open_by_hand(incident.pk, actor=web(request))
    except Refused as refusal:
        return _panel(request, incident, error=refusal.message)
    if is_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": postmortem.get_absolute_url()})
    return redirect(postmortem)


@require_POST
@login_required
def waive(request: HttpRequest, number: int) -> HttpResponse:
    incident, form = _incident(request, number), ReasonForm(request.POST)
    if not form.is_valid():
        return _panel(request, incident, form=form)
    try:
        incident = publishing.waive(incident.pk, actor=web(request), reason=form.cleaned_data["reason"])
    except Refused as refusal:
        return _panel(request, incident, error=refusal.message)
    if is_fragment(request):
        return _panel(request, _incident(request, number))
    return redirect(incident)


@require_GET
@login_required
def now(request: HttpRequest) -> HttpResponse:
    """Late actions and due documents, for the Now page."""
    return render(request, "postmortems/_now.html", boards.now_context(web(request).user))
