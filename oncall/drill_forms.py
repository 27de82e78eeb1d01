"""The shape of a planned drill, as managers type it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Service, Team
from incidents.models import Severity
from lib.text import CleanCharField
from oncall import drill_times
from oncall.drill_models import DrillPlan
from oncall.models import Schedule

_CHECKS = forms.CheckboxSelectMultiple
_LASTS = (15, 30, 45, 60, 90, 120, 240)


class DrillForm(forms.Form):
    """Weekdays with a time, or a cron line where that says more."""

    name = CleanCharField(
        label=_("Name"), max_length=80, help_text=_("What is practised: the title of each drill.")
    )
    team = forms.ModelChoiceField(Team.objects.all(), label=_("Team"), empty_label=None)
    service = forms.ModelChoiceField(
        Service.objects.filter(is_active=True), label=_("Service"), empty_label=None
    )
    severity = forms.ModelChoiceField(Severity.objects.all(), label=_("Severity"), empty_label=None)
    scenario = CleanCharField(
        label=_("Scenario"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What those who take part read first. Say what they see, not what it is."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("On"), choices=WEEKDAYS.items(), coerce=int, required=False, widget=_CHECKS
    )
    at = forms.TimeField(
        label=_("At"), required=False, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    cron = CleanCharField(
        label=_("Or by a cron line"),
        max_length=100,
        required=False,
        help_text=_("For example 0 10 * * 2#1, the first Tuesday of a month. Empty: as ticked above."),
    )
    time_zone = CleanCharField(label=_("Time zone"), max_length=64, help_text=_("Such as Europe/Copenhagen."))
    people = forms.ModelMultipleChoiceField(
        User.objects.people(), label=_("Who takes part"), required=False, widget=_CHECKS
    )
    rotas = forms.ModelMultipleChoiceField(
        Schedule.objects.all(), label=_("And whoever is on call then for"), required=False, widget=_CHECKS
    )
    pages = forms.BooleanField(
        label=_("Page for real: by everybody's own lines, DRILL first"), required=False, initial=True
    )
    minutes = forms.TypedChoiceField(
        label=_("Ends by itself after"), coerce=int, choices=[(n, _("%(n)d min") % {"n": n}) for n in _LASTS]
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        weekdays, at = given.get("weekdays"), given.get("at")
        if not given.get("cron") and "cron" not in self.errors:
            if weekdays and at:
                given["cron"] = drill_times.Weekly(tuple(weekdays), at).line
            else:
                self.add_error("at", _("Tick at least one day and give a time, or a cron line."))
        return given

    def words(self) -> dict[str, Any]:
        """As the verb takes them."""
        given = {name: value for name, value in self.cleaned_data.items() if name not in ("weekdays", "at")}
        return {**given, "lasts": timedelta(minutes=given.pop("minutes"))}


def starting(plan: DrillPlan | None, zone: str) -> dict[str, Any]:
    """What the form shows first."""
    if plan is None:
        return {"time_zone": zone, "at": "10:00", "weekdays": [1], "minutes": 60}
    simple = drill_times.weekly(plan.cron)
    minutes = int(plan.lasts.total_seconds()) // 60
    return {
        **{name: getattr(plan, name) for name in ("name", "team", "service", "severity", "scenario")},
        "time_zone": plan.time_zone,
        "pages": plan.pages,
        "weekdays": list(simple.weekdays) if simple else [],
        "at": simple.at if simple else None,
        "cron": "" if simple else plan.cron,
        "people": list(plan.people.all()),
        "rotas": list(plan.schedules.all()),
        "minutes": min(_LASTS, key=lambda one: abs(one - minutes)),
    }
