"""The shapes of schedules, policies, overrides and swaps in the REST API."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from catalog.models import Service, Team
from lib.drf import KnownFields
from lib.refusal import Invalid
from lib.text import CleanTextField
from oncall.models import Override, Policy, Schedule, Step, Swap, Target
from oncall.policies import IN_TURN, Rung
from oncall.rotations import Rotation


def person(email: str, field: str) -> User:
    """Whoever has the address.

    Raises:
        Invalid: nobody who may sign in.
    """
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise Invalid(f"Nobody here has the address {email[:100]}.", field=field)
    return user


class OverrideSerializer(KnownFields, serializers.ModelSerializer):
    """Somebody stands in for a while."""

    user = serializers.EmailField(source="user.email")
    note = CleanTextField(max_length=200, required=False, allow_blank=True)

    class Meta:
        model = Override
        fields = ["id", "user", "start", "end", "note"]


class LayerSerializer(KnownFields, serializers.Serializer):
    """People who take turns of ``days`` and ``hours``; ``windows`` are lines like ``Mon-Fri 20:00-08:00``."""

    name = CleanTextField(max_length=80)
    first_day = serializers.DateField()
    hand_over = serializers.TimeField(format="%H:%M")
    days = serializers.IntegerField(min_value=0, max_value=366)
    hours = serializers.IntegerField(min_value=0, max_value=23, default=0)
    windows = serializers.ListField(child=CleanTextField(max_length=80), default=list, max_length=14)
    people = serializers.ListField(child=serializers.EmailField(), max_length=200)


class PastLayerSerializer(serializers.Serializer):
    """A rotation as it was until somebody changed it; ``since`` is null where it held from its first day."""

    name = serializers.CharField()
    turns = serializers.CharField()
    windows = serializers.ListField(child=serializers.CharField())
    time_zone = serializers.CharField()
    people = serializers.ListField(child=serializers.EmailField())
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField()


class ScheduleSerializer(KnownFields, serializers.ModelSerializer):
    """A schedule: its layers from the lowest to the highest; a later one covers an earlier one."""

    name = CleanTextField(max_length=80)
    time_zone = serializers.CharField(max_length=64, default="UTC")
    team = serializers.SlugRelatedField(
        slug_field="slug", queryset=Team.objects.all(), allow_null=True, default=None
    )
    layers = LayerSerializer(many=True)

    class Meta:
        model = Schedule
        fields = ["id", "name", "time_zone", "team", "layers"]

    def to_representation(self, schedule: Any) -> dict[str, Any]:
        return {
            "id": schedule.pk,
            "name": schedule.name,
            "time_zone": schedule.time_zone,
            "team": schedule.team.slug if schedule.team else None,
            "layers": [
                {
                    "name": layer.name,
                    "first_day": layer.first_day.isoformat(),
                    "hand_over": f"{layer.hand_over:%H:%M}",
                    "days": layer.days,
                    "hours": layer.hours,
                    "windows": layer.windows,
                    "people": [place.user.email for place in layer.members.all()],
                }
                for layer in schedule.layers.all()
            ],
        }


def rotations(layers: list[dict[str, Any]]) -> list[Rotation]:
    """The layers as the verb takes them."""
    return [
        Rotation(
            one["name"],
            one["first_day"],
            one["hand_over"],
            one["days"],
            tuple(person(email, "layers").pk for email in one["people"]),
            one["hours"],
            tuple(one["windows"]),
        )
        for one in layers
    ]


class TargetSerializer(KnownFields, serializers.Serializer):
    """Whom a step asks: a schedule by id, a person by e-mail, a team (or a team's managers) by slug."""

    kind = serializers.ChoiceField(choices=[str(kind) for kind in Target.Kind.values])
    name = serializers.CharField(read_only=True)
    schedule = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**63 - 1)
    person = serializers.EmailField(required=False, allow_null=True)
    team = serializers.SlugField(required=False, allow_null=True)
    in_turn = serializers.BooleanField(
        default=False, help_text="One of the team, or of the schedule's people, in turn."
    )


class StepSerializer(KnownFields, serializers.Serializer):
    """A rung: after so long, ask these."""

    delay_seconds = serializers.IntegerField(min_value=0, max_value=86_400)
    in_hours_only = serializers.BooleanField(
        default=False, help_text="Skipped outside of the business hours of the incident's team."
    )
    targets = TargetSerializer(many=True)


class PolicySerializer(KnownFields, serializers.ModelSerializer):
    """A ladder. Running pages keep the plan they started with."""

    name = CleanTextField(max_length=80)
    team = serializers.SlugRelatedField(
        slug_field="slug", queryset=Team.objects.all(), allow_null=True, default=None
    )
    repeat = serializers.IntegerField(min_value=1, max_value=20, default=3)
    round_seconds = serializers.IntegerField(min_value=60, max_value=86_400, default=900)
    is_default = serializers.BooleanField(default=False)
    is_for_management = serializers.BooleanField(default=False)
    steps = StepSerializer(many=True)
    services = serializers.SlugRelatedField(
        slug_field="slug", queryset=Service.objects.all(), many=True, required=False
    )
    management_of = serializers.SlugRelatedField(
        slug_field="slug", queryset=Team.objects.all(), many=True, required=False
    )

    class Meta:
        model = Policy
        fields = [
            "id",
            "name",
            "team",
            "repeat",
            "round_seconds",
            "is_default",
            "is_for_management",
            "steps",
            "services",
            "management_of",
        ]

    def to_representation(self, policy: Any) -> dict[str, Any]:
        return {
            "id": policy.pk,
            "name": policy.name,
            "team": policy.team.slug if policy.team else None,
            "repeat": policy.repeat,
            "round_seconds": int(policy.round_length.total_seconds()),
            "is_default": policy.is_default,
            "is_for_management": policy.is_for_management,
            "steps": [_step(step) for step in policy.steps.all()],
            "services": [row.service.slug for row in policy.coverages.all()],
            "management_of": [row.team.slug for row in policy.management_coverages.all()],
        }


def _step(step: Step) -> dict[str, Any]:
    return {
        "delay_seconds": int(step.delay.total_seconds()),
        "in_hours_only": step.in_hours_only,
        "targets": [
            {
                "kind": target.kind,
                "name": str(target),
                "schedule": target.schedule_id,
                "person": target.person.email if target.person else None,
                "team": target.team.slug if target.team else None,
                "in_turn": target.in_turn,
            }
            for target in step.targets.all()
        ],
    }


def rungs(steps: list[dict[str, Any]]) -> list[Rung]:
    """The steps as the verb takes them."""
    return [
        Rung(
            timedelta(seconds=step["delay_seconds"]),
            tuple(_aim(target) for target in step["targets"]),
            step["in_hours_only"],
        )
        for step in steps
    ]


def _aim(target: dict[str, Any]) -> str:
    turn, kind = IN_TURN if target["in_turn"] else "", target["kind"]
    if kind == "schedule":
        return f"{turn}schedule:{target.get('schedule') or 0}"
    if kind == "person":
        return f"{turn}person:{person(target.get('person') or '', 'steps').pk}"
    slug = target.get("team")
    team = Team.objects.filter(slug=slug).first() if slug else None
    if team is None and (slug or kind == "team"):
        raise Invalid("A step names a team that is not there.", field="steps")
    return f"{turn}{kind}:{team.pk}" if team else f"{turn}{kind}"


class SwapSerializer(KnownFields, serializers.ModelSerializer):
    """An offer of a shift; nothing changes until the other accepts."""

    schedule = serializers.PrimaryKeyRelatedField(queryset=Schedule.objects.all())
    proposer = serializers.EmailField(source="proposer.email", read_only=True)
    other = serializers.EmailField(source="other.email")
    note = CleanTextField(max_length=200, required=False, allow_blank=True)

    class Meta:
        model = Swap
        fields = [
            "id",
            "schedule",
            "proposer",
            "other",
            "start",
            "end",
            "back_start",
            "back_end",
            "note",
            "status",
            "expires_at",
            "answered_at",
        ]
        read_only_fields = ["status", "expires_at", "answered_at"]


class ShiftSerializer(serializers.Serializer):
    """One person over one span; ``user`` null is a gap."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    user = serializers.EmailField(allow_null=True)
    layer = serializers.CharField(allow_null=True)
    override = serializers.IntegerField(allow_null=True)


class OnCallSerializer(serializers.Serializer):
    """Who answers at a moment, and why."""

    schedule = serializers.CharField()
    at = serializers.DateTimeField()
    user = serializers.EmailField(allow_null=True, help_text="Null in a gap.")
    name = serializers.CharField(allow_null=True)
    trace = serializers.ListField(child=serializers.CharField())


class MomentSerializer(serializers.Serializer):
    """One rung of a simulated climb."""

    at = serializers.DateTimeField()
    after_seconds = serializers.SerializerMethodField()
    step = serializers.IntegerField()
    round = serializers.IntegerField()
    asks = serializers.CharField(source="title")
    people = serializers.SerializerMethodField()
    skipped = serializers.CharField(help_text="Why nobody is asked; empty where somebody is.")
    resting = serializers.CharField(help_text="Who is in their quiet hours then, in words; else empty.")
    again_every_seconds = serializers.SerializerMethodField()

    @extend_schema_field(serializers.IntegerField())
    def get_after_seconds(self, one: Any) -> int:
        return int(one.after.total_seconds())

    @extend_schema_field(serializers.ListField(child=serializers.EmailField()))
    def get_people(self, one: Any) -> list[str]:
        return [user.email for user in one.people]

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_again_every_seconds(self, one: Any) -> int | None:
        return int(one.again_every.total_seconds()) if one.again_every else None
