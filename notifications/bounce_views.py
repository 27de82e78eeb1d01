"""The door of a mail server: it hands over what came back. A secret, bounded, answered in one word."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from lib import callers, limits
from notifications import bounces

STRANGERS_A_MINUTE = 30
REPORTS_A_MINUTE = 600
_MINUTE = timedelta(minutes=1)


@csrf_exempt
@require_POST
def bounce(request: HttpRequest) -> HttpResponse:
    """The body is the mail as it came. ``?to=`` may name the address it came to."""
    if not settings.BOUNCE_SECRET:
        return _said("Bounces are not taken here: TOCSIN_BOUNCE_SECRET is not set.", 404)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode(errors="replace")
    if not constant_time_compare(given, settings.BOUNCE_SECRET.encode()):
        if limits.is_over(
            "bounce-strangers", callers.address(request), most=STRANGERS_A_MINUTE, span=_MINUTE
        ):
            return _said("Too many requests without the secret. Wait a minute.", 429)
        return _said("The secret is wrong. Compare TOCSIN_BOUNCE_SECRET.", 403)
    if limits.is_over("bounces", "all", most=REPORTS_A_MINUTE, span=_MINUTE):
        # A mail server keeps what it could not hand over and tries again.
        answer = _said("Too many at once. Try again in a minute.", 429)
        answer["Retry-After"] = "60"
        return answer
    body = request.read(bounces.MAX_BYTES + 1)
    if len(body) > bounces.MAX_BYTES:
        return _said("The mail is larger than 1 MB.", 413)
    return _said(bounces.take(body, recipient=request.GET.get("to", "")[:500]), 200)


def _said(text: str, status: int) -> HttpResponse:
    return HttpResponse(text + "\n", status=status, content_type="text/plain; charset=utf-8")
