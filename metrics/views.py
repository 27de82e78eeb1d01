"""The pages of the figures, and the address that Prometheus asks."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import actors
from accounts.authentication import bearer_of
from accounts.models import Role, User
from catalog.models import Service
from incidents.models import Incident
from lib import callers
from lib.doors import do, page
from lib.refusal import Invalid, Refused
from metrics import annotating, board, download, exposition, listing, pictures, tables, trends
from metrics import review as reviews
from metrics.forms import PERIODS, FilterForm, MarkForm
from metrics.measures import Measure
from metrics.models import Annotation

PER_PAGE = 50
SHOWN_MARKS = 200


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Five figures, how often, how it goes, by service."""
    form = _filters(request)
    shown = board.read(form.selection())
    context = {
        "form": form,
        "board": shown,
        "query": _query(form, request.GET),
        "period": PERIODS[form.period_key],
    }
    return page(request, "metrics/index.html", {"nav": "metrics", **context}, status=_status(form))


@require_safe
@login_required
def detail(request: HttpRequest, measure: str) -> HttpResponse:
    """One figure: its trend, and the very incidents it is made of."""
    if measure not in {which.value for which in Measure}:
        raise Http404
    which, form = Measure(measure), _filters(request)
    asked = form.selection()
    found = listing.behind(which, asked, reader=_reader(request))
    rows = Paginator(found.rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "which": which,
        "title": pictures.titles()[which],
        "figure": found.figure,
        "hidden": found.hidden,
        "trend": pictures.trend(
            which,
            form.per_asked,
            trends.trend(which, form.per_asked, asked),
            annotating.by_period(annotating.during(asked), form.per_asked),
        ),
        "spread": pictures.distribution(found.figure, which.value.upper()),
        "page": rows,
        "rows": _rows(rows.object_list, _reader(request)),
        "query": _query(form, request.GET),
        "period": PERIODS[form.period_key],
    }
    return page(request, "metrics/detail.html", {"nav": "metrics", **context}, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def marks(request: HttpRequest) -> HttpResponse:
    """What people marked on the charts, newest first, and the form for one more."""
    form = MarkForm(request.POST if request.method == "POST" else None)
    actor = actors.web(request)
    if form.is_bound and do(request, form, lambda: annotating.mark(actor=actor, **form.words())):
        messages.success(request, _("Marked. It stands on the charts of that day."))
        return redirect("metrics:marks")
    rows = Annotation.objects.select_related("service", "team", "by")[:SHOWN_MARKS]
    context = {
        "form": form,
        "rows": [(row, annotating.may_unmark(actor, row)) for row in rows],
        "may_mark": actor.is_at_least(Role.RESPONDER),
    }
    return page(
        request, "metrics/marks.html", {"nav": "metrics", **context}, status=422 if form.errors else 200
    )


@require_POST
@login_required
def unmark(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a mark away."""
    try:
        annotating.unmark(pk, actor=actors.web(request))
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Removed. The charts no longer show it."))
    return redirect("metrics:marks")


@require_safe
@login_required
def review(request: HttpRequest) -> HttpResponse:
    """One month on a page that can be printed."""
    found = _review(request)
    return page(request, "metrics/review.html", {"nav": "metrics", "review": found})


@require_safe
@login_required
def incidents_csv(request: HttpRequest) -> HttpResponseBase:
    """The incidents of the page as a file."""
    return download.csv_answer(_filters(request).selection(), reader=_reader(request))


@require_safe
@login_required
def table(request: HttpRequest, name: str, form: str) -> HttpResponseBase:
    """One table of the page as a file; ``measure`` names the figure of those that are about one."""
    filters, which = _filters(request), request.GET.get("measure") or Measure.MTTM.value
    if form not in download.FORMS or name not in tables.NAMES or which not in {one.value for one in Measure}:
        raise Http404
    asked = tables.Asked(filters.selection(), _reader(request), Measure(which), filters.per_asked)
    return download.answer(tables.read(name, asked), form)


@require_safe
@login_required
def review_table(request: HttpRequest, form: str) -> HttpResponseBase:
    """The review of a month as a file."""
    if form not in download.FORMS:
        raise Http404
    return download.answer(tables.review(_review(request)), form)


def _review(request: HttpRequest) -> reviews.Review:
    try:
        first = reviews.month_from(request.GET.get("month", ""))
    except Invalid:
        raise Http404 from None
    return reviews.read(first, reader=_reader(request))


@require_safe
@never_cache
def prometheus(request: HttpRequest) -> HttpResponse:
    """``/metrics``: figures of the house for loopback or a token; a browser is led to the page."""
    if "text/html" in request.headers.get("Accept", ""):
        return redirect("metrics:index")
    if not (_is_loopback(request) or bearer_of(request)):
        answer = HttpResponse("Ask from this machine, or with a token.\n", "text/plain", status=401)
        answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return answer
    return HttpResponse(exposition.text(), content_type=exposition.CONTENT_TYPE)


def _is_loopback(request: HttpRequest) -> bool:
    # Behind a proxy of this machine everybody comes from loopback.
    if callers.is_through_proxy(request):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _filters(request: HttpRequest) -> FilterForm:
    form = FilterForm(request.GET)
    form.full_clean()
    return form


def _status(form: FilterForm) -> int:
    return 400 if form.errors else 200


def _query(form: FilterForm, asked: QueryDict) -> str:
    """The filters in use, for links to the neighbouring pages."""
    used = {name: asked[name] for name in form.fields if asked.get(name) and name not in form.errors}
    return f"?{urlencode(used)}" if used else ""


def _reader(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _rows(rows: Any, reader: User) -> list[dict[str, Any]]:
    """The incidents of one page of a listing, in its order."""
    found = Incident.objects.visible_to(reader).select_related("severity", "service")
    incidents = found.in_bulk([row.incident_id for row in rows])
    services = Service.objects.in_bulk({row.service_id for row in rows if row.service_id})
    return [
        {
            "incident": incidents[row.incident_id],
            "service": services.get(row.service_id) or incidents[row.incident_id].service,
            "span": row.span,
        }
        for row in rows
        if row.incident_id in incidents
    ]
