"""The REST door: every room's routes under one root, the schema, its page, and a 404 that is problem+json."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularYAMLAPIView
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSetMixin

from accounts.idempotency import IdempotentMixin
from config.api_docs import docs
from lib.drf import problem_json
from lib.refusal import Invalid, Missing
from lib.text import is_storable

ROOMS = (
    "catalog",
    "incidents",
    "detection",
    "oncall",
    "statuspage",
    "postmortems",
    "metrics",
    "accounts",
    "notifications",
)


class Gate:
    """Refuses what no column can store before a room ever sees it (PostgreSQL fails on a NUL)."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        for name, values in request.query_params.lists():
            if not all(is_storable(text) for text in (name, *values)):
                raise Invalid("The query holds a character that cannot be stored.", code="bad_text")
        if not all(is_storable(str(value)) for value in kwargs.values()):
            raise Missing


class Rights:
    """The names that a viewset, or a single ``@action`` of it, may say its rights with."""

    required_scope: Any = None
    required_role: Any = None
    required_roles: Any = None
    read_role: Any = None


def routes() -> Iterator[tuple[str, type[ViewSetMixin], str]]:
    """Every room's routes, each viewset behind the gate that all requests share."""
    for room in ROOMS:
        if find_spec(f"{room}.api") is None:
            continue
        for prefix, viewset, basename in import_module(f"{room}.api").routes:
            gated = type(
                viewset.__name__, (Gate, IdempotentMixin, viewset, Rights), {"__module__": viewset.__module__}
            )
            gated.__doc__ = viewset.__doc__
            yield prefix, gated, basename


def root(request: HttpRequest) -> HttpResponse:
    """What there is, for somebody who looks around."""
    lists = {prefix: request.build_absolute_uri(f"/api/v1/{prefix}/") for prefix, _, _ in router.registry}
    about = {
        "docs": request.build_absolute_uri("/api/docs/"),
        "schema": request.build_absolute_uri("/api/schema/"),
    }
    return JsonResponse({**about, "lists": lists})


def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Every other address below ``/api/``."""
    return problem_json(404, "not_found", f"There is nothing at {request.path[:200]}.")


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema speaks of our tokens."""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def single_paths() -> Iterator[URLPattern]:
    """Addresses of the contract that no router gives, for example without a slash at the end."""
    for room in ROOMS:
        if find_spec(f"{room}.api"):
            yield from getattr(import_module(f"{room}.api"), "paths", ())


router = SimpleRouter()
for _prefix, _viewset, _basename in routes():
    router.register(_prefix, _viewset, basename=_basename)

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", root, name="api-root"),
    path("v1/", include((router.urls, "api"))),
    path("v1/", include(list(single_paths()))),
    path("docs/", docs, name="api-docs"),
    path("schema/", SpectacularYAMLAPIView.as_view(), name="api-schema"),
    path("schema/openapi.json", SpectacularJSONAPIView.as_view(), name="api-schema-json"),
    re_path(r"^(?P<rest>.*)$", csrf_exempt(unknown)),
]
