"""What goes in and out of the REST door. Serializers give shape, never rules."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from catalog.models import Service
from incidents import hidden
from incidents.kinds import DeadlineKind, Provenance, Source
from incidents.models import Deadline, Incident, IncidentTask, RoleHolding, TimelineEvent
from incidents.roomrows import ChairOffer
from incidents.scoring import Mark
from lib.text import CleanTextField

_services = Service.objects.filter(is_active=True)


class PersonField(serializers.SlugRelatedField):
    """A person by e-mail address, in any case."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("queryset", User.objects.filter(is_active=True))
        super().__init__(slug_field="email", **options)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data.strip().lower() if isinstance(data, str) else data)


class ServicesField(serializers.SlugRelatedField):
    """A service by its slug."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("queryset", _services)
        super().__init__(slug_field="slug", **options)


class DeadlineSerializer(serializers.ModelSerializer):
    class Meta:
        model = Deadline
        fields = ["kind", "due_at", "missed_at", "stopped_at", "started_at", "level"]


class PublicNumberField(serializers.IntegerField):
    """Another incident by its number; null when that one is private."""

    def to_representation(self, value: Any) -> int | None:  # type: ignore[override]
        return None if value.is_private else int(value.number)


class IncidentSerializer(serializers.ModelSerializer):
    reference = serializers.CharField(read_only=True)
    severity = serializers.CharField(source="severity.name", read_only=True)
    services = serializers.SerializerMethodField()
    roles = serializers.SerializerMethodField()
    deadlines = serializers.SerializerMethodField()
    merged_into = PublicNumberField(read_only=True, allow_null=True)
    parent = PublicNumberField(read_only=True, allow_null=True)  # type: ignore[assignment]
    acknowledged_by = serializers.EmailField(source="acknowledged_by.email", read_only=True, allow_null=True)
    url = serializers.CharField(read_only=True)

    class Meta:
        model = Incident
        fields = [
            *("number", "reference", "url", "title", "summary", "status", "severity", "services"),
            *("channel_name", "users_affected", "users_affected_share", "scope_note", "bridge_url"),
            *("ticket_url", "source", "started_at", "started_at_provenance", "detected_at"),
            *("acknowledged_at", "acknowledged_by", "declared_at", "mitigated_at", "resolved_at"),
            *("closed_at", "roles", "deadlines", "is_drill", "is_private", "is_retrospective"),
            *("merged_into", "parent"),
        ]
        read_only_fields = fields

    def get_services(self, incident: Incident) -> list[str]:
        rows = sorted(incident.service_rows.all(), key=lambda row: row.position)
        return [row.service.slug for row in rows]

    def get_roles(self, incident: Incident) -> dict[str, str]:
        held: list[RoleHolding] = [row for row in incident.holdings.all() if row.until is None]
        return {row.role.slug: row.user.email for row in held}

    def get_deadlines(self, incident: Incident) -> list[dict[str, Any]]:
        rows = [row for row in incident.deadlines.all() if row.stopped_at is None or row.missed_at]
        return [dict(one) for one in DeadlineSerializer(rows, many=True).data]


class TimelineSerializer(serializers.ModelSerializer):
    actor = serializers.SerializerMethodField()
    data = serializers.DictField(read_only=True)  # type: ignore[assignment]

    class Meta:
        model = TimelineEvent
        fields = [
            "number",
            "kind",
            "at",
            "recorded_at",
            "actor",
            "via",
            "text",
            "data",
            "digest",
            "redacted_at",
        ]
        read_only_fields = fields

    def get_actor(self, event: TimelineEvent) -> str:
        return event.actor.email if event.actor else event.actor_label

    def to_representation(self, event: TimelineEvent) -> dict[str, Any]:
        shown = super().to_representation(event)
        return {**shown, "data": hidden.masked(shown["data"], self.context.get("private", set()))}


class RetrospectiveSerializer(serializers.Serializer):
    resolved_at = serializers.DateTimeField()
    mitigated_at = serializers.DateTimeField(required=False, allow_null=True)
    acknowledged_at = serializers.DateTimeField(required=False, allow_null=True)
    declared_at = serializers.DateTimeField(required=False, allow_null=True)
    detected_at = serializers.DateTimeField(required=False, allow_null=True)


class OpenSerializer(serializers.Serializer):
    title = CleanTextField(max_length=200)
    severity = CleanTextField(max_length=12, required=False, help_text="A severity's name; else suggested.")
    services = serializers.ListField(child=ServicesField(), min_length=1, max_length=20)
    summary = CleanTextField(max_length=4000, required=False, allow_blank=True)
    source = serializers.ChoiceField(Source.choices, required=False)  # type: ignore[assignment]
    ticket_url = serializers.URLField(max_length=500, required=False, allow_blank=True)
    started_at = serializers.DateTimeField(required=False, allow_null=True)
    declare = serializers.BooleanField(required=False, default=False)
    responding = serializers.BooleanField(required=False, default=False)
    is_private = serializers.BooleanField(required=False, default=False)
    is_drill = serializers.BooleanField(required=False, default=False)
    participants = serializers.ListField(child=PersonField(), required=False, max_length=100)
    retrospective = RetrospectiveSerializer(required=False, allow_null=True)


class MarkSerializer(serializers.Serializer):
    key = serializers.CharField()
    took_seconds = serializers.SerializerMethodField(help_text="null: never done.")
    in_time = serializers.BooleanField(source="is_good")

    def get_took_seconds(self, mark: Mark) -> int | None:
        return None if mark.took is None else int(mark.took.total_seconds())


class KeptSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(DeadlineKind.choices)
    kept = serializers.IntegerField()
    missed = serializers.IntegerField()


class RecapSerializer(serializers.Serializer[Any]):
    """An incident in short."""

    sentences = serializers.ListField(child=serializers.CharField())
    text = serializers.CharField(help_text="The sentences as one paragraph.")


class ScoreSerializer(serializers.Serializer):
    """A drill that is over: what was in time of what was practised."""

    in_time = serializers.IntegerField(source="good")
    total = serializers.IntegerField()
    steps = MarkSerializer(many=True)
    promises = KeptSerializer(many=True)


class EmptySerializer(serializers.Serializer):
    """No words are needed."""


class DeclareSerializer(serializers.Serializer):
    responding = serializers.BooleanField(required=False, default=False)


class ReasonSerializer(serializers.Serializer):
    reason = CleanTextField(max_length=500)


class SeverityChangeSerializer(ReasonSerializer):
    severity = CleanTextField(max_length=12)


class ScopeSerializer(serializers.Serializer):
    users_affected = serializers.IntegerField(min_value=0, max_value=10**12, required=False, allow_null=True)
    users_affected_share = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False, allow_null=True
    )
    services = serializers.ListField(child=ServicesField(), required=False, max_length=20)
    note = CleanTextField(max_length=500, required=False, allow_blank=True)


class RoleChangeSerializer(serializers.Serializer):
    role = serializers.SlugField(max_length=40)
    user = PersonField(required=False, help_text="E-mail address. Default: yourself.")
    brief = CleanTextField(max_length=500, required=False, allow_blank=True)
    break_glass = CleanTextField(max_length=300, required=False, allow_blank=True)


class OfferSerializer(serializers.ModelSerializer):
    """Somebody can take a chair."""

    user = serializers.EmailField(source="user.email", read_only=True)
    user_name = serializers.CharField(source="user", read_only=True)

    class Meta:
        model = ChairOffer
        fields = ["user", "user_name", "offered_at"]


class AloneSerializer(serializers.Serializer):
    role = serializers.SlugField(max_length=40, required=False, default="incident_commander")
    reason = CleanTextField(max_length=300, required=False, allow_blank=True)


class UpdateSerializer(serializers.Serializer):
    text = CleanTextField(max_length=4000)
    next_update_at = serializers.DateTimeField(required=False, allow_null=True)
    reason = CleanTextField(max_length=300, required=False, allow_blank=True)


class SnoozeSerializer(serializers.Serializer):
    until = serializers.DateTimeField(help_text="At most twice the cadence after the last update.")
    reason = CleanTextField(max_length=500)
    clock = serializers.ChoiceField(
        [DeadlineKind.INTERNAL_UPDATE, DeadlineKind.PUBLIC_UPDATE], default=DeadlineKind.INTERNAL_UPDATE
    )


class EndSerializer(serializers.Serializer):
    text = CleanTextField(max_length=4000, required=False, allow_blank=True)
    at = serializers.DateTimeField(required=False, allow_null=True, help_text="Default: now.")
    started_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When the impact began, if that is not known yet."
    )
    provenance = serializers.ChoiceField(Provenance.choices, required=False, allow_blank=True)


class MergeSerializer(serializers.Serializer):
    into = serializers.IntegerField(min_value=1, max_value=2**53, help_text="The other incident's number.")


class PageSerializer(ReasonSerializer):
    target = CleanTextField(
        max_length=254, help_text="An e-mail address, `team:<slug>`, or `service:<slug>` for its on-call."
    )


class NoteSerializer(serializers.Serializer):
    text = CleanTextField(max_length=4000)
    kind = serializers.ChoiceField(
        ["note", "cause_identified", "action_taken"], default="note", required=False
    )
    at = serializers.DateTimeField(required=False, allow_null=True)
    by = CleanTextField(max_length=120, required=False, allow_blank=True)


class DetailsSerializer(ReasonSerializer):
    title = CleanTextField(max_length=200, required=False)
    services = serializers.ListField(child=ServicesField(), required=False, max_length=20)
    started_at = serializers.DateTimeField(required=False)
    provenance = serializers.ChoiceField(Provenance.choices, required=False, allow_blank=True)
    ticket_url = serializers.URLField(max_length=500, required=False, allow_blank=True)
    bridge_url = serializers.URLField(max_length=500, required=False, allow_blank=True)


class CorrectionSerializer(ReasonSerializer):
    event = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    at = serializers.DateTimeField(required=False, allow_null=True)
    text = CleanTextField(max_length=4000, required=False, allow_blank=True)


class LinkSerializer(serializers.Serializer):
    parent = serializers.IntegerField(min_value=1, max_value=2**53, required=False, help_text="A number.")  # type: ignore[assignment]
    related = serializers.IntegerField(min_value=1, max_value=2**53, required=False, help_text="A number.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either parent or related.")
        return attrs


class MitigationSerializer(serializers.Serializer):
    mitigation = serializers.IntegerField(min_value=1, max_value=2**53, required=False)
    attempt = serializers.IntegerField(min_value=1, max_value=2**53, required=False)
    outcome = serializers.ChoiceField(["helped", "did_not_help", "made_worse"], required=False)
    by = PersonField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("mitigation" in attrs) == ("attempt" in attrs) or ("attempt" in attrs) != ("outcome" in attrs):
            raise serializers.ValidationError("Give a mitigation to start, or an attempt with its outcome.")
        return attrs


class TaskSerializer(serializers.ModelSerializer):
    owner = serializers.CharField(source="owner.email", default=None)

    class Meta:
        model = IncidentTask
        fields = ["id", "text", "owner", "outcome", "created_at", "ended_at"]


class TaskAskedSerializer(serializers.Serializer):
    """A new task, or (with its id) a change of one: an outcome, or another owner."""

    id = serializers.IntegerField(min_value=1, max_value=2**53, required=False)
    text = serializers.CharField(max_length=300, required=False)
    owner = PersonField(required=False, allow_null=True)
    outcome = serializers.ChoiceField(["done", "dropped"], required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("id" in attrs) == ("text" in attrs) or ("id" not in attrs and "outcome" in attrs):
            raise serializers.ValidationError("Give a text for a new task, or the id of one to change.")
        if "id" in attrs and ("owner" in attrs) == ("outcome" in attrs):
            raise serializers.ValidationError("Give an outcome or an owner.")
        return attrs


class RunbookStepSerializer(serializers.Serializer):
    step = serializers.CharField(source="block.step.key")
    text = serializers.CharField(source="block.step.text")
    done_at = serializers.DateTimeField(source="tick.at", default=None)
    done_by = serializers.CharField(source="tick.by", default=None)


class OpenRunbookSerializer(serializers.Serializer):
    runbook = serializers.IntegerField(source="runbook.pk")
    title = serializers.CharField(source="runbook.title")
    service = serializers.CharField(source="runbook.service.slug")
    done = serializers.IntegerField()
    count = serializers.IntegerField()
    steps = RunbookStepSerializer(many=True)


class StepSerializer(serializers.Serializer):
    runbook = serializers.IntegerField(min_value=1, max_value=2**53)
    step = serializers.CharField(max_length=40, help_text="The key of a step, as the room lists it.")
    done = serializers.BooleanField(default=True)


class PersonSerializer(serializers.Serializer):
    user = PersonField()
