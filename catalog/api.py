"""The catalog in the REST API: services, teams, deploys, runbooks, mitigations."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actors
from accounts.models import Role
from catalog import deploys, writing
from catalog.models import Deploy, Mitigation, Runbook, Service, Team
from catalog.serializers import (
    EXTRA,
    DeploySerializer,
    MitigationSerializer,
    RunbookSerializer,
    ServiceSerializer,
    TeamSerializer,
)
from lib.drf import NewestFirst


class Newest(NewestFirst):
    """By the time of the change, not by when we were told."""

    ordering = "-at"


class Writable(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):  # type: ignore[type-arg]
    """Read by everybody; written by admins through one verb."""

    pagination_class = NewestFirst
    required_role = Role.ADMIN
    verb: Callable[..., Any]

    def create(self, request: Request) -> Response:
        return self._write(request, None, status=201)

    def update(self, request: Request, **where: str) -> Response:
        return self._write(request, self.get_object(), partial=False)

    def partial_update(self, request: Request, **where: str) -> Response:
        return self._write(request, self.get_object(), partial=True)

    def _write(self, request: Request, row: Any, *, partial: bool = False, status: int = 200) -> Response:
        shape = self.get_serializer(row, data=request.data, partial=partial)
        shape.is_valid(raise_exception=True)
        values = self.values(dict(shape.validated_data))
        saved = type(self).verb(row.pk if row else None, actor=actors.api(request), **values)
        fresh = self.get_queryset().get(pk=saved.pk)
        return Response(self.get_serializer(fresh).data, status=status)

    def values(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the verb is told."""
        return given


class ServiceViewSet(Writable):
    """Services, their owner and dependencies. Filters: ``q``, ``team``, ``tier``, ``is_active``."""

    queryset = Service.objects.select_related("team").prefetch_related("depends_on")
    serializer_class = ServiceSerializer
    lookup_field = "slug"
    verb = staticmethod(writing.save_service)

    def get_queryset(self) -> QuerySet[Service]:
        found, asked = super().get_queryset(), self.request.query_params
        if q := asked.get("q"):
            found = found.filter(Q(name__icontains=q) | Q(slug__icontains=q))
        if team := asked.get("team"):
            found = found.filter(team__slug=team)
        if (tier := asked.get("tier")) and tier.isdecimal():
            found = found.filter(tier=int(tier[:4]))
        if (active := asked.get("is_active")) in ("true", "false"):
            found = found.filter(is_active=active == "true")
        return found

    def values(self, given: dict[str, Any]) -> dict[str, Any]:
        extras = {name.removeprefix(EXTRA): given.pop(name) for name in list(given) if name.startswith(EXTRA)}
        return {**given, "extras": extras}


class TeamViewSet(Writable):
    """Teams with their office hours and people; ``members`` replaces who was in the team.

    A team's own managers may change its ``members``; all else is for admins.
    """

    queryset = Team.objects.prefetch_related("memberships__user")
    serializer_class = TeamSerializer
    lookup_field = "slug"
    verb = staticmethod(writing.save_team)
    # The verb looks at whose team it is and at what would change.
    required_roles = {"update": Role.MANAGER, "partial_update": Role.MANAGER}

    def values(self, given: dict[str, Any]) -> dict[str, Any]:
        members = given.pop("memberships", None)
        if members is None:
            return given
        given["people"] = [member["user"] for member in members]
        given["managers"] = [member["user"] for member in members if member.get("is_manager")]
        return given


class DeployViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):  # type: ignore[type-arg]
    """Tell us what changed (responders, and their pipelines), or read it. Filter: ``service``."""

    queryset = Deploy.objects.select_related("service")
    serializer_class = DeploySerializer
    pagination_class = Newest

    def get_queryset(self) -> QuerySet[Deploy]:
        found = super().get_queryset()
        if service := self.request.query_params.get("service"):
            found = found.filter(service__slug=service)
        return found

    def create(self, request: Request) -> Response:
        """Record a change; the same service, version and time again changes nothing."""
        shape = self.get_serializer(data=request.data)
        shape.is_valid(raise_exception=True)
        values = dict(shape.validated_data)
        deploy = deploys.record(values.pop("service").pk, **values)
        return Response(self.get_serializer(deploy).data, status=201)


class Deletable(Writable):
    """Written and removed by admins."""

    def destroy(self, request: Request, **where: str) -> Response:
        """Remove it; 409 while an incident's timeline tells of it."""
        writing.delete(self.get_object(), actor=actors.api(request))
        return Response(status=204)

    def get_queryset(self) -> QuerySet[Any]:
        found = super().get_queryset()
        if service := self.request.query_params.get("service"):
            found = found.filter(service__slug=service)
        return found


class RunbookViewSet(Deletable):
    """Runbooks of a service. Filter: ``service``."""

    queryset = Runbook.objects.select_related("service")
    serializer_class = RunbookSerializer
    verb = staticmethod(writing.save_runbook)


class MitigationViewSet(Deletable):
    """The catalogue of mitigations; ``service`` null means for all. Filter: ``service``."""

    queryset = Mitigation.objects.select_related("service")
    serializer_class = MitigationSerializer
    verb = staticmethod(writing.save_mitigation)


routes: list[tuple[str, type[viewsets.ViewSetMixin], str]] = [
    ("services", ServiceViewSet, "service"),
    ("teams", TeamViewSet, "team"),
    ("deploys", DeployViewSet, "deploy"),
    ("runbooks", RunbookViewSet, "runbook"),
    ("mitigations", MitigationViewSet, "mitigation"),
]
