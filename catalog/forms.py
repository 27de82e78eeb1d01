"""The shapes of what is typed into the catalog."""

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Deploy, Mitigation, Runbook, Service, Team
from lib.text import check_storable

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = re.compile(r"^(\w{3})\w*\s+(\d{2}:\d{2})\s*[-–]\s*(\d{2}:\d{2})$")


class HoursField(forms.CharField):
    """Office hours as people write them: one window a line, “Mon 09:00–17:00”."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(f"{DAYS[day]} {start}–{end}" for day, start, end in value)

    def to_python(self, value: Any) -> Any:
        windows = []
        for line in filter(None, (line.strip() for line in (value or "").splitlines())):
            match = HOURS.match(line)
            if not match or match[1].title() not in DAYS:
                raise ValidationError(
                    _("“%(line)s” is not a window. Write for example Mon 09:00–17:00."), params={"line": line}
                )
            windows.append([DAYS.index(match[1].title()), match[2], match[3]])
        return windows

    def has_changed(self, initial: Any, data: Any) -> bool:
        return True


class MinutesField(forms.IntegerField):
    """A duration typed as whole minutes."""

    def prepare_value(self, value: Any) -> Any:
        return int(value.total_seconds() // 60) if isinstance(value, timedelta) else value

    def clean(self, value: Any) -> Any:
        return timedelta(minutes=super().clean(value))


class StorableForm(forms.ModelForm):  # type: ignore[type-arg]
    """Every text of these forms has to fit both databases."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.CharField):
                field.validators.append(check_storable)


class ServiceForm(StorableForm):
    group_window = MinutesField(
        label=_("Group alerts for (minutes)"),
        initial=timedelta(minutes=5),
        min_value=0,
        max_value=1440,
        help_text=_("An alert within this time of the last one joins its incident."),
    )

    class Meta:
        model = Service
        fields = [
            "name", "slug", "description", "team", "tier", "depends_on", "default_severity_rank",
            "group_window", "auto_declare", "runbook_url", "is_catch_all", "is_active",
        ]  # fmt: skip
        widgets = {"depends_on": forms.CheckboxSelectMultiple, "description": forms.Textarea}
        labels = {
            "slug": _("Short name in addresses and channels"),
            "depends_on": _("Depends on"),
            "default_severity_rank": _("Severity when a signal names none"),
            "auto_declare": _("Declare at once when an alert arrives"),
            "is_catch_all": _("Catches what no other service claims"),
            "is_active": _("In use"),
            "runbook_url": _("Main runbook"),
        }
        help_texts = {"default_severity_rank": _("1 for SEV1 to 4 for SEV4. Empty: SEV2.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lowers: Any = self.fields["depends_on"]
        lowers.queryset = Service.objects.exclude(pk=self.instance.pk or 0)


class TeamPeopleForm(StorableForm):
    """Who is in a team: all that its own managers change."""

    members = forms.ModelMultipleChoiceField(
        User.objects.filter(is_active=True),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("People"),
    )
    managers = forms.ModelMultipleChoiceField(
        User.objects.filter(is_active=True),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Managers"),
        help_text=_("They hear of a SEV1 that stays unmitigated."),
    )

    class Meta:
        model = Team
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            rows = list(self.instance.memberships.all())
            self.initial["members"] = [row.user_id for row in rows]
            self.initial["managers"] = [row.user_id for row in rows if row.is_manager]


class TeamForm(TeamPeopleForm):
    """All of a team."""

    windows = HoursField(
        label=_("Office hours"), required=False, help_text=_("One window a line. Empty: around the clock.")
    )

    class Meta:
        model = Team
        fields = [
            "name", "slug", "time_zone", "windows", "holidays_country", "holidays_subdivision",
            "sprint_anchor", "sprint_days", "bridge_url",
        ]  # fmt: skip
        labels = {
            "slug": _("Short name"),
            "sprint_anchor": _("A sprint starts on"),
            "sprint_days": _("Days in a sprint"),
        }


class RunbookForm(StorableForm):
    class Meta:
        model = Runbook
        fields = ["title", "url", "body"]
        labels = {"url": _("Link"), "body": _("Or the steps themselves (Markdown)")}


class MitigationForm(StorableForm):
    class Meta:
        model = Mitigation
        fields = ["name", "slug", "steps", "command", "parameters", "risk", "undo", "position"]
        labels = {"slug": _("Short name"), "undo": _("How to undo it"), "position": _("Place in the list")}
        widgets = {"parameters": forms.Textarea}


class DeployForm(forms.Form):
    """A change noted by hand."""

    version = forms.CharField(label=_("What changed"), max_length=200, validators=[check_storable])
    kind = forms.ChoiceField(label=_("Kind"), choices=Deploy.Kind)
    at = forms.DateTimeField(
        label=_("When"),
        required=False,
        help_text=_("Empty: now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    url = forms.URLField(label=_("Link"), required=False, max_length=500)

    def clean_at(self) -> Any:
        return self.cleaned_data["at"] or now()
