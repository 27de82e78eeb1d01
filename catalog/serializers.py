"""The shapes of the catalog in the API."""

from typing import Any

from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from catalog.extras import service_fields
from catalog.models import Deploy, Membership, Mitigation, Runbook, Service, Team
from lib.text import CleanTextField

EXTRA = "extra:"


@extend_schema_field({"type": ["string", "null"]})
class ExtraField(serializers.Field):  # type: ignore[type-arg]
    """A field that another room keeps for us."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        self.extra = name
        super().__init__(source="*", required=False, allow_null=True, **kwargs)

    def to_representation(self, value: Service) -> Any:
        return service_fields[self.extra].read(value)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return {EXTRA + self.extra: data}


@extend_schema_field({"type": "boolean"})
class ExtraFlag(ExtraField):
    """The same for yes or no."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.allow_null = False

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return super().to_internal_value(serializers.BooleanField().to_internal_value(data))


def slugs(model: type[Any], **kwargs: Any) -> Any:
    return serializers.SlugRelatedField(slug_field="slug", queryset=model.objects.all(), **kwargs)


class ModelShape(serializers.ModelSerializer):  # type: ignore[type-arg]
    """Texts that both databases can store."""

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        found, kwargs = super().build_standard_field(field_name, model_field)
        # Uniqueness and shape are asked once, by the rule itself.
        return (CleanTextField if found is serializers.CharField else found), kwargs


class ServiceSerializer(ModelShape):
    team = slugs(Team)
    depends_on = slugs(Service, many=True, required=False)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Service
        fields = [
            "id", "slug", "name", "description", "team", "tier", "depends_on", "default_severity_rank",
            "is_catch_all", "auto_declare", "group_window", "runbook_url", "is_active", "url",
        ]  # fmt: skip

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        for name, extra in service_fields.items():
            shape = ExtraFlag if extra.is_flag else ExtraField
            fields[name] = shape(name, help_text=extra.help_text)
        return fields

    @extend_schema_field(OpenApiTypes.STR)
    def get_url(self, service: Service) -> str:
        return service.get_absolute_url()


class MemberSerializer(ModelShape):
    user = serializers.SlugRelatedField(slug_field="email", queryset=User.objects.filter(is_active=True))
    name = serializers.CharField(source="user.name", read_only=True)

    class Meta:
        model = Membership
        fields = ["user", "name", "is_manager"]


class TeamSerializer(ModelShape):
    members = MemberSerializer(many=True, required=False, source="memberships")
    windows = serializers.JSONField(
        required=False, help_text="A list of [weekday 0–6, start, end]; empty: around the clock."
    )

    class Meta:
        model = Team
        fields = [
            "id", "slug", "name", "time_zone", "windows", "holidays_country", "holidays_subdivision",
            "sprint_anchor", "sprint_days", "bridge_url", "members",
        ]  # fmt: skip


class DeploySerializer(ModelShape):
    service = slugs(Service)
    at = serializers.DateTimeField(required=False, default=now, help_text="Default: now.")

    class Meta:
        model = Deploy
        fields = ["id", "service", "version", "at", "url", "author", "kind", "source"]
        # Telling us twice is welcome: the rule answers with the row that is there.
        validators: list[Any] = []


class RunbookSerializer(ModelShape):
    service = slugs(Service)

    class Meta:
        model = Runbook
        fields = ["id", "service", "title", "url", "body"]


class MitigationSerializer(ModelShape):
    service = slugs(Service, allow_null=True, required=False, default=None)
    parameters = serializers.DictField(child=CleanTextField(allow_blank=True, max_length=200), required=False)

    class Meta:
        model = Mitigation
        fields = [
            "id", "slug", "service", "name", "steps", "command", "parameters", "risk", "undo", "position",
        ]  # fmt: skip
        validators: list[Any] = []
