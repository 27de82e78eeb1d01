"""The one-tap link: a page with one button, for somebody who is not signed in and half awake."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import actors
from incidents.models import Incident
from lib import callers, limits
from lib.doors import page as show
from lib.refusal import Refused
from oncall import answering, bundles, links, storms
from oncall.models import Page, PageRun

TAPS_A_MINUTE = 30


# No cookie is trusted here: the signed link in the address is the whole right, so there is nothing to forge.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one_tap(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the button and changes nothing (mail scanners open links); POST acknowledges, once."""
    try:
        page = links.read(token)
    except Refused as refusal:
        # Only guesses count: no stranger behind the same address can take a true link from anybody.
        if _is_too_often(request):
            return _say(request, _("Too many tries from here. Wait a minute, then try again."), 429)
        return _say(request, refusal.message, 410 if refusal.code == "expired" else 404)
    if request.method != "POST" or not _can_acknowledge(page.run):
        return _show(request, page, token)
    try:
        answering.acknowledge(page.run_id, actor=actors.person(page.user))
    except Refused as refusal:
        return _say(request, refusal.message, refusal.status)
    return _show(
        request,
        Page.objects.select_related(
            "user", "run__incident__severity", "run__incident__service__team", "run__acknowledged_by"
        ).get(pk=page.pk),
        token,
        is_done=True,
    )


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bundle_tap(request: HttpRequest, token: str) -> HttpResponse:
    """The same for a bundle: one button for every page in it."""
    try:
        bundle = links.read_bundle(token)
    except Refused as refusal:
        if _is_too_often(request):
            return _say(request, _("Too many tries from here. Wait a minute, then try again."), 429)
        return _say(request, refusal.message, 410 if refusal.code == "expired" else 404)
    answered = 0
    if request.method == "POST":
        try:
            answered = bundles.acknowledge(bundle.pk, actor=actors.person(bundle.user))
        except Refused as refusal:
            if refusal.code != "already":
                return _say(request, refusal.message, refusal.status)
    incidents = Incident.objects.visible_to(bundle.user).filter(page_runs__pages__bundle=bundle).distinct()
    context = {
        "bundle": bundle,
        "token": token,
        "answered": answered,
        "waiting": len(storms.waiting(bundle)),
        "incidents": incidents.select_related("severity", "service").order_by("severity__rank", "-pk")[:30],
    }
    response = show(request, "oncall/bundle.html", context)
    response["Tocsin-Answer"] = "acknowledged" if answered else "over"
    return response


def _show(request: HttpRequest, page: Page, token: str, *, is_done: bool = False) -> HttpResponse:
    run = page.run
    context = {
        "page": page,
        "run": run,
        "incident": run.incident,
        "token": token,
        "is_done": is_done,
        "can_acknowledge": _can_acknowledge(run),
        "is_mine": run.acknowledged_by_id == page.user_id,
    }
    response = show(request, "oncall/one_tap.html", context)
    # For the notification's button, which reads no page.
    response["Tocsin-Answer"] = "acknowledged" if context["is_mine"] else run.status
    return response


def _can_acknowledge(run: PageRun) -> bool:
    return run.status in (PageRun.Status.RUNNING, PageRun.Status.EXPIRED)


def _say(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    return show(request, "oncall/one_tap.html", {"sentence": sentence}, status)


def _is_too_often(request: HttpRequest) -> bool:
    return limits.is_over("one-tap", callers.address(request), most=TAPS_A_MINUTE, span=timedelta(minutes=1))
