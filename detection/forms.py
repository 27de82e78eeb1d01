"""The shapes of what is typed into detection."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from catalog.models import Service
from detection import matching
from detection.kinds import RECEIVED, Severity, SourceKind
from detection.models import Check, Heartbeat
from incidents.models import Severity as PolicySeverity
from lib import durations
from lib.refusal import Invalid
from lib.text import CleanCharField

MATCHERS_HINT = _("One a line, for example service=checkout or host=~db-.*")


class SpanField(forms.CharField):
    """A duration as people write it: 30 s, 5 min, 1 h."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, timedelta):
            return value
        seconds = value.total_seconds()
        return f"{seconds:g} s" if seconds % 60 else durations.words(value)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        try:
            return durations.parse(value)
        except Invalid as bad:
            raise ValidationError(bad.message, code=bad.code) from bad


class MatchersField(CleanCharField):
    """Matchers, a line each."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return matching.words(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        try:
            return matching.parse(super().clean(value))
        except Invalid as bad:
            raise ValidationError(bad.message, code=bad.code) from bad


def active_services() -> Any:
    return Service.objects.active()


class SourceForm(forms.Form):
    name = CleanCharField(label=_("Name"), max_length=100, help_text=_("For example Prometheus production."))
    kind = forms.ChoiceField(
        label=_("It speaks"), choices=[(kind, SourceKind(kind).label) for kind in RECEIVED]
    )
    service = forms.ModelChoiceField(
        label=_("Its alerts are about"),
        queryset=Service.objects.none(),
        required=False,
        empty_label=_("What the label “service” says"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].queryset = active_services()  # type: ignore[attr-defined]


class RuleForm(forms.Form):
    matchers = MatchersField(label=_("Alerts with"), required=False, help_text=MATCHERS_HINT)
    service = forms.ModelChoiceField(label=_("are about"), queryset=Service.objects.none())
    severity = forms.ModelChoiceField(
        label=_("with the severity"),
        queryset=PolicySeverity.objects.all(),
        required=False,
        empty_label=_("What the alert says"),
    )
    auto_declare = forms.BooleanField(label=_("Declare at once"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].queryset = active_services()  # type: ignore[attr-defined]


class SilenceForm(forms.Form):
    matchers = MatchersField(label=_("Alerts with"), help_text=MATCHERS_HINT)
    span = SpanField(label=_("For how long"), initial="1 h", help_text=_("For example 30 min or 2 h."))
    reason = CleanCharField(label=_("Why"), max_length=500)


class CheckForm(forms.ModelForm):  # type: ignore[type-arg]
    interval = SpanField(label=_("Ask every"), initial=timedelta(minutes=1))
    timeout = SpanField(label=_("Give up after"), initial=timedelta(seconds=10))
    latency_bound = SpanField(
        label=_("Answers within"), required=False, help_text=_("Empty: any time within the limit is fine.")
    )
    severity = forms.ChoiceField(label=_("Its alert is"), choices=Severity, required=False)

    class Meta:
        model = Check
        fields = [
            "name", "service", "url", "method", "expected_status", "body_pattern", "latency_bound",
            "interval", "timeout", "failures_needed", "failures_window", "successes_needed", "severity",
        ]  # fmt: skip
        help_texts = {
            "name": _("What it proves, for example Shop front page."),
            "expected_status": _("For example 200-299, 301."),
            "body_pattern": _("A regular expression that the answer has to contain. Empty: not looked at."),
        }

    def _post_clean(self) -> None:
        # The rule module writes and checks; the form only knows the shape.
        pass


class HeartbeatForm(forms.ModelForm):  # type: ignore[type-arg]
    period = SpanField(label=_("Every"), required=False, help_text=_("For example 10 min or 1 d."))
    grace = SpanField(label=_("Grace"), initial=timedelta(minutes=5), help_text=_("How late is still fine."))
    time_zone = CleanCharField(label=_("Time zone of the cron line"), initial="UTC", required=False)
    severity = forms.ChoiceField(label=_("Its alert is"), choices=Severity, required=False)

    class Meta:
        model = Heartbeat
        fields = ["name", "service", "period", "cron", "time_zone", "grace", "severity"]
        help_texts = {"cron": _("For example 30 2 * * * (every night at half past two).")}

    def clean_time_zone(self) -> str:
        return self.cleaned_data["time_zone"] or "UTC"

    def _post_clean(self) -> None:
        # The rule module writes and checks; the form only knows the shape.
        pass


class ReportForm(forms.Form):
    """What a customer fills in; ``website`` is for robots, which fill in everything."""

    service = forms.ModelChoiceField(label=_("What is it about?"), queryset=Service.objects.none())
    text = CleanCharField(
        label=_("What do you see?"), max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
    )
    name = CleanCharField(label=_("Your name"), max_length=120, required=False)
    address = forms.EmailField(
        label=_("Your e-mail address"),
        max_length=254,
        required=False,
        help_text=_("Only if you want an answer. Nobody outside this team sees it."),
    )
    website = forms.CharField(required=False, max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].queryset = active_services()  # type: ignore[attr-defined]


class ReportSettingsForm(forms.Form):
    """Reports without sign-in."""

    is_public = forms.BooleanField(label=_("Anybody may report at /report/, without sign-in"), required=False)
    intro = CleanCharField(label=_("What the form says first"), max_length=300, required=False)
    paging = forms.ModelMultipleChoiceField(
        queryset=Service.objects.filter(is_active=True),
        label=_("Many reports wake the on-call of"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Five different people within ten minutes. Elsewhere reports wake nobody by themselves."),
    )


class InternalReportForm(forms.Form):
    service = forms.ModelChoiceField(label=_("Which service?"), queryset=Service.objects.none())
    title = CleanCharField(label=_("In one line"), max_length=200, required=False)
    text = CleanCharField(
        label=_("What do you see?"), max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
    )
    severity = forms.ModelChoiceField(
        label=_("How bad is it?"),
        queryset=PolicySeverity.objects.all(),
        required=False,
        empty_label=_("Not sure"),
    )
    ticket_url = forms.URLField(
        label=_("Support ticket"), required=False, max_length=500, assume_scheme="https"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].queryset = active_services()  # type: ignore[attr-defined]
