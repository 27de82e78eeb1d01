"""Calendar links and the import of shifts in the REST API."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actors
from accounts.models import Role
from lib.drf import KnownFields, NewestFirst
from oncall import calendars, importing
from oncall.models import CalendarLink, Schedule


class ImportSerializer(KnownFields, serializers.Serializer):
    """A calendar whose entries become overrides."""

    ics = serializers.CharField(max_length=importing.MAX_BYTES, trim_whitespace=False)
    dry_run = serializers.BooleanField(default=False)


class ImportRowSerializer(serializers.Serializer):
    """One event of the file, and what becomes of it."""

    verdict = serializers.ChoiceField(choices=["new", "there", "over", "problem"])
    title = serializers.CharField()
    user = serializers.EmailField(source="user.email", allow_null=True, default=None)
    start = serializers.DateTimeField(allow_null=True)
    end = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField(allow_blank=True)


class CalendarSerializer(KnownFields, serializers.ModelSerializer):
    """A calendar link of one's own."""

    schedule = serializers.PrimaryKeyRelatedField(
        queryset=Schedule.objects.all(), allow_null=True, default=None, help_text="Null: one's own shifts."
    )

    class Meta:
        model = CalendarLink
        fields = ["id", "schedule", "created_at", "last_used_at"]
        read_only_fields = ["id", "created_at", "last_used_at"]
        # Making one replaces the one before it, so it is never there "already".
        validators: list[Any] = []


class CalendarMadeSerializer(CalendarSerializer):
    url = serializers.CharField(read_only=True, help_text="Shown once; only a hash of it is kept.")

    class Meta(CalendarSerializer.Meta):
        fields = [*CalendarSerializer.Meta.fields, "url"]


class CalendarViewSet(mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet):
    """My calendar links: list, make (the address is in this answer alone), revoke."""

    queryset = CalendarLink.objects.none()
    serializer_class = CalendarSerializer
    pagination_class = NewestFirst
    lookup_value_regex = r"[0-9]{1,18}"
    required_role = Role.VIEWER

    def get_queryset(self) -> QuerySet[CalendarLink]:
        return CalendarLink.objects.filter(user=self.request.user.pk)

    @extend_schema(request=CalendarSerializer, responses={201: CalendarMadeSerializer})
    def create(self, request: Request) -> Response:
        asked = CalendarSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        schedule = asked.validated_data["schedule"]
        link, token = calendars.make(actors.api(request), schedule_id=schedule.pk if schedule else None)
        url = settings.BASE_URL + reverse("oncall:calendar_feed", args=[token])
        return Response({**CalendarSerializer(link).data, "url": url}, status=201)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        calendars.revoke(self.get_object().pk, actor=actors.api(request))
        return Response(status=204)
