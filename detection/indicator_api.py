"""Before and after "mitigated", for machines: the figures of the room's chart."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from detection import indicators
from incidents.models import Incident
from lib.refusal import Missing


class HalfSerializer(serializers.Serializer):
    """One side of the mitigation."""

    asked = serializers.IntegerField(help_text="Answers of the check on this side.")
    failed = serializers.IntegerField()
    typical_seconds = serializers.FloatField(source="typical", allow_null=True, help_text="The median.")


class ComparedSerializer(serializers.Serializer):
    """A check of one of the incident's services."""

    check = serializers.CharField(source="check.name")
    before = HalfSerializer()
    after = HalfSerializer()


class IndicatorSerializer(serializers.Serializer):
    """At most thirty minutes on either side of the mitigation, and at most six checks."""

    begin = serializers.DateTimeField()
    mitigated_at = serializers.DateTimeField(source="middle")
    end = serializers.DateTimeField()
    checks = ComparedSerializer(many=True)
    firing_before = serializers.IntegerField()
    firing_after = serializers.IntegerField()
    new_alerts_before = serializers.IntegerField(source="new_before")
    new_alerts_after = serializers.IntegerField(source="new_after")


class IndicatorViewSet(viewsets.GenericViewSet):
    """Did it help? What checks and alerts of an incident said before it was mitigated, and after."""

    queryset = Incident.objects.none()
    serializer_class = IndicatorSerializer
    lookup_field = "number"
    lookup_value_regex = r"[0-9]{1,18}"

    @extend_schema(responses=IndicatorSerializer)
    def retrieve(self, request: Request, number: str) -> Response:
        """By the incident's number. 404 while nothing is mitigated or nothing looks at its services."""
        user: Any = request.user
        incident = Incident.objects.visible_to(user).filter(number=int(number)).first()
        found = indicators.of(incident) if incident else None
        if found is None:
            raise Missing("There is nothing to compare: no such incident, not mitigated, or nothing looks.")
        return Response(self.get_serializer(found).data)
