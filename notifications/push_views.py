"""Push for this browser: the service worker, the manifest of the installable page, on and off."""

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from lib.refusal import Refused
from notifications import subscribing


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """At the root, because a service worker may only look after what lies below its own address."""
    script = (settings.BASE_DIR / "static/js/sw.js").read_text(encoding="utf-8")
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@require_safe
@cache_control(max_age=3600, public=True)
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to put Tocsin on its home screen."""
    icons = [
        {
            "src": static(f"img/icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size in (192, 512)
        for purpose in ("any", "maskable")
    ]
    said = {
        "name": "Tocsin",
        "short_name": "Tocsin",
        "description": str(_("Incidents, from the first alert to the last action item.")),
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#ffffff",
        "icons": icons,
    }
    return JsonResponse(said, content_type="application/manifest+json")


@login_required
@require_POST
def subscribe(request: HttpRequest) -> HttpResponse:
    """This browser takes the person's pages from now on."""
    words = {name: request.POST.get(name, "") for name in ("endpoint", "p256dh", "auth")}
    try:
        subscribing.subscribe(cast(User, request.user), **words)
    except Refused as refusal:
        return HttpResponse(refusal.message, status=refusal.status, content_type="text/plain")
    return HttpResponse(status=204)


@login_required
@require_POST
def unsubscribe(request: HttpRequest) -> HttpResponse:
    """This browser takes none any more; saying it twice is fine."""
    subscribing.unsubscribe(
        cast(User, request.user), endpoint=request.POST.get("endpoint", "").replace("\x00", "")
    )
    return HttpResponse(status=204)
