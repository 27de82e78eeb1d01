"""On-call in the REST API: pages (runs) and their answers; what is planned stands in `duty_api`."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actors
from accounts.models import User
from incidents.models import Incident
from lib.drf import KnownFields, NewestFirst
from lib.refusal import Invalid
from oncall import answering
from oncall.calendar_api import CalendarViewSet
from oncall.chair_api import ChairRotaViewSet
from oncall.drill_api import DrillPlanViewSet
from oncall.duty_api import OverrideViewSet, PolicyViewSet, ScheduleViewSet, SwapViewSet
from oncall.load_views import LoadViewSet
from oncall.models import PageRun

BIGGEST_ID = 2**63 - 1


class PageSerializer(serializers.ModelSerializer):
    """One climb of a policy for one incident."""

    incident = serializers.IntegerField(source="incident.number", read_only=True)
    policy = serializers.CharField(source="policy_name", read_only=True)
    step = serializers.IntegerField(read_only=True)
    status = serializers.ChoiceField(
        choices=["pending", "notified", "acknowledged", "cancelled", "expired"],
        source="state",
        read_only=True,
    )
    notified = serializers.SerializerMethodField()
    acknowledged_by = serializers.EmailField(
        source="acknowledged_by.email", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = PageRun
        fields = [
            "id",
            "incident",
            "policy",
            "reason",
            "note",
            "step",
            "status",
            "notified",
            "started_at",
            "next_at",
            "acknowledged_by",
            "acknowledged_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.EmailField()))
    def get_notified(self, run: PageRun) -> list[str]:
        """E-mail addresses of everybody asked so far, in order, each once."""
        pages = sorted(run.pages.all(), key=lambda page: page.pk)
        return list(dict.fromkeys(page.user.email for page in pages))


class ReassignSerializer(KnownFields, serializers.Serializer):
    """Who is asked instead, by e-mail address."""

    user = serializers.EmailField(help_text="Who is asked instead, at once.")


class NothingSerializer(serializers.Serializer):
    """No body is needed."""


class PageViewSet(viewsets.ReadOnlyModelViewSet):
    """Pages, and their three answers: acknowledge, escalate now, hand to somebody."""

    queryset = PageRun.objects.none()
    serializer_class = PageSerializer
    pagination_class = NewestFirst
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[PageRun]:
        seen = Incident.objects.visible_to(self.request.user)  # type: ignore[arg-type]
        runs = PageRun.objects.filter(incident__in=seen)
        if number := self.request.query_params.get("incident"):
            if not number.isascii() or not number.isdigit() or int(number) > BIGGEST_ID:
                raise Invalid("incident is a number, for example 41.", field="incident")
            runs = runs.filter(incident__number=int(number))
        return runs.select_related("incident", "acknowledged_by").prefetch_related("pages__user")

    @extend_schema(parameters=[OpenApiParameter("incident", OpenApiTypes.INT, description="Its number.")])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    def _shown(self, run: PageRun) -> Response:
        return Response(PageSerializer(self.get_queryset().get(pk=run.pk)).data)

    @extend_schema(request=None, responses=PageSerializer)
    @action(detail=True, methods=["post"], serializer_class=NothingSerializer)
    def acknowledge(self, request: Request, pk: str) -> Response:
        """The pager of this run stops, and the incident is acknowledged."""
        return self._shown(answering.acknowledge(self.get_object().pk, actor=actors.api(request)))

    @extend_schema(request=None, responses=PageSerializer)
    @action(detail=True, methods=["post"], serializer_class=NothingSerializer)
    def escalate(self, request: Request, pk: str) -> Response:
        """Ask the next step now. After an acknowledgement a new run goes on from there."""
        return self._shown(answering.escalate(self.get_object().pk, actor=actors.api(request)))

    @extend_schema(request=ReassignSerializer, responses=PageSerializer)
    @action(detail=True, methods=["post"], serializer_class=ReassignSerializer)
    def reassign(self, request: Request, pk: str) -> Response:
        """Hand it to somebody else, who is asked at once."""
        asked = ReassignSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user = User.objects.filter(email__iexact=asked.validated_data["user"], is_active=True).first()
        if user is None:
            raise Invalid("There is no such person.", field="user")
        run = answering.hand_to(self.get_object().pk, actor=actors.api(request), user_id=user.pk)
        return self._shown(run)


routes: list[tuple[str, type[viewsets.GenericViewSet], str]] = [
    ("pages", PageViewSet, "page"),
    ("schedules", ScheduleViewSet, "schedule"),
    ("policies", PolicyViewSet, "policy"),
    ("overrides", OverrideViewSet, "override"),
    ("chair-rotas", ChairRotaViewSet, "chair-rota"),
    ("drill-plans", DrillPlanViewSet, "drill-plan"),
    ("swaps", SwapViewSet, "swap"),
    ("calendars", CalendarViewSet, "calendar"),
    ("on-call-load", LoadViewSet, "load"),
]
