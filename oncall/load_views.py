"""The load of on-call: a page, a CSV, and the same in the REST API."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import get_current_timezone, localtime, now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from lib import doors
from lib.refusal import Invalid
from oncall import loads


class SpanForm(forms.Form):
    """Whole days of the reader's own clock, both ends included."""

    since = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("To and with"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "since" in data and "until" in data:
            try:
                data["span"] = loads.period(_midnight(data["since"]), _midnight(data["until"], days=1))
            except (Invalid, OverflowError) as bad:
                raise forms.ValidationError(str(bad)) from bad
        return data


def _midnight(day: Any, days: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=days), time(), get_current_timezone())


def _asked(request: HttpRequest) -> tuple[SpanForm, loads.Load | None]:
    today = localtime(now()).date()
    usual = {"since": today - timedelta(days=27), "until": today}
    given = request.GET if "since" in request.GET or "until" in request.GET else usual
    form = SpanForm(given)
    return form, loads.load(*form.cleaned_data["span"]) if form.is_valid() else None


@login_required
@require_GET
def load(request: HttpRequest) -> HttpResponse:
    """Who carries how much."""
    form, found = _asked(request)
    context = {
        "nav": "oncall",
        "form": form,
        "load": found,
        "not_counted": loads.NOT_COUNTED,
        "query": request.GET.urlencode(),
    }
    return doors.page(request, "oncall/load.html", context, status=200 if found else 422)


@login_required
@require_GET
def load_csv(request: HttpRequest) -> HttpResponse:
    """The same as a table for a spreadsheet."""
    form, found = _asked(request)
    if found is None:
        said = " ".join(str(word) for words in form.errors.values() for word in words)
        return HttpResponse(f"{said}\n", status=422, content_type="text/plain; charset=utf-8")
    answer = HttpResponse(loads.as_csv(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="on-call-load.csv"'
    return answer


class LineSerializer(serializers.Serializer):
    """One person's load, in all (schedule null) or in one schedule."""

    schedule = serializers.CharField(allow_null=True)
    person = serializers.CharField()
    email = serializers.EmailField()
    hours = serializers.FloatField()
    outside_hours = serializers.FloatField(help_text="Outside of the business hours of the schedule's team.")
    outside_percent = serializers.IntegerField(allow_null=True)
    pages = serializers.IntegerField()
    nights = serializers.IntegerField(help_text="Nights with a page between 22 and 7 on the person's clock.")
    of_fair = serializers.FloatField(allow_null=True, help_text="1 is an equal share of the hours.")
    at_night = serializers.IntegerField(help_text="Pages between 22 and 7 on the person's clock.")
    at_weekends = serializers.IntegerField(help_text="Pages on a Saturday or Sunday.")
    answered = serializers.IntegerField(help_text="Pages that were answered.")
    median_answer_seconds = serializers.FloatField(allow_null=True)


class LoadSerializer(serializers.Serializer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    lines = LineSerializer(many=True)
    not_counted = serializers.ListField(child=serializers.CharField())


class LoadViewSet(viewsets.GenericViewSet):
    """Hours, pages, nights woken and the share outside of business hours, per person and schedule."""

    serializer_class = LoadSerializer
    pagination_class = None

    @extend_schema(
        operation_id="on_call_load",
        parameters=[
            OpenApiParameter("since", OpenApiTypes.DATETIME, description="Default: four weeks before until."),
            OpenApiParameter("until", OpenApiTypes.DATETIME, description="Default: now."),
        ],
        responses=forced_singular_serializer(LoadSerializer),  # type: ignore[no-untyped-call]
    )
    def list(self, request: Request) -> Response:
        found = loads.load(*loads.period(_time(request, "since"), _time(request, "until")))
        lines = [*found.people, *(line for _one, rows in found.by_schedule for line in rows)]
        body = {
            "since": found.start,
            "until": found.end,
            "lines": [
                {
                    name: None if value == "" else value
                    for name, value in zip(loads.HEAD, loads.row(line), strict=True)
                }
                for line in lines
            ],
            "not_counted": [str(word) for word in loads.NOT_COUNTED],
        }
        return Response(LoadSerializer(body).data)


def _time(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        at: datetime = serializers.DateTimeField().to_internal_value(text)
    except serializers.ValidationError as bad:
        raise Invalid(f"{name} is a time, for example 2026-11-25T20:30:00Z.", field=name) from bad
    if not 2000 <= at.year <= 2100:
        raise Invalid(f"{name} is a time between 2000 and 2100.", field=name)
    return at
