"""The shapes of detection in the REST API; durations are whole or broken seconds."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.models import Service
from detection.kinds import SourceKind
from detection.models import Alert, Check, Heartbeat, Report, Silence, Source
from lib.text import CleanTextField


@extend_schema_field({"type": "number", "format": "double", "minimum": 0})
class SecondsField(serializers.FloatField):
    """A ``timedelta`` as seconds."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=366 * 86_400, **kwargs)

    def to_internal_value(self, data: Any) -> timedelta:  # type: ignore[override]
        return timedelta(seconds=super().to_internal_value(data))

    def run_validators(self, value: Any) -> None:
        super().run_validators(value.total_seconds() if isinstance(value, timedelta) else value)

    def to_representation(self, value: Any) -> float:  # type: ignore[override]
        return float(value.total_seconds())


class ServiceField(serializers.SlugRelatedField):  # type: ignore[type-arg]
    """A service by its slug."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="slug", queryset=Service.objects.all(), **kwargs)


class SourceSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    name = CleanTextField(max_length=100)
    kind = serializers.ChoiceField(choices=[kind for kind in SourceKind if kind != SourceKind.INTERNAL])
    service = ServiceField(required=False, allow_null=True)
    options = serializers.JSONField(required=False)

    class Meta:
        model = Source
        fields = ["id", "name", "kind", "service", "options", "prefix", "is_active", "last_seen_at"]
        read_only_fields = ["id", "prefix", "last_seen_at", "is_active"]


class SourceChangeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What may change of a source; leave out what stays."""

    name = CleanTextField(max_length=100, required=False)
    service = ServiceField(required=False, allow_null=True)
    is_active = serializers.BooleanField(required=False)


class NewSourceSerializer(SourceSerializer):
    """A source with its key, which is answered once and never again."""

    key = serializers.CharField(read_only=True)
    url = serializers.CharField(read_only=True)

    class Meta(SourceSerializer.Meta):
        fields = [*SourceSerializer.Meta.fields, "key", "url"]


class AlertSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    source_name = serializers.CharField(source="source.name", read_only=True)
    service = serializers.CharField(source="service.slug", read_only=True)
    incident = serializers.IntegerField(
        source="incident.number", read_only=True, allow_null=True, default=None, help_text="Its number."
    )

    class Meta:
        model = Alert
        fields = [
            "id", "source", "source_name", "dedup_key", "service", "summary", "status", "severity", "count",
            "first_seen_at", "last_seen_at", "resolved_at", "sent_at", "incident", "labels", "details",
            "links", "runbook_url", "is_flapping", "silence",
        ]  # fmt: skip
        read_only_fields = fields


class CheckSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    name = CleanTextField(max_length=100)
    service = ServiceField()
    body_pattern = CleanTextField(max_length=300, required=False, allow_blank=True)
    expected_status = CleanTextField(max_length=60, required=False)
    interval_seconds = SecondsField(source="interval", required=False)
    timeout_seconds = SecondsField(source="timeout", required=False)
    latency_bound_seconds = SecondsField(source="latency_bound", required=False, allow_null=True)

    class Meta:
        model = Check
        fields = [
            "id", "name", "service", "url", "method", "expected_status", "body_pattern",
            "latency_bound_seconds", "interval_seconds", "timeout_seconds", "failures_needed",
            "failures_window", "successes_needed", "severity", "is_paused", "state", "state_at", "next_at",
        ]  # fmt: skip
        read_only_fields = ["id", "is_paused", "state", "state_at", "next_at"]


class HeartbeatSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    name = CleanTextField(max_length=100)
    service = ServiceField()
    cron = CleanTextField(max_length=100, required=False, allow_blank=True)
    time_zone = CleanTextField(max_length=64, required=False)
    period_seconds = SecondsField(source="period", required=False, allow_null=True)
    grace_seconds = SecondsField(source="grace", required=False)

    class Meta:
        model = Heartbeat
        fields = [
            "id", "name", "service", "period_seconds", "cron", "time_zone", "grace_seconds", "severity",
            "prefix", "is_paused", "state", "last_ping_at", "last_code", "due_at",
        ]  # fmt: skip
        read_only_fields = ["id", "prefix", "is_paused", "state", "last_ping_at", "last_code", "due_at"]


class NewHeartbeatSerializer(HeartbeatSerializer):
    """A heartbeat with its address, which is answered once and never again."""

    url = serializers.CharField(read_only=True)

    class Meta(HeartbeatSerializer.Meta):
        fields = [*HeartbeatSerializer.Meta.fields, "url"]


class SilenceSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    matchers = serializers.JSONField(help_text="[{label, operator: = != =~ !~, value}]")
    reason = CleanTextField(max_length=500)
    created_by = serializers.CharField(source="created_by.email", read_only=True, default=None)

    class Meta:
        model = Silence
        fields = ["id", "matchers", "reason", "starts_at", "until", "ended_at", "created_by"]
        read_only_fields = ["id", "starts_at", "ended_at"]


class ReportSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    service = ServiceField()
    text = CleanTextField(max_length=4000)
    title = CleanTextField(max_length=200, required=False, allow_blank=True, write_only=True)
    ticket_url = serializers.URLField(max_length=500, required=False, allow_blank=True, write_only=True)
    user = serializers.CharField(source="user.email", read_only=True, default=None)
    incident = serializers.IntegerField(
        source="incident.number", read_only=True, allow_null=True, default=None, help_text="Its number."
    )

    class Meta:
        model = Report
        fields = ["id", "kind", "service", "text", "title", "ticket_url", "at", "user", "incident"]
        read_only_fields = ["id", "kind", "at"]
