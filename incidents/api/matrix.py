"""The severity matrix, the impact matrix and the chairs: read by all, written by admins."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actors
from incidents import matrix
from incidents.models import ImpactRule, Role, Severity
from lib.drf import NewestFirst


class SeveritySerializer(serializers.ModelSerializer):
    required_roles = serializers.SlugRelatedField(
        slug_field="slug", many=True, queryset=Role.objects.all(), required=False
    )
    version = serializers.IntegerField(source="current.number", read_only=True)

    class Meta:
        model = Severity
        exclude = ["id"]


class ByRank(NewestFirst):
    ordering = "rank"


class BySlug(NewestFirst):
    ordering = "slug"


class AsWritten(NewestFirst):
    ordering = "pk"


class SeverityViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Severities by rank. Durations are written as `HH:MM:SS`; every change makes a new version."""

    serializer_class = SeveritySerializer
    lookup_field = "name"
    lookup_value_regex = "[^/]{1,12}"
    required_scope = "admin"
    pagination_class = ByRank
    queryset = Severity.objects.prefetch_related("required_roles").order_by("rank")

    def partial_update(self, request: Request, name: str) -> Response:
        """Change a severity. Running incidents keep the version that they pinned."""
        severity = self.get_object()
        form = self.get_serializer(severity, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        changed = matrix.change(severity.pk, actor=actors.api(request), **form.validated_data)
        return Response(self.get_serializer(changed).data)

    def create(self, request: Request) -> Response:
        """Add a severity at the end of the ranks."""
        form = self.get_serializer(data=request.data)
        form.is_valid(raise_exception=True)
        made = matrix.add(actor=actors.api(request), **form.validated_data)
        return Response(self.get_serializer(made).data, status=201)


class ImpactSerializer(serializers.ModelSerializer):
    severity = serializers.CharField(source="severity.name", read_only=True)

    class Meta:
        model = ImpactRule
        fields = ["breakage", "reach", "severity"]


class ImpactViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The impact matrix: what is broken and who feels it → the severity to suggest."""

    serializer_class = ImpactSerializer
    pagination_class = AsWritten

    def get_queryset(self) -> "QuerySet[ImpactRule]":
        return ImpactRule.objects.select_related("severity").order_by("pk")


class RoleSerializer(serializers.ModelSerializer):
    class Meta:
        model = Role
        fields = ["slug", "name", "duty", "position"]


class RoleViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The chairs of an incident."""

    serializer_class = RoleSerializer
    pagination_class = BySlug
    queryset = Role.objects.all()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """By slug; `position` is the order on the page."""
        return super().list(request, *args, **kwargs)
