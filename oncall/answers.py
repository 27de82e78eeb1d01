"""The doors of a page: acknowledge, escalate, hand to, page somebody, and the panel of the incident room."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import actors
from accounts.models import Role, User
from catalog.models import Service, Team
from incidents.models import Incident
from lib import doors
from notifications.models import Delivery
from oncall import answering, forms, reacting, recording, views
from oncall.models import Page, PageRun


def _seen(request: HttpRequest) -> Any:
    return Incident.objects.visible_to(cast(User, request.user))


def _run(request: HttpRequest, pk: int) -> PageRun:
    return get_object_or_404(PageRun.objects.select_related("incident"), pk=pk, incident__in=_seen(request))


def _back(request: HttpRequest, run: PageRun) -> str:
    """To the page the button stood on: ours, or the incident's room."""
    return "oncall:index" if request.POST.get("from") == "oncall" else run.incident.get_absolute_url()


@login_required
@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    verb = lambda: answering.acknowledge(run.pk, actor=actors.web(request))  # noqa: E731
    return _answered(request, run, verb, _("Acknowledged. This pager is quiet now."))


@login_required
@require_POST
def escalate(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    verb = lambda: answering.escalate(run.pk, actor=actors.web(request))  # noqa: E731
    return _answered(request, run, verb, _("The next in line is asked now."))


@login_required
@require_POST
def hand_to(request: HttpRequest, pk: int) -> HttpResponse:
    run, form = _run(request, pk), forms.HandForm(request.POST)
    verb = lambda: answering.hand_to(  # noqa: E731
        run.pk, actor=actors.web(request), user_id=form.cleaned_data["user"].pk
    )
    if doors.do(request, form, verb):
        return _answered(
            request, run, lambda: None, _("%(name)s is asked now.") % {"name": form.cleaned_data["user"]}
        )
    return _panel(request, run.incident, hand=form)


def _answered(request: HttpRequest, run: PageRun, verb: Any, sentence: str) -> HttpResponse:
    if doors.is_fragment(request):
        form = Form({})
        doors.do(request, form, verb)
        return _panel(request, run.incident, refusal=next(iter(form.non_field_errors()), ""))
    return views.said(request, verb, sentence, to=_back(request, run))


@login_required
@require_GET
def panel(request: HttpRequest, number: int) -> HttpResponse:
    """The pages of an incident so far, and two clicks to page somebody."""
    return _panel(request, get_object_or_404(_seen(request), number=number))


@login_required
@require_POST
def page_somebody(request: HttpRequest, number: int) -> HttpResponse:
    incident, form = get_object_or_404(_seen(request), number=number), forms.PageForm(request.POST)
    verb = lambda: reacting.page_somebody(  # noqa: E731
        incident.pk, actor=actors.web(request), **form.cleaned_data
    )
    done = doors.do(request, form, verb)
    if done and not doors.is_fragment(request):
        return redirect(incident.get_absolute_url())
    return _panel(request, incident, form=None if done else form, asked=done)


def _panel(request: HttpRequest, incident: Incident, **extra: Any) -> HttpResponse:
    runs = incident.page_runs.select_related("acknowledged_by").prefetch_related("pages__user")
    me = cast(User, request.user)
    context = {
        "nav": "incidents",
        "incident": incident,
        "runs": [_line(run) for run in runs],
        "people": User.objects.people(),
        "teams": Team.objects.all(),
        "services": [row.service for row in incident.service_rows.select_related("service")],
        "other_services": Service.objects.filter(is_active=True).exclude(incidents=incident)[:200],
        "may_answer": me.is_at_least(Role.RESPONDER),
        **extra,
    }
    bad = any(getattr(extra.get(name), "errors", None) for name in ("form", "hand"))
    status = 422 if bad or extra.get("refusal") else 200
    name = "oncall/panel.html#panel" if doors.is_fragment(request) else "oncall/panel.html"
    return doors.page(request, name, context, status=status)


def _line(run: PageRun) -> dict[str, Any]:
    pages = sorted(run.pages.all(), key=lambda page: page.pk)
    failed = Delivery.objects.filter(run_key=run.pk).exclude(failed_at=None).select_related("recipient")
    return {
        "run": run,
        "asked": _each_once(pages),
        "failed": list(failed[:5]),
        "last_resort": _last_resort(run, pages),
    }


def _last_resort(run: PageRun, pages: list[Page]) -> str:
    """Whom the plan asked when everybody on its steps was, or nobody could be; empty before that."""
    newest = max((page.rung for page in pages), default=-1)
    rung = run.rungs[newest] if 0 <= newest < len(run.rungs) else (run.plan.get("tail") or {})
    return recording.names(rung) if pages and rung.get("last_resort") else ""


def _each_once(pages: list[Page]) -> list[Page]:
    return list({page.user_id: page for page in pages}.values())
