"""REST: who I am, and who is here (for pickers of people)."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken, AuditEntry, Role, User


class UserSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "email", "name", "role", "time_zone", "is_active"]
        read_only_fields = fields


class MeSerializer(serializers.Serializer[Any]):
    user = UserSerializer()
    effective_role = serializers.CharField()
    scope = serializers.CharField()


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    actor = serializers.EmailField(source="actor.email", allow_null=True, default=None)

    class Meta:
        model = AuditEntry
        fields = ["id", "at", "actor", "actor_label", "via", "action", "target", "before", "after"]
        read_only_fields = fields


class UserViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[User]):
    """The people of this house; they are added and changed on the pages."""

    queryset = User.objects.filter(erased_at=None)
    serializer_class = UserSerializer
    lookup_value_regex = r"\d{1,18}"

    @extend_schema(responses=MeSerializer)
    @action(detail=False, methods=["get"])
    def me(self, request: Request) -> Response:
        """The owner of the token, and what the token may do."""
        user, token = request.user, request.auth
        assert isinstance(user, User)
        scope = token.scope if isinstance(token, ApiToken) else "admin"
        return Response(
            MeSerializer({"user": user, "effective_role": user.effective_role, "scope": scope}).data
        )


class AuditViewSet(viewsets.ReadOnlyModelViewSet[AuditEntry]):
    """The audit log, newest first; for admins."""

    read_role = Role.ADMIN
    serializer_class = AuditEntrySerializer
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.select_related("actor")


routes: list[tuple[str, type[viewsets.GenericViewSet[Any]], str]] = [
    ("users", UserViewSet, "user"),
    ("audit", AuditViewSet, "audit"),
]
