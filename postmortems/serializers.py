"""The shapes of documents and actions in the REST API."""

from datetime import timedelta
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from lib.text import CleanTextField
from postmortems import facts, tagging, writing
from postmortems.kinds import (
    LISTS,
    MAX_LINE,
    MAX_SECTION,
    ActionKind,
    ActionStatus,
    Priority,
    Section,
    Visibility,
)
from postmortems.models import ActionItem, Postmortem, TimelineRow

MAX_POINTS = 200


class PersonField(serializers.EmailField):
    """A person, by e-mail address."""

    def to_representation(self, value: Any) -> str:
        return value.email if isinstance(value, User) else str(value)


def find_people(addresses: list[str], field: str) -> list[int]:
    """The ids of these people; DRF's ValidationError names who is not here."""
    found = []
    for address in addresses:
        person = User.objects.filter(email__iexact=address, is_active=True).first()
        if person is None:
            raise serializers.ValidationError({field: [f"Nobody here has the address {address}."]})
        found.append(person.pk)
    return found


class PointsField(serializers.ListField):
    """A section that is a list of points."""

    child = CleanTextField(max_length=2000, allow_blank=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_POINTS, **kwargs)


class PriorityField(serializers.ChoiceField):
    """``high``, ``normal`` or ``low``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[member.name.lower() for member in Priority], **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        return Priority[super().to_internal_value(data).upper()].value

    def to_representation(self, value: Any) -> str:
        return Priority(value).name.lower()


class RowSerializer(serializers.ModelSerializer):
    time = serializers.CharField(source="clock", help_text="In the zone of the primary service's team.")
    event = serializers.IntegerField(source="event_number", allow_null=True)
    text = serializers.CharField(source="words")

    class Meta:
        model = TimelineRow
        fields = ["at", "time", "text", "event"]


class TagsSerializer(serializers.Serializer):
    """The words that the library finds a document by."""

    cause = serializers.ListField(child=CleanTextField(max_length=60), required=False)
    factor = serializers.ListField(child=CleanTextField(max_length=60), required=False)
    mitigation = serializers.ListField(child=CleanTextField(max_length=60), required=False)


class PostmortemSerializer(serializers.ModelSerializer):
    """The document, its sections as fields; lists as lists."""

    incident = serializers.IntegerField(source="incident.number", help_text="The incident's number.")
    reference = serializers.CharField(source="incident.reference")
    title = serializers.CharField(source="incident.title")
    severity = serializers.CharField(source="incident.severity.name")
    date = serializers.SerializerMethodField()
    duration_seconds = serializers.SerializerMethodField(help_text="Of user impact; null while it lasts.")
    authors = serializers.SerializerMethodField()
    timeline = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()
    contributing_factors = serializers.SerializerMethodField()
    went_well = serializers.SerializerMethodField()
    went_poorly = serializers.SerializerMethodField()
    is_reviewed = serializers.BooleanField()
    tags = serializers.SerializerMethodField(help_text="Lists under `cause`, `factor` and `mitigation`.")
    versions = serializers.SerializerMethodField(
        help_text="Of each section; send them back to be refused when somebody was faster."
    )

    class Meta:
        model = Postmortem
        fields = [
            "id", "incident", "reference", "title", "status", "visibility", "is_reviewed", "severity", "date",
            "duration_seconds", "authors", "summary", "timeline", "root_cause", "contributing_factors",
            "users_affected", "revenue_impact", "went_well", "went_poorly", "actions", "opened_at",
            "changed_at", "due_at", "published_at", "public_at", "public_text", "public_text_at",
            "tags", "versions",
        ]  # fmt: skip

    def get_authors(self, row: Postmortem) -> list[str]:
        return [user.email for user in row.authors.all()]

    @extend_schema_field(OpenApiTypes.DATE)
    def get_date(self, row: Postmortem) -> str:
        return row.incident.impact_began_at.astimezone(row.zone).date().isoformat()

    def get_duration_seconds(self, row: Postmortem) -> int | None:
        duration: timedelta | None = facts.impact(row.incident)
        return None if duration is None else int(duration.total_seconds())

    @extend_schema_field(RowSerializer(many=True))
    def get_timeline(self, row: Postmortem) -> Any:
        return RowSerializer([one for one in row.rows.all() if one.shown], many=True).data

    @extend_schema_field(serializers.ListSerializer(child=serializers.DictField()))
    def get_actions(self, row: Postmortem) -> Any:
        return ActionSerializer(row.actions.all(), many=True).data

    def get_contributing_factors(self, row: Postmortem) -> list[str]:
        return row.points(Section.CONTRIBUTING_FACTORS)

    def get_went_well(self, row: Postmortem) -> list[str]:
        return row.points(Section.WENT_WELL)

    def get_went_poorly(self, row: Postmortem) -> list[str]:
        return row.points(Section.WENT_POORLY)

    @extend_schema_field(TagsSerializer)
    def get_tags(self, row: Postmortem) -> dict[str, list[str]]:
        return tagging.of(row)

    def get_versions(self, row: Postmortem) -> dict[str, int]:
        numbers = writing.versions(row)
        return {str(section): numbers.get(section, 0) for section in Section}


class SectionsSerializer(serializers.Serializer):
    """Some sections to save; ``versions`` (optional) makes a section that changed meanwhile a 409."""

    summary = CleanTextField(max_length=MAX_SECTION, allow_blank=True, required=False)
    root_cause = CleanTextField(max_length=MAX_SECTION, allow_blank=True, required=False)
    contributing_factors = PointsField(required=False)
    users_affected = CleanTextField(max_length=MAX_LINE, allow_blank=True, required=False)
    revenue_impact = CleanTextField(max_length=MAX_LINE, allow_blank=True, required=False)
    went_well = PointsField(required=False)
    went_poorly = PointsField(required=False)
    authors = serializers.ListField(child=serializers.EmailField(), required=False, max_length=50)
    versions = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=1_000_000_000), required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        known = {*self.fields, *PostmortemSerializer.Meta.fields}
        for name in getattr(self, "initial_data", {}):
            if name not in known:
                raise serializers.ValidationError({name: ["There is no section of that name."]})
        return attrs

    @property
    def texts(self) -> dict[str, str]:
        """The sections as the verbs take them: a list is one point a line."""
        data = {
            key: value for key, value in self.validated_data.items() if key not in ("authors", "versions")
        }
        return {
            name: "\n".join(" ".join(point.split()) for point in value) if name in LISTS else value
            for name, value in data.items()
        }


class OpenSerializer(SectionsSerializer):
    incident = serializers.IntegerField(min_value=1, max_value=2**62, help_text="The incident's number.")


class PublishSerializer(serializers.Serializer):
    visibility = serializers.ChoiceField(choices=Visibility.choices, default=Visibility.INTERNAL)
    seen_at = serializers.DateTimeField(
        required=False,
        help_text="`public_text_at` of the text you read; 409 `text_changed` if it is another by now.",
    )


class PublicTextSerializer(serializers.Serializer):
    text = CleanTextField(max_length=50_000)


class WaiveSerializer(serializers.Serializer):
    incident = serializers.IntegerField(min_value=1, max_value=2**62, help_text="The incident's number.")
    reason = CleanTextField(max_length=500)


class WaivedSerializer(serializers.Serializer):
    incident = serializers.IntegerField()
    postmortem_waived_at = serializers.DateTimeField()


class MarkdownSerializer(serializers.Serializer):
    markdown = serializers.CharField(max_length=200_000, trim_whitespace=False)


class ImportedSerializer(serializers.Serializer):
    notes = serializers.ListField(child=serializers.CharField(), help_text="What could not be taken over.")
    postmortem = PostmortemSerializer()


class ReviewersSerializer(serializers.Serializer):
    reviewers = serializers.ListField(child=serializers.EmailField(), min_length=1, max_length=50)


class MarkSerializer(serializers.Serializer):
    mark = serializers.ChoiceField(choices=["approved", "changes"])
    note = CleanTextField(max_length=500, required=False, allow_blank=True, default="")


class CarriedSerializer(serializers.Serializer):
    """Which open tasks of the room become action items; without the field, all."""

    tasks = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**53), required=False, max_length=100
    )


class ActionSerializer(serializers.ModelSerializer):
    """An action item."""

    incident = serializers.IntegerField(source="postmortem.incident.number", read_only=True)
    owner = PersonField(required=False, allow_null=True)
    title = CleanTextField(max_length=200)
    kind = serializers.ChoiceField(choices=ActionKind.choices, required=False)
    priority = PriorityField(required=False)
    factor = CleanTextField(max_length=500, allow_blank=True, required=False)
    ticket_url = CleanTextField(max_length=500, allow_blank=True, required=False)
    status = serializers.ChoiceField(choices=ActionStatus.choices, required=False)
    postmortem = serializers.IntegerField(source="postmortem_id", min_value=1, max_value=2**62)
    is_overdue = serializers.BooleanField(read_only=True)

    class Meta:
        model = ActionItem
        fields = [
            "id", "postmortem", "incident", "title", "owner", "due", "kind", "priority", "factor",
            "ticket_url", "status", "is_overdue", "created_at", "done_at",
        ]  # fmt: skip
        read_only_fields = ["created_at", "done_at"]

    @property
    def given(self) -> dict[str, Any]:
        """The fields as the verbs name them."""
        data = dict(self.validated_data)
        data.pop("postmortem_id", None)
        if "owner" in data:
            owner = data.pop("owner")
            data["owner_id"] = find_people([owner], "owner")[0] if owner else None
        return data
