"""Schedules, policies, overrides and swaps in the REST API: read by everybody, written through the verbs."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actors
from accounts.models import Role, User
from catalog.models import Service, Team
from incidents.kinds import Paging
from incidents.models import Severity
from lib.drf import NewestFirst
from lib.refusal import Invalid
from oncall import duty_shapes as shapes
from oncall import importing, policies, rota, rotations, schedules, simulating, swaps
from oncall.calendar_api import ImportRowSerializer, ImportSerializer
from oncall.models import Override, Policy, Schedule, Swap

LONGEST = timedelta(days=366)
_FROM = OpenApiParameter("from", OpenApiTypes.DATETIME, description="Default: now.")
_UNTIL = OpenApiParameter("until", OpenApiTypes.DATETIME, description="Default: four weeks later.")
_AT = OpenApiParameter("at", OpenApiTypes.DATETIME, description="Default: now.")
_SIMULATED = [
    _AT,
    OpenApiParameter("severity", str, description="Its name; default: one that pages at once."),
    OpenApiParameter("service", str, description="Its slug; default: the policy's own team."),
]


def moment(request: Request, name: str, default: datetime) -> datetime:
    """A time of the query.

    Raises:
        Invalid: it is none, or far from our days.
    """
    text = request.query_params.get(name)
    if not text:
        return default
    try:
        at: datetime = serializers.DateTimeField().to_internal_value(text)
    except serializers.ValidationError as bad:
        raise Invalid(f"{name} is a time, for example 2026-11-25T20:30:00Z.", field=name) from bad
    if not 2000 <= at.year <= 2100:
        raise Invalid(f"{name} is a time between 2000 and 2100.", field=name)
    return at


class _Kept(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet
):
    """Read by everybody, written whole by managers."""

    pagination_class = NewestFirst
    lookup_value_regex = r"[0-9]{1,18}"
    required_roles: Any = {
        "create": Role.MANAGER,
        "update": Role.MANAGER,
        "partial_update": Role.MANAGER,
        "destroy": Role.MANAGER,
        "preview": Role.MANAGER,
    }

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._keep(request, None, 201)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._keep(request, self.get_object().pk, 200)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change only what is named; a list that is named is replaced whole."""
        row = self.get_object()
        if not isinstance(request.data, dict):
            raise Invalid("Send an object with what shall change.", field="")
        named = {name: request.data[name] for name in request.data}
        shape = self.get_serializer(data={**self.get_serializer(row).data, **named})
        shape.is_valid(raise_exception=True)
        saved = self.keep(request, row.pk, {**shape.validated_data, **self.kept(row, set(named))})
        return Response(self.get_serializer(self.get_queryset().get(pk=saved)).data)

    def kept(self, row: Any, named: set[str]) -> dict[str, Any]:
        """What stays as it is in the table, because it was not named and people of it may be gone."""
        raise NotImplementedError

    def _keep(self, request: Request, pk: int | None, status: int) -> Response:
        shape = self.get_serializer(data=request.data)
        shape.is_valid(raise_exception=True)
        saved = self.keep(request, pk, dict(shape.validated_data))
        return Response(self.get_serializer(self.get_queryset().get(pk=saved)).data, status=status)

    def keep(self, request: Request, pk: int | None, given: dict[str, Any]) -> int:
        raise NotImplementedError


class ScheduleViewSet(_Kept):
    """Schedules with their layers; who is on call at a moment; shifts; a preview; overrides."""

    queryset = Schedule.objects.select_related("team").prefetch_related("layers__members__user")
    serializer_class = shapes.ScheduleSerializer

    def keep(self, request: Request, pk: int | None, given: dict[str, Any]) -> int:
        layers = given.pop("layers")
        if not all(isinstance(one, rotations.Rotation) for one in layers):
            layers = shapes.rotations(layers)
        return rotations.save(actor=actors.api(request), schedule_id=pk, rotations=layers, **given).pk

    def kept(self, row: Schedule, named: set[str]) -> dict[str, Any]:
        rows = [rotations.Rotation.of(layer) for layer in schedules.layers_of(row)]
        return {} if "layers" in named or not rows else {"layers": rows}

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """409 while a policy asks it."""
        rotations.delete(self.get_object().pk, actor=actors.api(request))
        return Response(status=204)

    @extend_schema(parameters=[_AT], responses=shapes.OnCallSerializer)
    @action(detail=True, methods=["get"], url_path="on-call")
    def on_call(self, request: Request, pk: str) -> Response:
        """Who is paged at a moment, with the trace."""
        schedule = self.get_object()
        at = moment(request, "at", now())
        person = schedules.on_call(schedule, at)
        return Response(
            {
                "schedule": schedule.name,
                "at": at,
                "user": person.email if person else None,
                "name": str(person) if person else None,
                "trace": schedules.trace(schedule, at),
            }
        )

    @extend_schema(parameters=[_FROM, _UNTIL], responses=shapes.ShiftSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def shifts(self, request: Request, pk: str) -> Response:
        """Who is really paged, span by span, gaps too."""
        start, until = self._range(request)
        return _shifts(schedules.load(self.get_object(), since=start), start, until)

    @extend_schema(responses=shapes.PastLayerSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def history(self, request: Request, pk: str) -> Response:
        """How its layers were before they were changed, the newest first, at most 100."""
        rows = schedules.history(self.get_object())
        lines = [{**row, "people": [person.email for person in row["people"]]} for row in rows]
        return Response(shapes.PastLayerSerializer(lines, many=True).data)

    @extend_schema(
        parameters=[_FROM, _UNTIL],
        request=shapes.ScheduleSerializer,
        responses=shapes.ShiftSerializer(many=True),
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def preview(self, request: Request) -> Response:
        """The shifts that these layers would make. Nothing is kept."""
        shape = self.get_serializer(data=request.data)
        shape.is_valid(raise_exception=True)
        given = shape.validated_data
        engine = rotations.engine(shapes.rotations(given["layers"]), given["time_zone"])
        return _shifts(engine, *self._range(request))

    def _range(self, request: Request) -> tuple[datetime, datetime]:
        start = moment(request, "from", now())
        until = moment(request, "until", start + timedelta(days=28))
        if not start < until <= start + LONGEST:
            raise Invalid("until comes after from, at most a year later.", field="until")
        return start, until

    @extend_schema(methods=["GET"], responses=shapes.OverrideSerializer(many=True))
    @extend_schema(
        methods=["POST"], request=shapes.OverrideSerializer, responses={201: shapes.OverrideSerializer}
    )
    @action(
        detail=True,
        methods=["get", "post"],
        serializer_class=shapes.OverrideSerializer,
        pagination_class=None,
    )
    def overrides(self, request: Request, pk: str) -> Response:
        """Who stands in, from now on; POST adds one."""
        schedule = self.get_object()
        if request.method == "GET":
            rows = schedule.overrides.filter(end__gt=now()).select_related("user")
            return Response(shapes.OverrideSerializer(rows, many=True).data)
        asked = shapes.OverrideSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        row = schedules.stand_in(
            schedule.pk,
            actor=actors.api(request),
            user_id=shapes.person(given["user"]["email"], "user").pk,
            start=given["start"],
            end=given["end"],
            note=given.get("note", ""),
        )
        return Response(shapes.OverrideSerializer(row).data, status=201)

    @extend_schema(request=ImportSerializer, responses=ImportRowSerializer(many=True))
    @action(detail=True, methods=["post"], url_path="import", serializer_class=ImportSerializer)
    def import_shifts(self, request: Request, pk: str) -> Response:
        """Shifts out of an .ics file, as overrides: all or nothing; with `dry_run` only what would happen."""
        asked = ImportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        verb = importing.preview if asked.validated_data["dry_run"] else importing.take
        rows = verb(self.get_object().pk, asked.validated_data["ics"], actor=actors.api(request))
        return Response(ImportRowSerializer(rows, many=True).data)


def _shifts(engine: rota.Rota, start: datetime, until: datetime) -> Response:
    names = {layer.key: layer.name for layer in engine.layers}
    found = rota.shifts(engine, start, until)
    users = User.objects.in_bulk({shift.user for shift in found if shift.user})
    lines = [
        {
            "start": shift.start,
            "end": shift.end,
            "user": users[shift.user].email if shift.user in users else None,
            "layer": names.get(shift.layer or 0),
            "override": shift.override,
        }
        for shift in found
    ]
    return Response(shapes.ShiftSerializer(lines, many=True).data)


class PolicyViewSet(_Kept):
    """Escalation policies; running pages keep the plan they started with."""

    queryset = Policy.objects.select_related("team").prefetch_related(
        "steps__targets__schedule",
        "steps__targets__person",
        "steps__targets__team",
        "coverages__service",
        "management_coverages__team",
    )
    serializer_class = shapes.PolicySerializer

    def keep(self, request: Request, pk: int | None, given: dict[str, Any]) -> int:
        rungs = given.pop("steps")
        if not all(isinstance(one, policies.Rung) for one in rungs):
            rungs = shapes.rungs(rungs)
        length = timedelta(seconds=given.pop("round_seconds"))
        return policies.save(
            actor=actors.api(request), policy_id=pk, rungs=rungs, round_length=length, **given
        ).pk

    def kept(self, row: Policy, named: set[str]) -> dict[str, Any]:
        return {} if "steps" in named else {"steps": policies.rungs_of(row)}

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """409 while a service or team relies on it."""
        policies.delete(self.get_object().pk, actor=actors.api(request))
        return Response(status=204)

    @extend_schema(parameters=_SIMULATED, responses=shapes.MomentSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def simulation(self, request: Request, pk: str) -> Response:
        """What would happen at that moment if nobody answered. Nobody is asked by looking."""
        policy = self.get_object()
        team, pages = _simulated(request, policy.team)
        found = simulating.simulate(policy, moment(request, "at", now()), team=team, pages=pages)
        return Response(shapes.MomentSerializer(found, many=True).data)

    @extend_schema(
        parameters=_SIMULATED, request=shapes.PolicySerializer, responses=shapes.MomentSerializer(many=True)
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def preview(self, request: Request) -> Response:
        """The same of a policy that is not kept yet. Nothing is kept and nobody is asked."""
        shape = self.get_serializer(data=request.data)
        shape.is_valid(raise_exception=True)
        given = shape.validated_data
        team, pages = _simulated(request, given["team"])
        found = simulating.preview(
            shapes.rungs(given["steps"]),
            moment(request, "at", now()),
            repeat=given["repeat"],
            round_length=timedelta(seconds=given["round_seconds"]),
            team=team,
            pages=pages,
        )
        return Response(shapes.MomentSerializer(found, many=True).data)


def _simulated(request: Request, team: Team | None) -> tuple[Team | None, str]:
    """Whose incident it would be, and how its severity pages."""
    asked = request.query_params
    severity = Severity.objects.filter(name=asked.get("severity", "")).first()
    service = Service.objects.filter(slug=asked.get("service", "")).first()
    for name, row in (("severity", severity), ("service", service)):
        if asked.get(name) and row is None:
            raise Invalid(f"There is no {name} of this name.", field=name)
    return service.team if service else team, severity.pages if severity else Paging.AT_ONCE


class OverrideViewSet(mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet):
    """Every override that is not over; DELETE ends one."""

    queryset = Override.objects.none()
    serializer_class = shapes.OverrideSerializer
    pagination_class = NewestFirst
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Override]:
        return Override.objects.filter(end__gt=now()).select_related("user")

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        schedules.end_override(self.get_object().pk, actor=actors.api(request))
        return Response(status=204)


class SwapViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Offers from me and to me; managers see all. POST offers a shift of one's own."""

    queryset = Swap.objects.none()
    serializer_class = shapes.SwapSerializer
    pagination_class = NewestFirst
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Swap]:
        rows = Swap.objects.select_related("schedule", "proposer", "other")
        user = self.request.user
        if not isinstance(user, User) or user.is_at_least(Role.MANAGER):
            return rows
        return rows.filter(Q(proposer=user) | Q(other=user))

    def create(self, request: Request) -> Response:
        """The other one is told; nothing changes until they accept."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        back = (given.get("back_start"), given.get("back_end"))
        if bool(back[0]) != bool(back[1]):
            raise Invalid("Give both back_start and back_end, or neither.", field="back_end")
        row = swaps.propose(
            given["schedule"].pk,
            actor=actors.api(request),
            other_id=shapes.person(given["other"]["email"], "other").pk,
            given=(given["start"], given["end"]),
            back=back if back[0] else None,
            note=given.get("note", ""),
        )
        return Response(self.get_serializer(row).data, status=201)

    @extend_schema(request=None, responses=shapes.SwapSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Both stand in for each other from now on."""
        return self._said(swaps.accept(self.get_object().pk, actor=actors.api(request)))

    @extend_schema(request=None, responses=shapes.SwapSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """The shift stays where it is."""
        return self._said(swaps.decline(self.get_object().pk, actor=actors.api(request)))

    @extend_schema(request=None, responses=shapes.SwapSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take the offer back."""
        return self._said(swaps.withdraw(self.get_object().pk, actor=actors.api(request)))

    def _said(self, row: Swap) -> Response:
        return Response(self.get_serializer(row).data)
