"""The catalog's pages: services, teams, and how they are changed."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, Prefetch, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import actors
from accounts.models import Role
from catalog import deploys, extras, mitigations, picture, quiet, writing
from catalog.forms import DeployForm
from catalog.models import Deploy, Membership, Runbook, Service, Team
from lib import doors


def may_edit(request: HttpRequest) -> bool:
    """The catalog is configuration: for admins."""
    user: Any = request.user
    return bool(user.is_at_least(Role.ADMIN))


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every service with its owner, state and last change."""
    q = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    newest = Deploy.objects.filter(service=OuterRef("pk")).order_by("-at")
    found = Service.objects.select_related("team").annotate(
        last_version=Subquery(newest.values("version")[:1]), last_at=Subquery(newest.values("at")[:1])
    )
    if q:
        found = found.filter(Q(name__icontains=q) | Q(slug__icontains=q) | Q(team__name__icontains=q))
    services: list[Any] = list(found.filter(is_active=True))
    columns = [(column.label, column.read(request.user, services)) for column in extras.service_columns]
    rows = [(service, [values.get(service.pk) for _label, values in columns]) for service in services]
    context = {
        "nav": "catalog",
        "q": q,
        "rows": rows,
        "columns": [label for label, _values in columns],
        "retired": found.filter(is_active=False),
        "teams": Team.objects.prefetch_related("services", "people"),
        "may_edit": may_edit(request),
    }
    return doors.page(request, "catalog/index.html", context)


def _service(slug: str) -> Service:
    found = Service.objects.select_related("team").prefetch_related("depends_on", "runbooks")
    return get_object_or_404(found, slug=slug)


def show(request: HttpRequest, service: Service, form: DeployForm | None = None) -> HttpResponse:
    """The service's page, with the form for a change as far as it is filled in."""
    hit = extras.hit(request.user)
    context = {
        "nav": "catalog",
        "service": service,
        "picture": picture.draw(service, hit),
        "uppers": list(service.dependents.filter(is_active=True)),
        "lowers": list(service.depends_on.filter(is_active=True)),
        "hit": hit,
        "quiet": quiet.of([service.pk]),
        "managers": service.team.managers(),
        "deploys": service.deploys.all()[:10],
        "mitigations": [(one, mitigations.fill(one, service)) for one in mitigations.for_service(service)],
        "panels": [reverse(name, args=[service.slug]) for name in extras.service_panels],
        "form": form or DeployForm(),
        "may_edit": may_edit(request),
        "may_note": actors.web(request).is_at_least(Role.RESPONDER),
    }
    status = 422 if form is not None and form.errors else 200
    return doors.page(request, "catalog/detail.html", context, status)


@login_required
@require_GET
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """What this service is, who owns it, what it stands on and what helps it."""
    return show(request, _service(slug))


@login_required
@require_POST
def note_deploy(request: HttpRequest, slug: str) -> HttpResponse:
    """Note a change that no tool told us of."""
    service, form = _service(slug), DeployForm(request.POST)
    actor = actors.web(request)
    if not actor.is_at_least(Role.RESPONDER):
        messages.error(request, _("Changes are noted by responders. Ask an admin for that role."))
        return redirect(service)

    def verb() -> Deploy:
        return deploys.record(service.pk, author=actor.label[:200], source="web", **form.cleaned_data)

    if doors.do(request, form, verb):
        messages.success(request, _("Noted. It will stand among the recent changes of an incident."))
        return redirect(service)
    return show(request, service, form)


@login_required
@require_GET
def runbook(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A runbook kept here."""
    found = get_object_or_404(Runbook.objects.select_related("service"), pk=pk, service__slug=slug)
    context = {"nav": "catalog", "runbook": found, "service": found.service, "may_edit": may_edit(request)}
    return doors.page(request, "catalog/runbook.html", context)


@login_required
@require_GET
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is in the team, when it works, and what it owns."""
    people = Prefetch("memberships", Membership.objects.select_related("user"))
    found = get_object_or_404(Team.objects.prefetch_related(people, "services"), slug=slug)
    week = [
        (WEEKDAYS[day], [f"{start}–{end}" for weekday, start, end in found.windows if weekday == day])
        for day in range(7)
    ]
    manages = writing.manages(actors.web(request), found)
    context = {"nav": "catalog", "team": found, "week": week, "may_edit": manages}
    return doors.page(request, "catalog/team.html", context)
