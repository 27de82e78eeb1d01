"""Rotas of chairs in the REST API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actors
from accounts.models import Role as Rank
from incidents.models import Role
from lib.drf import KnownFields
from oncall.chair_rotas import cover


class ChairRotaSerializer(KnownFields, serializers.Serializer):
    """A chair, and the schedule that is paged when it is empty past its clock; null: nobody is."""

    role = serializers.CharField(source="slug", read_only=True)
    name = serializers.CharField(read_only=True)
    schedule = serializers.IntegerField(
        source="rota.schedule_id", allow_null=True, default=None, min_value=1, max_value=2**63 - 1
    )


class ChairRotaViewSet(viewsets.GenericViewSet):
    """Rotas of chairs: read by everybody, set by managers."""

    queryset = Role.objects.select_related("rota").order_by("position", "pk")
    serializer_class = ChairRotaSerializer
    pagination_class = None
    lookup_field = "slug"
    lookup_value_regex = "[a-z0-9_-]{1,50}"
    required_roles: Any = {"update": Rank.MANAGER}

    @extend_schema(responses=ChairRotaSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Every chair."""
        return Response(self.get_serializer(self.get_queryset(), many=True).data)

    def update(self, request: Request, slug: str) -> Response:
        """Set or, by null, end the rota of a chair."""
        shape = self.get_serializer(data=request.data)
        shape.is_valid(raise_exception=True)
        asked = shape.validated_data.get("rota", {}).get("schedule_id")
        role = cover(slug, asked, actor=actors.api(request))
        return Response(self.get_serializer(self.get_queryset().get(pk=role.pk)).data)
