"""The public door: the files of the published folder, and the forms of subscribers."""

import hashlib
import mimetypes
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from lib import callers, limits
from lib.refusal import Invalid
from statuspage import subscribing, writing
from statuspage.changes import page
from statuspage.models import Component

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".atom": "application/atom+xml; charset=utf-8",
    ".rss": "application/rss+xml; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".svg": "image/svg+xml",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
#: So many times an hour may one network address fill in the form.
ASKS_AN_HOUR = 20


@require_safe
def serve(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """Exactly the files of the published folder, as any static server would give them."""
    current = writing.root() / "current"
    if not current.exists():
        return _plain(503, "This page is being written. Try again in a few seconds.", {"Retry-After": "5"})
    # Once, so that one answer is from one writing even when the next is swapped in meanwhile.
    folder = current.resolve()
    target = _inside(folder, path)
    if target is None:
        return _plain(404, "There is nothing here under that name.")
    if target.is_dir():
        if path and not path.endswith("/"):
            return HttpResponseRedirect(f"{request.path}/")
        target = target / "index.html"
    try:
        content, changed = target.read_bytes(), target.stat().st_mtime
    except OSError:
        return _plain(404, "There is nothing here under that name.")
    return _file(request, target.suffix, content, changed, path)


def _inside(folder: Path, path: str) -> Path | None:
    """The file below the folder, or None for whatever tries to leave it."""
    parts = PurePosixPath(path).parts
    if "\x00" in path or "\\" in path or any(part.startswith(".") or part == "/" for part in parts):
        return None
    target = folder.joinpath(*parts)
    try:
        return target if target.resolve().is_relative_to(folder) else None
    except OSError:
        return None


def _file(request: HttpRequest, suffix: str, content: bytes, changed: float, path: str) -> HttpResponseBase:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response = HttpResponse(content, content_type=_TYPES.get(suffix) or mimetypes.types_map.get(suffix, ""))
    response.headers["ETag"] = etag
    response.headers["Last-Modified"] = http_date(int(changed))
    response.headers["Cache-Control"] = "public, max-age=15"
    # Any site may show our state: Statuspage's clients run in browsers, and so do the badge and the widget.
    if path.startswith("api/v2/") or suffix in (".svg", ".js"):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    seconds = int(datetime.fromtimestamp(int(changed), tz=UTC).timestamp())
    return get_conditional_response(request, etag, seconds, response) or response


def _plain(status: int, words: str, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(
        words + "\n", status=status, content_type="text/plain; charset=utf-8", headers=headers or {}
    )


def _page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    response = render(
        request, f"statuspage/subscribe/{template}.html", {"page": page(), **context}, status=status
    )
    # A link of a subscriber is a secret: it must not travel on as a referrer, nor stay in a cache.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


# The static page cannot hold a CSRF token and no cookie is read here: whoever forges this form can only
# do what anybody may do anyway, ask that a mail be sent.
@csrf_exempt
@require_http_methods(["GET", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask for mail. The answer is the same whether we know the address or not."""
    components = Component.objects.filter(retired_at=None)
    if request.method != "POST":
        return _page(request, "form", components=components)
    email = request.POST.get("email", "")
    if not _may_ask(request):
        words = "You have asked very often. Wait an hour, then try again."
        return _page(request, "form", 429, components=components, error=words, email=email)
    try:
        subscribing.ask(email, component_ids=[pk for pk in request.POST.getlist("about") if pk])
    except Invalid as bad:
        return _page(request, "form", 422, components=components, error=bad.message, email=email)
    return _page(request, "asked")


def _may_ask(request: HttpRequest) -> bool:
    asker = callers.address(request)
    return not limits.is_over("status-asks", asker, most=ASKS_AN_HOUR, span=timedelta(hours=1))


@csrf_exempt
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Say yes. Looking is not yet saying: mail scanners follow every link."""
    try:
        if request.method == "POST":
            subscribing.confirm(token)
            return _page(request, "done", done="confirmed", token=token)
        return _page(request, "confirm", subscriber=subscribing.find(token))
    except Invalid as bad:
        return _page(request, "gone", 410, error=bad.message)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def manage(request: HttpRequest, token: str) -> HttpResponse:
    """Choose components."""
    try:
        if request.method == "POST":
            subscribing.choose(token, component_ids=request.POST.getlist("about"))
            return _page(request, "done", done="changed", token=token)
        subscriber = subscribing.find(token)
    except Invalid as bad:
        return _page(request, "gone", 410, error=bad.message)
    return _page(
        request,
        "manage",
        subscriber=subscriber,
        chosen=set(subscriber.components.values_list("pk", flat=True)),
        components=Component.objects.filter(retired_at=None),
        token=token,
    )


@csrf_exempt
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """RFC 8058: one POST ends it, without cookie, sign-in or redirect. GET only asks."""
    try:
        if request.method == "POST":
            subscribing.unsubscribe(token)
            return _page(request, "done", done="left", token=token)
        subscribing.find(token)
    except Invalid as bad:
        return _page(request, "gone", 410, error=bad.message)
    return _page(request, "unsubscribe")
