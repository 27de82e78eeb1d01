"""REST: the review of a month."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from metrics import answers
from metrics.review import Review


class PartSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    incidents = serializers.IntegerField()
    figures = answers.SpansSerializer()


class BreakdownSerializer(serializers.Serializer[Any]):
    key = serializers.ChoiceField(choices=["severity", "source", "team", "detection"])
    parts = PartSerializer(many=True)


class UpdatesSerializer(serializers.Serializer[Any]):
    kept = serializers.IntegerField(help_text="Updates that came in time.")
    due = serializers.IntegerField()


class AlertsSerializer(serializers.Serializer[Any]):
    alerts = serializers.IntegerField(help_text="First seen in the month.")
    of_incidents = serializers.IntegerField(help_text="Of incidents neither dismissed nor merged.")
    dismissed = serializers.IntegerField()
    silenced = serializers.IntegerField()
    incidents = serializers.IntegerField()
    per_incident = serializers.FloatField(allow_null=True)


class LoadSerializer(serializers.Serializer[Any]):
    user = serializers.CharField()
    pages = serializers.IntegerField()
    at_night = serializers.IntegerField(help_text="22:00 to 07:00 by the person's own clock.")
    nights = serializers.IntegerField(help_text="Nights with such a page.")
    hours = serializers.FloatField(help_text="On call, by the schedules.")
    at_weekends = serializers.IntegerField()
    answered = serializers.IntegerField()
    median_answer_seconds = serializers.FloatField(allow_null=True)


class KeptSerializer(serializers.Serializer[Any]):
    fell_due = serializers.IntegerField()
    in_time = serializers.IntegerField()
    later = serializers.IntegerField()
    owed = serializers.IntegerField()
    let_go = serializers.IntegerField()


class ReviewSerializer(serializers.Serializer[Any]):
    month = serializers.CharField(help_text="2024-01")
    incidents = serializers.IntegerField(help_text="Private ones included.")
    figures = answers.SummarySerializer()
    breakdowns = BreakdownSerializer(many=True)
    updates = UpdatesSerializer()
    alerts = AlertsSerializer()
    load = LoadSerializer(many=True)
    postmortems = KeptSerializer()
    actions = KeptSerializer()


def told(review: Review) -> dict[str, Any]:
    """A review as JSON; it names no incident."""
    return {
        "month": f"{review.first:%Y-%m}",
        "incidents": review.board.total,
        "figures": {card.which.value: answers.figure(card.figure) for card in review.board.cards},
        "breakdowns": [
            {
                "key": cut.key,
                "parts": [
                    {
                        "name": part.name,
                        "incidents": part.incidents,
                        "figures": {which.value: answers.figure(one) for which, one in part.figures.items()},
                    }
                    for part in cut.parts
                ],
            }
            for cut in review.board.breakdowns
        ],
        "updates": asdict(review.promises),
        "alerts": asdict(review.noise) | {"per_incident": review.noise.per_incident},
        "load": [
            {
                "user": str(one.user),
                "pages": one.pages,
                "at_night": one.at_night,
                "nights": len(one.nights),
                "hours": one.hours,
                "at_weekends": one.at_weekends,
                "answered": one.answered,
                "median_answer_seconds": answers.seconds(one.median_answer),
            }
            for one in review.load
        ],
        "postmortems": asdict(review.documents),
        "actions": asdict(review.actions),
    }
