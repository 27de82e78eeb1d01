"""One's own ways to be reached in the REST API: lines, the order of steps, quiet hours. Never another's."""

from datetime import timedelta
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, User
from lib.drf import NewestFirst
from notifications import canary, contacts, ordering, resting, rules
from notifications.models import ContactMethod, Rule, Urgency


class LineSerializer(serializers.ModelSerializer):
    """A line. What is secret of it, a code or a key, is in no answer."""

    canary_silent = serializers.SerializerMethodField(
        help_text="The last weekly test was not answered within a day."
    )

    class Meta:
        model = ContactMethod
        read_only_fields = [
            "position",
            "verified_at",
            "trouble",
            "trouble_at",
            "canary_asked_at",
            "canary_heard_at",
        ]
        fields = ["id", "kind", "address", *read_only_fields, "canary_silent"]
        extra_kwargs = {"kind": {"required": True}}

    def get_canary_silent(self, row: ContactMethod) -> bool:
        return row.is_silent


class CodeSerializer(serializers.Serializer):
    """The code that was sent there."""

    code = serializers.CharField(max_length=12)


class RuleSerializer(serializers.ModelSerializer):
    """A step of one's own order: this line, so many seconds after a page began."""

    urgency = serializers.ChoiceField(Urgency.choices)
    line = serializers.IntegerField(source="method_id", min_value=1, max_value=2**63 - 1)
    delay_seconds = serializers.IntegerField(min_value=0, max_value=int(rules.LONGEST.total_seconds()))

    class Meta:
        model = Rule
        fields = ["id", "urgency", "line", "delay_seconds"]


# A JSON schema's "time" has seconds and a zone; a clock on the wall has neither.
@extend_schema_field({"type": ["string", "null"], "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
class ClockField(serializers.TimeField):
    """``22:00``, or null."""

    def __init__(self, **words: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], allow_null=True, **words)


class QuietSerializer(serializers.Serializer):
    """By one's own clock; both null: none."""

    begins = ClockField()
    ends = ClockField()


class CanarySerializer(serializers.Serializer):
    """Whether every line of mine is tested once a week, and when the next test goes out."""

    weekly = serializers.BooleanField()
    next_at = serializers.DateTimeField(read_only=True, allow_null=True)


class InOrder(NewestFirst):
    """By the person's own order, the first line first."""

    ordering = ("position", "pk")  # type: ignore[assignment]


def _me(request: Request) -> User:
    return cast(User, request.user)


class LineViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """My lines in their order; `position` counts it, `up/` and `down/` change it."""

    queryset = ContactMethod.objects.none()
    serializer_class = LineSerializer
    pagination_class = InOrder
    lookup_value_regex = r"[0-9]{1,18}"
    required_role = Role.VIEWER

    def get_queryset(self) -> QuerySet[ContactMethod]:
        return ContactMethod.objects.filter(user=self.request.user.pk)

    @extend_schema(request=LineSerializer, responses={201: LineSerializer})
    def create(self, request: Request) -> Response:
        """Add a line; a code is sent there, and nothing else before it came back."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = contacts.add(_me(request), **asked.validated_data)
        return Response(self.get_serializer(made).data, status=201)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        contacts.remove(_me(request), method_id=self.get_object().pk)
        return Response(status=204)

    @extend_schema(request=CodeSerializer, responses={200: LineSerializer})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """The code came back."""
        asked = CodeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = contacts.confirm(_me(request), method_id=self.get_object().pk, **asked.validated_data)
        return Response(self.get_serializer(made).data)

    @extend_schema(request=None, responses={200: LineSerializer})
    @action(detail=True, methods=["post"])
    def code(self, request: Request, pk: str) -> Response:
        """Send a new code to a line that is not confirmed yet, at most five an hour."""
        made = contacts.new_code(_me(request), method_id=self.get_object().pk)
        return Response(self.get_serializer(made).data)

    @extend_schema(request=None, responses={200: LineSerializer})
    @action(detail=True, methods=["post"])
    def up(self, request: Request, pk: str) -> Response:
        """One place nearer to the front; the first stays the first."""
        made = ordering.move_up(_me(request), method_id=self.get_object().pk)
        return Response(self.get_serializer(made).data)

    @extend_schema(request=None, responses={200: LineSerializer})
    @action(detail=True, methods=["post"])
    def down(self, request: Request, pk: str) -> Response:
        """One place further back; the last stays the last."""
        made = ordering.move_down(_me(request), method_id=self.get_object().pk)
        return Response(self.get_serializer(made).data)


class RuleViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """My steps, the newest first: for what is urgent, and for what can wait."""

    queryset = Rule.objects.none()
    serializer_class = RuleSerializer
    pagination_class = NewestFirst
    lookup_value_regex = r"[0-9]{1,18}"
    required_role = Role.VIEWER

    def get_queryset(self) -> QuerySet[Rule]:
        return Rule.objects.filter(user=self.request.user.pk)

    @extend_schema(request=RuleSerializer, responses={201: RuleSerializer})
    def create(self, request: Request) -> Response:
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        delay = timedelta(seconds=given.pop("delay_seconds"))
        made = rules.add(_me(request), delay=delay, **given)
        return Response(self.get_serializer(made).data, status=201)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rules.remove(_me(request), rule_id=self.get_object().pk)
        return Response(status=204)


class QuietViewSet(viewsets.GenericViewSet):
    """My quiet hours: what can wait reaches me after them."""

    queryset = ContactMethod.objects.none()
    serializer_class = QuietSerializer
    pagination_class = None
    required_role = Role.VIEWER

    @extend_schema(responses=forced_singular_serializer(QuietSerializer))  # type: ignore[no-untyped-call]
    def list(self, request: Request) -> Response:
        """As they are kept."""
        return self._said(request)

    @extend_schema(request=QuietSerializer, responses={200: QuietSerializer})
    def create(self, request: Request) -> Response:
        """Keep them, or end them by two nulls."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        resting.keep(_me(request), **asked.validated_data)
        return self._said(request)

    def _said(self, request: Request) -> Response:
        begins, ends = resting.hours(_me(request)) or (None, None)
        return Response(self.get_serializer({"begins": begins, "ends": ends}).data)


class CanaryViewSet(viewsets.GenericViewSet):
    """The weekly test of my lines: each gets a message with a link to tap."""

    queryset = ContactMethod.objects.none()
    serializer_class = CanarySerializer
    pagination_class = None
    required_role = Role.VIEWER

    @extend_schema(responses=forced_singular_serializer(CanarySerializer))  # type: ignore[no-untyped-call]
    def list(self, request: Request) -> Response:
        """Whether it is on."""
        return self._said(request)

    @extend_schema(request=CanarySerializer, responses={200: CanarySerializer})
    def create(self, request: Request) -> Response:
        """Switch it on, with the first test at once, or off."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        canary.keep(_me(request), **asked.validated_data)
        return self._said(request)

    def _said(self, request: Request) -> Response:
        row = canary.of(_me(request))
        said = {"weekly": row is not None, "next_at": row.canary_at if row else None}
        return Response(self.get_serializer(said).data)


routes: list[tuple[str, type[viewsets.GenericViewSet], str]] = [  # type: ignore[type-arg]
    ("my-lines", LineViewSet, "my-line"),
    ("my-rules", RuleViewSet, "my-rule"),
    ("my-canary", CanaryViewSet, "my-canary"),
    ("my-quiet-hours", QuietViewSet, "my-quiet-hours"),
]
