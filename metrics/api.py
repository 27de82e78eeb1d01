"""REST: the five figures, how often, how it goes over time, and the incidents as CSV."""

from collections.abc import Iterable
from typing import Any

from django.http import StreamingHttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import actors
from accounts.models import User
from incidents.models import Severity
from lib.drf import NewestFirst, WhateverIsAsked
from lib.refusal import Invalid, Missing
from lib.text import CleanTextField
from metrics import annotating, download, five, frequency, periods, review_api, sentences, tables, trends
from metrics import review as reviews
from metrics import selection as selections
from metrics.answers import FigureSerializer, SummarySerializer, figure, seconds
from metrics.measures import Measure
from metrics.models import Annotation
from metrics.periods import Per

_FILTERS = [
    OpenApiParameter("since", str, description="ISO date or instant; detected at or after it."),
    OpenApiParameter(
        "until", str, description="ISO instant, detected before it; or a date, that day included."
    ),
    OpenApiParameter("severity", str, description="Names or ranks, separated by commas."),
    OpenApiParameter("service", str, description="A service's slug. Private incidents are then left out."),
    OpenApiParameter("team", str, description="A team's slug. Private incidents are then left out."),
    OpenApiParameter("source", str, description="How the incident was noticed."),
    OpenApiParameter(
        "basis", str, enum=["started", "detected"], description="Where MTTM, MTTR and MTBF start to count."
    ),
]


class FrequencySerializer(serializers.Serializer[Any]):
    period = serializers.CharField(help_text="2024-W04 or 2024-01")
    starts_on = serializers.DateField()
    total = serializers.IntegerField()
    by_severity = serializers.DictField(child=serializers.IntegerField())


class FrequenciesSerializer(serializers.Serializer[Any]):
    per = serializers.CharField()
    results = FrequencySerializer(many=True)


class PointSerializer(FigureSerializer):
    period = serializers.CharField(help_text="2024-W04, 2024-01 or 2024-Q1")
    starts_on = serializers.DateField()
    low_seconds = serializers.FloatField(allow_null=True, help_text="95 % interval of the median.")
    high_seconds = serializers.FloatField(allow_null=True)
    change = serializers.FloatField(
        allow_null=True, help_text="Of the median against the period before: -0.38 is 38 % shorter."
    )
    change_low = serializers.FloatField(allow_null=True)
    change_high = serializers.FloatField(allow_null=True)
    is_real = serializers.BooleanField(help_text="The 95 % interval of the change leaves out zero.")
    sentence = serializers.CharField(help_text="What may honestly be said.")
    annotations = serializers.ListField(
        child=serializers.CharField(), help_text="What people marked in the period."
    )


class AnnotationSerializer(serializers.ModelSerializer[Annotation]):
    label = CleanTextField(max_length=80)  # type: ignore[assignment]
    service = CleanTextField(
        source="service.slug", max_length=60, allow_null=True, default=None, help_text="Its slug, or null."
    )
    team = CleanTextField(
        source="team.slug", max_length=60, allow_null=True, default=None, help_text="Its slug, or null."
    )
    by = serializers.EmailField(source="by.email", read_only=True, default=None)

    class Meta:
        model = Annotation
        fields = ["id", "day", "label", "service", "team", "by", "at"]
        read_only_fields = ["id", "at"]


class TrendSerializer(serializers.Serializer[Any]):
    measure = serializers.CharField()
    per = serializers.CharField()
    basis = serializers.CharField()
    results = PointSerializer(many=True)


class MetricsViewSet(viewsets.GenericViewSet[Any]):
    """How we are doing. Drills, dismissed and merged incidents are left out; private ones count unnamed."""

    pagination_class = None
    filter_backends = ()
    serializer_class = SummarySerializer

    @extend_schema(parameters=_FILTERS, responses=SummarySerializer)
    @action(detail=False, methods=["get"])
    def summary(self, request: Request) -> Response:
        """The five figures of all incidents, or of those that the filters leave."""
        found = five.summarise(selections.from_query(request.query_params))
        return Response({which.value: figure(one) for which, one in found.items()})

    @extend_schema(
        parameters=[*_FILTERS, OpenApiParameter("per", str, enum=["week", "month"])],
        responses=FrequenciesSerializer,
    )
    @action(detail=False, methods=["get"])
    def frequency(self, request: Request) -> Response:
        """How many incidents were detected in each week (ISO) or month, by severity."""
        selection = selections.from_query(request.query_params)
        per = selections.per_from(request.query_params.get("per") or "week", (Per.WEEK, Per.MONTH))
        facts = selections.read(selections.incidents(selection))
        counts = frequency.count(facts, per, selection, selections.zone())
        names = dict(Severity.objects.order_by("rank").values_list("rank", "name"))
        return Response({"per": per.value, "results": [_count(one, per, names) for one in counts]})

    @extend_schema(
        parameters=[
            *_FILTERS,
            OpenApiParameter("measure", str, enum=[which.value for which in Measure]),
            OpenApiParameter("per", str, enum=[per.value for per in Per]),
        ],
        responses=TrendSerializer,
    )
    @action(detail=False, methods=["get"])
    def trend(self, request: Request) -> Response:
        """One measure, period by period, each with its change against the one before."""
        selection = selections.from_query(request.query_params)
        which = measure_from(request.query_params.get("measure") or Measure.MTTM.value)
        per = selections.per_from(request.query_params.get("per") or "month", tuple(Per))
        points = trends.trend(which, per, selection)
        marked = annotating.by_period(annotating.during(selection), per)
        return Response(
            {
                "measure": which.value,
                "per": per.value,
                "basis": selection.basis.value,
                "results": [_point(one, per, marked.get(one.first, ())) for one in points],
            }
        )

    @extend_schema(
        parameters=[
            OpenApiParameter("month", str, description="2024-01; the last one that is over by default.")
        ],
        responses=review_api.ReviewSerializer,
    )
    @action(detail=False, methods=["get"])
    def review(self, request: Request) -> Response:
        """A month: the five figures and their parts, promises kept, alerts, load, postmortems, actions."""
        first = reviews.month_from(request.query_params.get("month", ""))
        return Response(review_api.told(reviews.read(first, reader=_reader(request))))


class AnnotationViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Annotation]
):
    """What people marked on the charts; set by responders, removed by who set it or a manager."""

    queryset = Annotation.objects.select_related("service", "team", "by")
    serializer_class = AnnotationSerializer
    pagination_class = NewestFirst
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(responses={201: AnnotationSerializer})
    def create(self, request: Request) -> Response:
        """Mark a day: ``label``, and ``service`` or ``team`` where it is not about everything."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given: dict[str, Any] = dict(asked.validated_data)
        about: dict[str, Any] = {
            name: (given.pop(name, None) or {}).get("slug") or "" for name in ("service", "team")
        }
        made = annotating.mark(actor=actors.api(request), **given, **about)
        return Response(self.get_serializer(made).data, status=201)

    def destroy(self, request: Request, pk: str) -> Response:
        """Take the mark away."""
        annotating.unmark(int(pk), actor=actors.api(request))
        return Response(status=204)


class IncidentsCsvView(APIView):
    """The incidents behind the figures as CSV; private ones are left out."""

    content_negotiation_class = WhateverIsAsked

    @extend_schema(parameters=_FILTERS, responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        """One line for each incident that counts, newest first, its spans in seconds."""
        return download.csv_answer(selections.from_query(request.query_params), reader=_reader(request))


class TableView(APIView):
    """Every table of the metrics pages as CSV or JSON."""

    content_negotiation_class = WhateverIsAsked

    @extend_schema(
        parameters=[
            *_FILTERS,
            OpenApiParameter("name", str, "path", enum=[*tables.NAMES, "review"]),
            OpenApiParameter("form", str, "path", enum=list(download.FORMS)),
            OpenApiParameter("measure", str, enum=[which.value for which in Measure]),
            OpenApiParameter("per", str, enum=[per.value for per in Per]),
            OpenApiParameter("month", str, description="Of the review: 2024-01; no other filter counts."),
        ],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, name: str, form: str) -> StreamingHttpResponse:
        """Lengths are seconds; an empty cell or null is a time nobody knows. It names no private incident."""
        query, reader = request.query_params, _reader(request)
        if form not in download.FORMS:
            raise Missing("There is .csv and .json.")
        if name == "review":
            month = reviews.month_from(query.get("month", ""))
            return download.answer(tables.review(reviews.read(month, reader=reader)), form)
        asked = tables.Asked(
            selections.from_query(query),
            reader,
            measure_from(query.get("measure") or Measure.MTTM.value),
            selections.per_from(query.get("per") or "month", tuple(Per)),
        )
        return download.answer(tables.read(name, asked), form)


def _reader(request: Request) -> User:
    assert isinstance(request.user, User), "ScopePermission lets nobody else through"
    return request.user


def measure_from(text: str) -> Measure:
    """A measure by its short name.

    Raises:
        Invalid: not one of the five.
    """
    if text not in {which.value for which in Measure}:
        raise Invalid(f"Use one of {', '.join(Measure)}.", field="measure")
    return Measure(text)


def _count(one: frequency.Count, per: Per, names: dict[int, str]) -> dict[str, Any]:
    return {
        "period": periods.name(per, one.first),
        "starts_on": one.first.isoformat(),
        "total": one.total,
        "by_severity": {name: one.by_rank.get(rank, 0) for rank, name in names.items()},
    }


def _point(one: trends.Point, per: Per, marks: Iterable[Annotation]) -> dict[str, Any]:
    low, high = one.figure.interval or (None, None)
    change = one.change
    return {
        "period": periods.name(per, one.first),
        "starts_on": one.first.isoformat(),
        **figure(one.figure),
        "low_seconds": seconds(low),
        "high_seconds": seconds(high),
        "change": _ratio(change.ratio if change else None),
        "change_low": _ratio(change.low if change else None),
        "change_high": _ratio(change.high if change else None),
        "is_real": bool(change and change.is_real),
        "sentence": sentences.honest(change) if change else "",
        "annotations": [row.words for row in marks],
    }


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


routes: list[tuple[str, type[viewsets.GenericViewSet[Any]], str]] = [
    ("metrics/annotations", AnnotationViewSet, "annotation"),
    ("metrics", MetricsViewSet, "metrics"),
]
# The contract names this address without a slash at its end, which no router gives.
paths = [
    path("metrics/incidents.csv", IncidentsCsvView.as_view(), name="metrics-csv"),
    path("metrics/tables/<slug:name>.<slug:form>", TableView.as_view(), name="metrics-table"),
]
