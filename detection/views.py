"""Detection's pages: sources, alerts, silences, reports, and the panel in the incident room."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actors
from accounts.models import Role
from detection import alerts, silences, snippets, sources
from detection.forms import RuleForm, SilenceForm, SourceForm
from detection.kinds import AlertStatus, SourceKind
from detection.models import Alert, Check, Heartbeat, Payload, Silence, Source
from lib import doors, text
from lib.refusal import Refused

PER_PAGE = 50
MARGIN = timedelta(minutes=1)
KEY_HERE = "your-key"


def may_configure(request: HttpRequest) -> bool:
    user: Any = request.user
    return bool(user.is_at_least(Role.ADMIN))


def for_admins(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A form of configuration is not shown to who may not send it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_configure(request):
            raise PermissionDenied(_("This is set by admins. Ask one of them."))
        return view(request, *args, **kwargs)

    return guarded


def context(request: HttpRequest, **more: Any) -> dict[str, Any]:
    """What every page of the room needs: the reader sees no button that would be refused."""
    user: Any = request.user
    rights = {"may_configure": may_configure(request), "may_operate": user.is_at_least(Role.RESPONDER)}
    return {"nav": "detection", **rights, **more}


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Who speaks to us, what fires, and what we look after ourselves."""
    return _index(request, SourceForm())


def _index(request: HttpRequest, form: SourceForm) -> HttpResponse:
    user: Any = request.user
    listed = Source.objects.exclude(kind=SourceKind.INTERNAL).select_related("service")
    seen = Alert.objects.visible_to(user)
    page = context(
        request,
        form=form,
        sources=listed.annotate(open_alerts=Count("alerts", filter=Q(alerts__in=seen.open()))),
        firing=seen.open().select_related("source", "service", "incident")[:8],
        firing_count=seen.open().count(),
        checks=Check.objects.select_related("service"),
        heartbeats=Heartbeat.objects.select_related("service"),
        silences=silences.running(),
    )
    status = 422 if form.is_bound and form.errors else 200
    return doors.page(request, "detection/index.html", page, status)


@login_required
@require_http_methods(["GET", "POST"])
def source_new(request: HttpRequest) -> HttpResponse:
    """Make a source and show its key, this once; who only looks is led to the form."""
    if request.method == "GET":
        return redirect(reverse("detection:index") + "?add=source#add-source")
    form, made = SourceForm(request.POST), []
    verb = lambda: made.append(sources.create(actor=actors.web(request), **form.cleaned_data))  # noqa: E731
    if not doors.do(request, form, verb):
        return _index(request, form)
    source, key = made[0]
    return _source(request, source, key=key)


@login_required
@require_GET
def source(request: HttpRequest, pk: int) -> HttpResponse:
    return _source(request, _find(pk))


def _find(pk: int) -> Source:
    return get_object_or_404(
        Source.objects.select_related("service").exclude(kind=SourceKind.INTERNAL), pk=pk
    )


def _source(
    request: HttpRequest, source: Source, *, key: str = "", rule_form: RuleForm | None = None
) -> HttpResponse:
    user: Any = request.user
    page = context(
        request,
        source=source,
        key=key,
        address=sources.address(source, key or KEY_HERE),
        snippets=snippets.for_kind(source.kind, settings.BASE_URL, key or KEY_HERE),
        rules=source.rules.select_related("service", "severity"),
        rule_form=rule_form or RuleForm(),
        payloads=_bodies(source, user) if may_configure(request) else (),
        alerts=source.alerts.visible_to(user).select_related("service", "incident")[:10],
    )
    status = 422 if rule_form is not None and rule_form.errors else 200
    response = doors.page(request, "detection/source.html", page, status)
    if key:
        # The back button must not show the key again.
        response["Cache-Control"] = "no-store"
    return response


def _bodies(source: Source, user: Any) -> list[Payload]:
    """The last bodies, but for those of the time in which an alert spoke that this admin may not know of."""
    seen = Alert.objects.visible_to(user)
    unseen = source.alerts.exclude(pk__in=seen.values("pk")).filter(incident__isnull=False)
    spans = [
        (first - MARGIN, max(last, ended or last) + MARGIN)
        for first, last, ended in unseen.values_list("first_seen_at", "last_seen_at", "resolved_at")
    ]
    rows = source.payloads.all()[:100]
    return [row for row in rows if not any(a <= row.received_at <= b for a, b in spans)][:10]


@login_required
@require_POST
def source_key(request: HttpRequest, pk: int) -> HttpResponse:
    """A new key; the old one stops at once."""
    try:
        renewed, key = sources.renew_key(_find(pk).pk, actor=actors.web(request))
    except Refused as refused:
        return _refused(request, refused, reverse("detection:source", args=[pk]))
    return _source(request, renewed, key=key)


@login_required
@require_POST
def source_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Listen, or stop listening."""
    on = request.POST.get("listens") == "1"
    back = reverse("detection:source", args=[pk])
    return _say(
        request,
        lambda: sources.change(_find(pk).pk, actor=actors.web(request), is_active=on, keep_service=True),
        back,
        _("It listens again.") if on else _("It does not listen any more; its tool is answered 403."),
    )


@login_required
@require_POST
def source_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test alert the way of this source."""
    opens = request.POST.get("opens") == "1"
    return _say(
        request,
        lambda: alerts.test(_find(pk).pk, actor=actors.web(request), opens=opens),
        reverse("detection:source", args=[pk]),
        _("The test alert opened an incident and pages who is on call.")
        if opens
        else _("The test alert arrived and ended at once; it woke nobody."),
    )


@login_required
@require_POST
def rule_new(request: HttpRequest, pk: int) -> HttpResponse:
    form, found = RuleForm(request.POST), _find(pk)
    verb = lambda: sources.add_rule(found.pk, actor=actors.web(request), **form.cleaned_data)  # noqa: E731
    if doors.do(request, form, verb):
        return redirect("detection:source", pk)
    return _source(request, found, rule_form=form)


@login_required
@require_POST
def rule_remove(request: HttpRequest, pk: int, rule: int) -> HttpResponse:
    return _say(
        request,
        lambda: sources.remove_rule(_find(pk).pk, rule, actor=actors.web(request)),
        reverse("detection:source", args=[pk]),
        _("The rule is gone."),
    )


def _say(request: HttpRequest, verb: Any, back: str, told: str) -> HttpResponse:
    """A button without fields: say the verb, tell what happened, go back."""
    try:
        verb()
    except Refused as refused:
        return _refused(request, refused, back)
    messages.success(request, told)
    return redirect(back)


def _refused(request: HttpRequest, refused: Refused, back: str) -> HttpResponse:
    messages.error(request, refused.message)
    return redirect(back)


# Alerts -------------------------------------------------------------------------------------------


@login_required
@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    """Alerts, newest first, by status, source and words; paged by number, so that deep pages stay fast."""
    user: Any = request.user
    status, chosen = request.GET.get("status", "open"), request.GET.get("source", "")
    words = request.GET.get("q", "")[:100]
    words = words.strip() if text.is_storable(words) else ""
    found = Alert.objects.visible_to(user).select_related("source", "service", "incident", "silence")
    if status == "open":
        found = found.open()
    elif status in AlertStatus.values:
        found = found.filter(status=status)
    if chosen.isascii() and chosen.isdigit():
        found = found.filter(source=int(chosen[:9]))
    if words:
        found = found.filter(Q(summary__icontains=words) | Q(dedup_key__icontains=words))
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        found = found.filter(pk__lt=int(before[:18]))
    rows = list(found[: PER_PAGE + 1])
    page = context(
        request,
        alerts=rows[:PER_PAGE],
        more=rows[PER_PAGE - 1].pk if len(rows) > PER_PAGE else None,
        status=status,
        statuses=[("open", _("Open")), *AlertStatus.choices, ("all", _("All"))],
        chosen=chosen,
        q=words,
        sources=Source.objects.all(),
    )
    return doors.page(request, "detection/alerts.html", page)


@login_required
@require_GET
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    found = Alert.objects.visible_to(user).select_related("source", "service", "incident", "silence")
    row = get_object_or_404(found, pk=pk)
    earlier = Alert.objects.visible_to(user).filter(source=row.source, dedup_key=row.dedup_key, pk__lt=pk)
    page = context(
        request,
        alert=row,
        earlier=earlier.select_related("incident")[:10],
        silence_form=SilenceForm(initial={"matchers": _like(row), "span": "1 h"}),
    )
    return doors.page(request, "detection/alert.html", page)


def _like(row: Alert) -> list[dict[str, str]]:
    """Matchers that cover this alert and little else."""
    name = row.labels.get("alertname")
    matchers = [{"label": "service", "operator": "=", "value": row.service.slug}]
    own = ("alertname", name) if name else ("summary", row.summary)
    return [*matchers, {"label": own[0], "operator": "=", "value": own[1]}]


@login_required
@require_POST
def alert_resolve(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    row = get_object_or_404(Alert.objects.visible_to(user), pk=pk)
    return _say(
        request,
        lambda: alerts.resolve_by_hand(row.pk, actor=actors.web(request)),
        reverse("detection:alert", args=[pk]),
        _("The alert is over. If it fires again, it is a new one."),
    )


@login_required
@require_http_methods(["GET", "POST"])
def silence_list(request: HttpRequest) -> HttpResponse:
    """What is silent, and the form for one more."""
    form = SilenceForm(request.POST or None, initial={"span": "1 h"})
    if request.method == "POST":
        verb = lambda: silences.silence(  # noqa: E731
            actor=actors.web(request),
            matchers=form.cleaned_data["matchers"],
            until=now() + form.cleaned_data["span"],
            reason=form.cleaned_data["reason"],
        )
        if doors.do(request, form, verb):
            messages.success(
                request, _("It is silent. Alerts that match are kept and shown, and open nothing.")
            )
            return redirect("detection:silences")
    rows = Silence.objects.select_related("created_by").annotate(hits=Count("alerts"))
    page = context(request, form=form, running=[row for row in rows[:200] if row.is_running])
    page["past"] = [row for row in rows[:200] if not row.is_running][:20]
    return doors.page(request, "detection/silences.html", page, 422 if form.errors else 200)


@login_required
@require_POST
def silence_end(request: HttpRequest, pk: int) -> HttpResponse:
    return _say(
        request,
        lambda: silences.end(pk, actor=actors.web(request)),
        reverse("detection:silences"),
        _("The silence is over. What still fires is looked at within half a minute."),
    )
