"""Is the process alive, can it serve, does it keep its promises? Three questions for three machines."""

from collections.abc import Iterable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import promises as promise_list
from incidents import guards
from lib.promises import Broken


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive. Touches nothing else: restarting it would not mend a database."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """It can serve: the database answers, is migrated, and the timeline's guards are in place.

    The only one of the three that a load balancer should ask.
    """
    try:
        problems = list(_not_ready())
    except DatabaseError:
        problems = ["the database does not answer"]
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)


def _not_ready() -> Iterable[str]:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield "migrations are missing"
    elif missing := guards.missing(connection):
        yield f"the timeline's guards are missing: {', '.join(missing)}"


@require_safe
@never_cache
def promises(request: HttpRequest) -> HttpResponse:
    """No page, message or sweep is late. For outside monitors: the pager needs a pager."""
    try:
        broken = [_said(one) for one in promise_list.broken()]
    except DatabaseError:
        broken = [{"what": "database", "reason": "does not answer"}]
    return JsonResponse({"kept": not broken, "broken": broken}, status=503 if broken else 200)


def _said(broken: Broken) -> dict[str, str]:
    said = {"what": broken.what, "reason": broken.reason}
    return {**said, "since": broken.since.isoformat()} if broken.since else said
