"""How a figure looks in JSON."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from metrics.summary import Figure


class FigureSerializer(serializers.Serializer[Figure]):
    """One measure. Null means that nothing could be measured, never zero."""

    count = serializers.IntegerField(help_text="How many could be measured.")
    missing = serializers.IntegerField(help_text="A time is not known.")
    open = serializers.IntegerField(help_text="Has not happened yet.")
    invalid = serializers.IntegerField(help_text="The end lies before the start; left out.")
    mean_seconds = serializers.FloatField(allow_null=True)
    median_seconds = serializers.FloatField(allow_null=True)
    p90_seconds = serializers.FloatField(allow_null=True, help_text="Linear between the closest ranks.")
    within = serializers.FloatField(
        help_text="The part of itself by which a median or p90 may be off: 0, or 0.01 where it comes from "
        "figures kept by month (from 50,000 incidents on)."
    )


class SpansSerializer(serializers.Serializer[Any]):
    mttd = FigureSerializer()
    mtta = FigureSerializer()
    mttm = FigureSerializer()
    mttr = FigureSerializer()


class SummarySerializer(SpansSerializer):
    mtbf = FigureSerializer()


def figure(one: Figure) -> dict[str, Any]:
    return {
        "count": one.count,
        "missing": one.missing,
        "open": one.open,
        "invalid": one.invalid,
        "mean_seconds": seconds(one.mean),
        "median_seconds": seconds(one.median),
        "p90_seconds": seconds(one.p90),
        "within": one.within,
    }


def seconds(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds(), 3)
