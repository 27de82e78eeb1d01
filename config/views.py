"""The pages that belong to no single room: now, the guide of an empty house, search, and what went wrong."""

import re
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import DisallowedHost
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST, require_safe
from django.views.defaults import bad_request, server_error

from accounts import actors
from accounts.models import User
from catalog.models import Service
from config import now_page
from detection.models import Alert
from incidents import acknowledging, searching
from incidents.models import Incident
from lib import doors, searchwords
from lib.drf import problem_json
from lib.refusal import Refused

NUMBER = re.compile(r"^(?:inc-?)?(\d{1,12})$", re.IGNORECASE)
AT_MOST = 20
#: The lists of the search page, and what stands in each.
SEARCHED = {"incidents": ("incident",), "said": ("update", "note"), "postmortems": ("postmortem",)}


@login_required
@require_GET
def now(request: HttpRequest) -> HttpResponse:
    """What is wrong now, what is owed next, and who is awake; polled as a part of itself."""
    context: dict[str, Any] = {"nav": "now", **now_page.facts(request)}
    return doors.answer(request, "config/now.html", "live", context)


@require_safe
@cache_control(max_age=86_400, public=True)
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for it at the root, whatever a page says; the mark is elsewhere."""
    return redirect(static("img/icon-192.png"))


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that no page may see; the one that people meet, a name not known here, says what to set."""
    if isinstance(exception, DisallowedHost):
        sentence = "Tocsin does not answer to this name. Whoever runs it can add it to TOCSIN_ALLOWED_HOSTS."
        if request.path.startswith("/api/"):
            return problem_json(400, "unknown_host", sentence)
        return HttpResponse(f"{sentence}\n", content_type="text/plain", status=400)
    return bad_request(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    """Our own fault: a machine is told in its own shape."""
    if request.path.startswith("/api/"):
        return problem_json(500, "broken", "Something broke here; it is written down. Try again in a minute.")
    return server_error(request)


@login_required
@require_GET
def guide(request: HttpRequest) -> HttpResponse:
    """The steps of the first day, also after the first alert."""
    found = now_page.steps(cast(User, request.user))
    context = {
        "nav": "now",
        "steps": found,
        "steps_done": sum(step.done for step in found),
        "current": next((step.title for step in found if not step.done), ""),
    }
    return doors.page(request, "config/guide.html", context)


@login_required
@require_POST
def acknowledge(request: HttpRequest, number: int) -> HttpResponse:
    """Stop the pager from the Now page, and go to the room."""
    user = cast(User, request.user)
    incident = get_object_or_404(Incident.objects.visible_to(user), number=number)
    try:
        said = acknowledging.acknowledge(incident.pk, actor=actors.web(request))
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("now")
    if said.rest:
        messages.warning(request, said.rest)
    return redirect(incident)


@login_required
@require_GET
def service_now(request: HttpRequest, slug: str) -> HttpResponse:
    """Incidents, alerts and checks of one service: a part of its page in the catalog."""
    service = get_object_or_404(Service, slug=slug)
    seen = Incident.objects.visible_to(cast(User, request.user)).filter(services=service)
    firing = Alert.objects.filter(service=service, resolved_at=None)
    context = {
        "nav": "catalog",
        "service": service,
        "incidents": seen.select_related("severity").order_by("-detected_at")[:8],
        "alerts": firing.filter(Q(incident=None) | Q(incident__in=seen)).order_by("-last_seen_at")[:8],
        "checks": service.checks.order_by("name"),
        "heartbeats": service.heartbeats.order_by("name"),
    }
    return doors.answer(request, "config/service.html", "panel", context)


@login_required
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """What holds all the words: incidents, what was said, postmortems; a number leads to its room."""
    q = request.GET.get("q", "").strip()[: searchwords.MAX_QUERY]
    context: dict[str, Any] = {"nav": "search", "q": q}
    if q:
        user = cast(User, request.user)
        number = NUMBER.match(q)
        if number and (exact := Incident.objects.visible_to(user).filter(number=int(number[1])).first()):
            return redirect(exact)
        context |= {
            name: searching.search(user, q, kinds=kinds, limit=AT_MOST) for name, kinds in SEARCHED.items()
        }
        services = Service.objects.filter(Q(name__icontains=q) | Q(slug__icontains=q))
        context["services"] = services.select_related("team")[:AT_MOST]
    return doors.page(request, "config/search.html", context)
