"""Search by words, over titles, what was said in rooms, and postmortems."""

from typing import Any, cast

from django.conf import settings
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from incidents import searching
from incidents.models import Incident, SearchText


class HitSerializer(serializers.Serializer):
    """One text that holds every word; `headline` is the piece of it around the first one."""

    kind = serializers.ChoiceField(SearchText.Kind.choices)
    incident = serializers.IntegerField(source="incident.number")
    reference = serializers.CharField(source="incident.reference")
    title = serializers.CharField(source="incident.title")
    severity = serializers.CharField(source="incident.severity.name")
    status = serializers.CharField(source="incident.status")
    event = serializers.SerializerMethodField()
    headline = serializers.CharField()
    url = serializers.SerializerMethodField()

    def get_event(self, hit: searching.Hit) -> int | None:
        """The event's number on the timeline, of updates and notes."""
        said = hit.kind in (SearchText.Kind.UPDATE, SearchText.Kind.NOTE)
        return hit.row.number if said else None

    def get_url(self, hit: searching.Hit) -> str:
        """Where it stands, for a browser."""
        return f"{settings.BASE_URL}{hit.path}"


class FoundSerializer(serializers.Serializer):
    """The best hits first; at most 50, and no second page."""

    results = HitSerializer(many=True)


class SearchViewSet(viewsets.GenericViewSet):
    """Full text over incidents, updates, notes and postmortems, as far as the reader may see them."""

    serializer_class = FoundSerializer
    queryset = Incident.objects.none()
    pagination_class = None

    @extend_schema(
        # Else it takes what `list` answers for a list.
        responses=forced_singular_serializer(FoundSerializer),  # type: ignore[no-untyped-call]
        parameters=[
            OpenApiParameter("q", str, required=True, description="Up to 200 characters; every word counts."),
            OpenApiParameter(
                "kind",
                str,
                description="One or more of `incident`, `update`, `note`, `postmortem`, comma-separated.",
            ),
        ],
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Texts that hold every word of `q`, or longer words that begin with it."""
        kinds = [word.strip() for word in request.query_params.get("kind", "").split(",") if word.strip()]
        hits = searching.search(cast(User, request.user), request.query_params.get("q", ""), kinds=kinds)
        return Response(FoundSerializer({"results": hits}).data)
