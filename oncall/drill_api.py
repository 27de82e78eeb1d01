"""Planned drills in the REST API: read by everybody, written by managers."""

from datetime import time, timedelta
from typing import Any

from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actors
from accounts.models import Role, User
from catalog.models import Service, Team
from incidents.api.shapes import PublicNumberField
from incidents.models import Severity
from lib.drf import KnownFields, NewestFirst
from lib.text import CleanTextField
from oncall import drill_times, drills
from oncall.drill_models import DrillPlan, DrillTurn
from oncall.models import Schedule

_SHORTEST, _LONGEST = (int(span.total_seconds()) for span in (drills.SHORTEST, drills.LONGEST))


def _slug(rows: Any, field: str = "slug", **words: Any) -> serializers.SlugRelatedField:
    return serializers.SlugRelatedField(queryset=rows, slug_field=field, **words)


class SpanField(serializers.IntegerField):
    """A span in whole seconds."""

    def to_representation(self, value: Any) -> int:
        return int(value.total_seconds())


class DrillPlanSerializer(KnownFields, serializers.ModelSerializer):
    """A drill that comes again."""

    name = CleanTextField(max_length=80)
    team = _slug(Team.objects.all())
    service = _slug(Service.objects.filter(is_active=True))
    severity = _slug(Severity.objects.all(), "name")
    scenario = CleanTextField(max_length=4000, help_text="What those who take part read first.")
    cron = CleanTextField(
        max_length=100,
        required=False,
        help_text="Such as `0 10 * * 2,4`, in the time zone; or send `weekdays` and `at`.",
    )
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        write_only=True,
        required=False,
        min_length=1,
        max_length=7,
        help_text="Monday is 0.",
    )
    at = serializers.RegexField(
        r"^([01][0-9]|2[0-3]):[0-5][0-9]$", write_only=True, required=False, help_text="Such as `10:00`."
    )
    when = serializers.SerializerMethodField(help_text="In words: `Tue, Thu 10:00, Europe/Copenhagen`.")
    time_zone = CleanTextField(max_length=64, required=False)
    people = _slug(User.objects.people(), "email", many=True, required=False)
    schedules = _slug(
        Schedule.objects.all(), "name", many=True, required=False, help_text="Whoever is on call then."
    )
    pages = serializers.BooleanField(required=False, help_text="By everybody's own lines, DRILL first.")
    lasts_seconds = SpanField(source="lasts", min_value=_SHORTEST, max_value=_LONGEST, required=False)
    is_paused = serializers.BooleanField(required=False)
    next_at = serializers.DateTimeField(read_only=True, allow_null=True)
    following = serializers.SerializerMethodField(help_text="The next five times; none while paused.")

    class Meta:
        model = DrillPlan
        fields = [
            *("id", "name", "team", "service", "severity", "scenario", "cron", "weekdays", "at", "when"),
            *(
                "time_zone",
                "people",
                "schedules",
                "pages",
                "lasts_seconds",
                "is_paused",
                "next_at",
                "following",
            ),
        ]
        # A taken name is the verb's to refuse, with its own words.
        validators: list[Any] = []

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Weekdays and a time become the line that says them."""
        weekdays, at = given.pop("weekdays", None), given.pop("at", None)
        if bool(weekdays) != bool(at):
            raise serializers.ValidationError({"at": "Send weekdays and at together."})
        if weekdays and at:
            given["cron"] = drill_times.Weekly(tuple(weekdays), time.fromisoformat(at)).line
        return given

    def get_when(self, plan: DrillPlan) -> str:
        return drill_times.words(plan.cron, plan.time_zone)

    def get_following(self, plan: DrillPlan) -> list[str]:
        if plan.is_paused:
            return []
        times = drill_times.upcoming(plan.cron, plan.time_zone, now())
        return [at.isoformat().replace("+00:00", "Z") for at in times]


class DrillTurnSerializer(serializers.ModelSerializer):
    """One time of a plan."""

    incident = PublicNumberField(read_only=True, allow_null=True)

    class Meta:
        model = DrillTurn
        fields = ["planned_at", "at", "is_by_hand", "outcome", "incident", "in_time", "total"]
        read_only_fields = fields


class DrillPlanViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet
):
    """Planned drills: when they come, who takes part, and how each went."""

    queryset = DrillPlan.objects.select_related("team", "service", "severity").prefetch_related(
        "people", "schedules"
    )
    serializer_class = DrillPlanSerializer
    pagination_class = NewestFirst
    lookup_value_regex = r"[0-9]{1,18}"
    required_roles: Any = dict.fromkeys(("create", "partial_update", "destroy", "run"), Role.MANAGER)

    def create(self, request: Request) -> Response:
        """Plan a drill."""
        return self._keep(request, None)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is named; with other times its next one is reckoned anew."""
        return self._keep(request, self.get_object())

    def _keep(self, request: Request, plan: DrillPlan | None) -> Response:
        shape = self.get_serializer(plan, data=request.data, partial=plan is not None)
        shape.is_valid(raise_exception=True)
        given = dict(shape.validated_data)
        if "schedules" in given:
            given["rotas"] = given.pop("schedules")
        if "lasts" in given:
            given["lasts"] = timedelta(seconds=given["lasts"])
        saved = drills.save(actor=actors.api(request), plan_id=plan.pk if plan else None, **given)
        shown = self.get_serializer(self.get_queryset().get(pk=saved.pk))
        return Response(shown.data, status=200 if plan else 201)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The plan and its list are gone; the drills stay."""
        drills.delete(self.get_object().pk, actor=actors.api(request))
        return Response(status=204)

    @extend_schema(request=None, responses={201: DrillTurnSerializer})
    @action(detail=True, methods=["post"])
    def run(self, request: Request, pk: str) -> Response:
        """Open it now. 409 `drill_obstacle` with what stands in its way."""
        turn = drills.run_now(self.get_object().pk, actor=actors.api(request))
        return Response(DrillTurnSerializer(turn).data, status=201)

    @extend_schema(responses=DrillTurnSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=NewestFirst)
    def turns(self, request: Request, pk: str) -> Response:
        """Its past times with their scores, and why one was left out."""
        rows = self.get_object().turns.select_related("incident")
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(DrillTurnSerializer(page, many=True).data)
