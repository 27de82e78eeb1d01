"""Each page is shown in its reader's time zone, and a fragment never swaps the sign-in page into a room."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone

from accounts.models import User


class ReaderMiddleware:
    """Activates the reader's time zone; answers a signed-out fragment request with 401 and a refresh."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The API speaks UTC and has its own authentication; asking for request.user there would cost a query.
        if request.path.startswith(("/api/", "/in/", "/v2/", "/ping/")):
            return self.get_response(request)
        # No word of ours holds a NUL, and PostgreSQL fails on one wherever a page looks it up.
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponse("The address holds a NUL.\n", status=400, content_type="text/plain")
        self._enter_zone(request)
        try:
            response = self.get_response(request)
        finally:
            timezone.deactivate()
        return self._wake_up(request, response)

    @staticmethod
    def _enter_zone(request: HttpRequest) -> None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return
        if isinstance(request.user, User):
            try:
                timezone.activate(zoneinfo.ZoneInfo(request.user.time_zone))
            except (zoneinfo.ZoneInfoNotFoundError, ValueError):
                timezone.deactivate()

    @staticmethod
    def _wake_up(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        asked_for_a_part = request.headers.get("HX-Request") == "true"
        sent_away = response.status_code == 302 and response["Location"].startswith(
            resolve_url(settings.LOGIN_URL)
        )
        if not (asked_for_a_part and sent_away):
            return response
        return HttpResponse(status=401, headers={"HX-Refresh": "true"})
