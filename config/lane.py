"""The lane for machines: the intake's addresses pass by sessions, CSRF, sign-in and messages.

A key in the address or the body is all they know, so everything that the pages' middleware would read,
look up or write for them is only time. Whoever asks for our health, a container or a load balancer, knows an
IP address only and no name of ours.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, get_resolver

from config import health

_INTAKE = "detection.intake_urls"
_FIRST = ("/in/", "/v2/", "/ping/", "/generic/")
_HEALTH = {"/healthz": health.healthz, "/readyz": health.readyz, "/promises": health.promises}


class MachineLane:
    """Answers what machines call; everything else goes on to the pages' middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if ask := _HEALTH.get(request.path_info):
            return ask(request)
        if not request.path_info.startswith(_FIRST):
            return self.get_response(request)
        try:
            match = get_resolver(_INTAKE).resolve(request.path_info[1:])
        except Resolver404:
            return self.get_response(request)
        # A foreign Host is refused here as everywhere else.
        request.get_host()
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response
