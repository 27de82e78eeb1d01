"""Detection in the REST API: sources, alerts, checks, heartbeats, silences, reports."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actors
from accounts.models import Role
from detection import alerts, heartbeats, probes, reports, silences, sources
from detection.indicator_api import IndicatorViewSet
from detection.kinds import AlertStatus, SourceKind
from detection.models import Alert, Check, Heartbeat, Report, Silence, Source
from detection.serializers import (
    AlertSerializer,
    CheckSerializer,
    HeartbeatSerializer,
    NewHeartbeatSerializer,
    NewSourceSerializer,
    ReportSerializer,
    SilenceSerializer,
    SourceChangeSerializer,
    SourceSerializer,
)
from incidents.models import Incident
from lib.drf import NewestFirst
from lib.refusal import Invalid


class Reading(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):  # type: ignore[type-arg]
    """Lists and single rows, newest first."""

    pagination_class = NewestFirst
    lookup_value_regex = "[0-9]{1,18}"

    def shaped(self, data: Any, **kwargs: Any) -> dict[str, Any]:
        """The body, once it is in shape."""
        asked = self.get_serializer(data=data, **kwargs)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)


class SourceViewSet(Reading):
    """Who may send alerts, set by admins. The key is answered once, when it is made or renewed."""

    queryset = Source.objects.exclude(kind=SourceKind.INTERNAL).select_related("service")
    serializer_class = SourceSerializer
    required_role = Role.ADMIN

    @extend_schema(request=SourceSerializer, responses={201: NewSourceSerializer})
    def create(self, request: Request) -> Response:
        """A new source; ``url`` is where its tool has to send to."""
        made, key = sources.create(actor=actors.api(request), **self.shaped(request.data))
        return Response(_with_key(made, key), status=201)

    @extend_schema(request=SourceChangeSerializer, responses=SourceSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        asked = SourceChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        changed = sources.change(
            self.get_object().pk, actor=actors.api(request), keep_service="service" not in given, **given
        )
        return Response(SourceSerializer(changed).data)

    @extend_schema(request=None, responses=NewSourceSerializer)
    @action(detail=True, methods=["post"])
    def key(self, request: Request, pk: str) -> Response:
        """A new key; the old one stops at once."""
        renewed, key = sources.renew_key(self.get_object().pk, actor=actors.api(request))
        return Response(_with_key(renewed, key))


def _with_key(source: Source, key: str) -> dict[str, Any]:
    return {**SourceSerializer(source).data, "key": key, "url": sources.address(source, key)}


class AlertViewSet(Reading):
    """What sources said. Filters: ``status``, ``source`` (id), ``service`` (slug), ``incident`` (number)."""

    queryset = Alert.objects.all()
    serializer_class = AlertSerializer

    def get_queryset(self) -> QuerySet[Alert]:
        user: Any = self.request.user
        found = Alert.objects.visible_to(user).select_related("source", "service", "incident")
        asked = self.request.query_params
        if status := asked.get("status"):
            if status not in AlertStatus.values:
                raise Invalid(f"A status is one of: {', '.join(AlertStatus.values)}.", field="status")
            found = found.filter(status=status)
        for name, column in (("source", "source_id"), ("incident", "incident__number")):
            if value := asked.get(name):
                if not (value.isascii() and value.isdigit() and len(value) < 19):
                    raise Invalid(f"{name} is a number.", field=name)
                found = found.filter(**{column: int(value)})
        if service := asked.get("service"):
            found = found.filter(service__slug=service)
        return found

    @extend_schema(
        parameters=[
            OpenApiParameter("status", enum=AlertStatus.values),
            OpenApiParameter("source", int),
            OpenApiParameter("service", str),
            OpenApiParameter("incident", int),
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(request=None, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """It is over, for sources that never say so."""
        alerts.resolve_by_hand(self.get_object().pk, actor=actors.api(request))
        return Response(self.get_serializer(self.get_object()).data)


class PauseSerializer(serializers.Serializer):  # type: ignore[type-arg]
    paused = serializers.BooleanField(default=True)


class CheckViewSet(Reading):
    """HTTP checks that Tocsin makes itself, set by admins."""

    queryset = Check.objects.select_related("service")
    serializer_class = CheckSerializer
    required_role = Role.ADMIN

    @extend_schema(responses={201: CheckSerializer})
    def create(self, request: Request) -> Response:
        made = probes.create(actor=actors.api(request), **self.shaped(request.data))
        return Response(self.get_serializer(made).data, status=201)

    def partial_update(self, request: Request, pk: str) -> Response:
        given = self.shaped(request.data, instance=self.get_object(), partial=True)
        changed = probes.change(self.get_object().pk, actor=actors.api(request), **given)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=PauseSerializer, responses=CheckSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop asking, or with ``paused: false`` go on."""
        asked = PauseSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = probes.pause(self.get_object().pk, actor=actors.api(request), **asked.validated_data)
        return Response(self.get_serializer(row).data)


class HeartbeatViewSet(Reading):
    """What has to report in, set by admins. The address is answered once, when the heartbeat is made."""

    queryset = Heartbeat.objects.select_related("service")
    serializer_class = HeartbeatSerializer
    required_role = Role.ADMIN

    @extend_schema(responses={201: NewHeartbeatSerializer})
    def create(self, request: Request) -> Response:
        made, token = heartbeats.create(actor=actors.api(request), **self.shaped(request.data))
        said = {**self.get_serializer(made).data, "url": heartbeats.address(token)}
        return Response(said, status=201)

    def partial_update(self, request: Request, pk: str) -> Response:
        given = self.shaped(request.data, instance=self.get_object(), partial=True)
        changed = heartbeats.change(self.get_object().pk, actor=actors.api(request), **given)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=PauseSerializer, responses=HeartbeatSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop expecting it, or with ``paused: false`` go on."""
        asked = PauseSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = heartbeats.pause(self.get_object().pk, actor=actors.api(request), **asked.validated_data)
        return Response(self.get_serializer(row).data)


class SilenceViewSet(Reading):
    """Alerts that match open nothing until then; begun and ended by responders."""

    queryset = Silence.objects.select_related("created_by")
    serializer_class = SilenceSerializer

    @extend_schema(responses={201: SilenceSerializer})
    def create(self, request: Request) -> Response:
        made = silences.silence(actor=actors.api(request), **self.shaped(request.data))
        return Response(self.get_serializer(made).data, status=201)

    @extend_schema(request=None, responses=SilenceSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End it now."""
        row = silences.end(self.get_object().pk, actor=actors.api(request))
        return Response(self.get_serializer(row).data)


class ReportViewSet(Reading):
    """What people reported. Posting one opens an incident in triage, which pages."""

    queryset = Report.objects.all()
    serializer_class = ReportSerializer
    required_role = Role.VIEWER

    def get_queryset(self) -> QuerySet[Report]:
        user: Any = self.request.user
        seen = Incident.objects.visible_to(user)
        rows = Report.objects.filter(Q(incident=None) | Q(incident__in=seen))
        return rows.select_related("service", "user", "incident")

    @extend_schema(responses={201: ReportSerializer})
    def create(self, request: Request) -> Response:
        given = self.shaped(request.data)
        given["words"] = given.pop("text")
        made = reports.from_inside(actor=actors.api(request), **given)
        return Response(self.get_serializer(made).data, status=201)


routes: list[tuple[str, type[viewsets.GenericViewSet], str]] = [  # type: ignore[type-arg]
    ("sources", SourceViewSet, "source"),
    ("alerts", AlertViewSet, "alert"),
    ("checks", CheckViewSet, "check"),
    ("heartbeats", HeartbeatViewSet, "heartbeat"),
    ("silences", SilenceViewSet, "silence"),
    ("reports", ReportViewSet, "report"),
    ("indicators", IndicatorViewSet, "indicator"),
]
