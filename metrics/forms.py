"""The filters of the pages."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from catalog.models import Service, Team
from incidents.kinds import Source
from incidents.models import Severity
from lib.text import CleanCharField
from metrics import periods
from metrics import selection as selections
from metrics.measures import Basis
from metrics.periods import Per
from metrics.selection import Selection

PERIODS = {"4w": _("Last 4 weeks"), "13w": _("Last 13 weeks"), "12m": _("Last 12 months")}
DEFAULT_PERIOD = "13w"
BASES = {Basis.STARTED: _("From impact"), Basis.DETECTED: _("From detection")}


class FilterForm(forms.Form):
    """Period, service, team, who noticed, severity and basis; every field may be left out."""

    period = forms.ChoiceField(label=_("Period"), choices=list(PERIODS.items()), required=False)
    service = forms.ModelChoiceField(
        label=_("Service"),
        queryset=Service.objects.order_by("name"),
        to_field_name="slug",
        required=False,
        empty_label=_("All services"),
    )
    team = forms.ModelChoiceField(
        label=_("Team"),
        queryset=Team.objects.order_by("name"),
        to_field_name="slug",
        required=False,
        empty_label=_("All teams"),
    )
    source = forms.ChoiceField(
        label=_("Noticed by"), choices=[("", _("Noticed by anybody")), *Source.choices], required=False
    )
    severity = forms.ModelChoiceField(
        label=_("Severity"),
        queryset=Severity.objects.order_by("rank"),
        to_field_name="name",
        required=False,
        empty_label=_("All severities"),
    )
    basis = forms.ChoiceField(
        label=_("Clock starts"), choices=[(key.value, word) for key, word in BASES.items()], required=False
    )
    per = forms.ChoiceField(
        label=_("By"),
        choices=[(Per.WEEK, _("By week")), (Per.MONTH, _("By month")), (Per.QUARTER, _("By quarter"))],
        required=False,
    )

    def __init__(self, asked: Mapping[str, str]) -> None:
        # What was not asked for is chosen all the same, and the page shows what was chosen.
        chosen = {"period": DEFAULT_PERIOD, "basis": Basis.STARTED.value} | dict(asked.items())
        chosen.setdefault("per", Per.MONTH if chosen["period"].endswith("m") else Per.WEEK)
        super().__init__(chosen)

    @property
    def period_key(self) -> str:
        return self._value("period", DEFAULT_PERIOD)

    @property
    def per_asked(self) -> Per:
        return Per(self._value("per", self._own_per))

    @property
    def _own_per(self) -> Per:
        return Per.MONTH if self.period_key.endswith("m") else Per.WEEK

    def selection(self) -> Selection:
        """Up to this moment; what was not in shape counts as not asked."""
        until = now()
        # Whole weeks or months: this one, and as many before it as the choice says.
        this = periods.of(self._own_per, until, selections.zone())
        first = periods.back(self._own_per, this, int(self.period_key[:-1]) - 1)
        cleaned = self.cleaned_data if self.is_bound and not self.errors else {}
        severity = cleaned.get("severity")
        return Selection(
            since=periods.starts_at(first, selections.zone()),
            # One step past now: what is detected this very instant counts.
            until=until + timedelta(microseconds=1),
            severities=frozenset({severity.rank}) if severity else frozenset(),
            service=cleaned.get("service"),
            team=cleaned.get("team"),
            source=cleaned.get("source") or "",
            basis=Basis(self._value("basis", Basis.STARTED)),
        )

    def _value(self, name: str, default: str) -> str:
        return str(getattr(self, "cleaned_data", {}).get(name) or default)


class MarkForm(forms.Form):
    """A mark on the charts: the day, what changed, and of what."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    label = CleanCharField(
        label=_("What changed"), max_length=80, help_text=_("For example one-command rollback.")
    )
    service = forms.ModelChoiceField(
        label=_("Only of the service"),
        queryset=Service.objects.order_by("name"),
        to_field_name="slug",
        required=False,
        empty_label=_("No service"),
    )
    team = forms.ModelChoiceField(
        label=_("Only of the team"),
        queryset=Team.objects.order_by("name"),
        to_field_name="slug",
        required=False,
        empty_label=_("No team"),
    )

    def words(self) -> dict[str, Any]:
        """What the verb is told."""
        said = self.cleaned_data
        about = {name: said[name].slug if said[name] else "" for name in ("service", "team")}
        return {"day": said["day"], "label": said["label"], **about}
