"""Shapes of what managers and responders type about duty."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Service, Team
from incidents.models import Role, Severity
from lib.text import CleanCharField
from oncall.models import Policy, RoleCoverage, Schedule
from oncall.policies import IN_TURN, Rung, short

MAX_STEPS, MOST_STEPS = 6, 60
MOMENT = "%Y-%m-%dT%H:%M"


def _moment(**words: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        widget=forms.DateTimeInput(format=MOMENT, attrs={"type": "datetime-local"}), **words
    )


class OverrideForm(forms.Form):
    """Times are the reader's own."""

    schedule = forms.ModelChoiceField(Schedule.objects.all(), label=_("Schedule"), empty_label=None)
    user = forms.ModelChoiceField(User.objects.responders(), label=_("Who stands in"))
    start = _moment(label=_("From"))
    end = _moment(label=_("Until"))
    note = CleanCharField(label=_("Why"), max_length=200, required=False)


class SpanForm(forms.Form):
    """What an address may say of a span, to fill a form in: whatever is unclear is left out."""

    schedule = forms.ModelChoiceField(Schedule.objects.all(), required=False)
    start = _moment(required=False)
    end = _moment(required=False)
    # Of a swap: with whom, and what one takes in return.
    other = forms.ModelChoiceField(User.objects.responders(), required=False)
    back_start = _moment(required=False)
    back_end = _moment(required=False)


class SwapForm(forms.Form):
    """Times are the reader's own; without a span in return it is given away."""

    schedule = forms.ModelChoiceField(Schedule.objects.all(), label=_("Schedule"), empty_label=None)
    other = forms.ModelChoiceField(User.objects.responders(), label=_("Who should take it"))
    start = _moment(label=_("Your shift, from"))
    end = _moment(label=_("Your shift, until"))
    back_start = _moment(
        label=_("In return you take theirs, from"), required=False, help_text=_("Empty: you give yours away.")
    )
    back_end = _moment(label=_("In return you take theirs, until"), required=False)
    note = CleanCharField(label=_("Why"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(data.get("back_start")) != bool(data.get("back_end")):
            raise forms.ValidationError(_("Give both times of the shift you take in return, or neither."))
        return data


class SimulationForm(forms.Form):
    """A moment, and what would have happened then."""

    at = _moment(label=_("At"), required=False)
    severity = forms.ModelChoiceField(
        Severity.objects.all(), label=_("Severity"), required=False, empty_label=_("any that pages at once")
    )
    service = forms.ModelChoiceField(
        Service.objects.filter(is_active=True), label=_("Service"), required=False,
        empty_label=_("the policy's own team"),
    )  # fmt: skip


class WouldForm(forms.Form):
    """The moment for which a policy is looked at before it is kept."""

    preview_at = _moment(label=_("What would happen at"), required=False)


class AskForm(forms.Form):
    service = forms.ModelChoiceField(
        Service.objects.filter(is_active=True), label=_("Service"), empty_label=None
    )
    at = _moment(label=_("At"), required=False)


class HandForm(forms.Form):
    user = forms.ModelChoiceField(User.objects.responders(), label=_("Hand to"))


class PageForm(forms.Form):
    """Whom to page, in one list: people, teams, the on-call of services."""

    target = forms.CharField(max_length=320)
    reason = CleanCharField(label=_("Why"), max_length=300)


class ScheduleForm(forms.Form):
    name = CleanCharField(label=_("Name"), max_length=80)
    team = forms.ModelChoiceField(Team.objects.all(), label=_("Team"), required=False)
    time_zone = forms.CharField(label=_("Time zone"), max_length=64, initial="UTC")

    def clean_time_zone(self) -> str:
        zone: str = self.cleaned_data["time_zone"]
        if zone not in available_timezones():
            raise forms.ValidationError(_("Use the name of a zone, such as Europe/Copenhagen."))
        return zone


def starting_schedule(schedule: Schedule | None) -> dict[str, Any]:
    """What the form of a schedule shows first."""
    if schedule is None:
        return {}
    return {"name": schedule.name, "team": schedule.team_id, "time_zone": schedule.time_zone}


def aims() -> list[tuple[str, str]]:
    """Whom a step can ask, as choices."""
    schedules = [(f"schedule:{row.pk}", f"{_('On call:')} {row}") for row in Schedule.objects.all()]
    teams = [(f"team:{row.pk}", f"{_('Everybody in')} {row}") for row in Team.objects.all()]
    people = [(f"person:{row.pk}", str(row)) for row in User.objects.responders()]
    turns = [
        (f"{IN_TURN}{name}", f"{label}, {_('one of them in turn')}")
        for name, label in [
            *((f"schedule:{row.pk}", str(row)) for row in Schedule.objects.all()),
            *((f"team:{row.pk}", str(row)) for row in Team.objects.all()),
        ]
    ]
    return [("", "–"), *schedules, ("managers", str(_("The team's managers"))), *teams, *turns, *people]


class PolicyForm(forms.Form):
    """Six steps are enough for anybody; an empty line is no step. Two aims may share a step's minutes."""

    name = CleanCharField(label=_("Name"), max_length=80)
    team = forms.ModelChoiceField(Team.objects.all(), label=_("Team"), required=False)
    repeat = forms.IntegerField(label=_("Rounds"), min_value=1, max_value=20, initial=3)
    round_minutes = forms.IntegerField(
        label=_("A round lasts, minutes"), min_value=1, max_value=1440, initial=15
    )
    services = forms.ModelMultipleChoiceField(
        Service.objects.filter(is_active=True),
        label=_("Answers for"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    is_default = forms.BooleanField(label=_("And for every service without a policy"), required=False)
    is_for_management = forms.BooleanField(
        label=_("Loops in management where a team has no policy of its own"), required=False
    )
    management_of = forms.ModelMultipleChoiceField(
        Team.objects.all(),
        label=_("Loops in the management of"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = aims()
        # A policy made elsewhere may have more lines than an empty form; none of them may be lost.
        known = [
            int(name[4:])
            for name in {**self.initial, **(self.data or {})}
            if re.fullmatch(r"aim_\d{1,3}", name)
        ]
        self.count = min(max([MAX_STEPS, *(number + 2 for number in known)]), MOST_STEPS)
        for number in range(self.count):
            self.fields[f"after_{number}"] = forms.IntegerField(min_value=0, max_value=1440, required=False)
            self.fields[f"aim_{number}"] = forms.ChoiceField(choices=choices, required=False)
            self.fields[f"hours_{number}"] = forms.BooleanField(
                label=_("Only in business hours"), required=False
            )

    def lines(self) -> list[tuple[Any, ...]]:
        """The steps, for the template."""
        names = ("after", "aim", "hours")
        return [tuple(self[f"{name}_{number}"] for name in names) for number in range(self.count)]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        found: dict[tuple[int, bool], list[str]] = {}
        for number in range(self.count):
            after, aim = data.pop(f"after_{number}", None), data.pop(f"aim_{number}", "")
            rests = bool(data.pop(f"hours_{number}", False))
            if aim:
                found.setdefault((after or 0, rests), []).append(aim)
        data["rungs"] = [
            Rung(timedelta(minutes=after), tuple(asked), rests) for (after, rests), asked in found.items()
        ]
        if "round_minutes" in data:
            data["round_length"] = timedelta(minutes=data.pop("round_minutes"))
        return data


def as_typed(data: Any) -> dict[str, Any]:
    """What was typed into a policy, unchecked: to show it again with more lines."""
    many = ("services", "management_of")
    return {name: data.getlist(name) if name in many else data.get(name) for name in data}


def starting_policy(policy: Policy) -> dict[str, Any]:
    """What the form of a policy shows first."""
    pairs = [
        (int(step.delay.total_seconds() // 60), short(row), step.in_hours_only)
        for step in policy.steps.all()
        for row in step.targets.all()
    ]
    lines: dict[str, Any] = {}
    for number, (after, aim, rests) in enumerate(pairs):
        lines[f"after_{number}"], lines[f"aim_{number}"], lines[f"hours_{number}"] = after, aim, rests
    return {
        "name": policy.name,
        "team": policy.team_id,
        "repeat": policy.repeat,
        "round_minutes": int(policy.round_length.total_seconds() // 60),
        "services": [row.service_id for row in policy.coverages.all()],
        "is_default": policy.is_default,
        "is_for_management": policy.is_for_management,
        "management_of": [row.team_id for row in policy.management_coverages.all()],
        **lines,
    }


class RotasForm(forms.Form):
    """One choice of schedule for each chair."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [("", _("nobody: only the nudge in the room")), *_names()]
        held = dict(RoleCoverage.objects.values_list("role__slug", "schedule"))
        for role in Role.objects.order_by("position", "pk"):
            self.fields[role.slug] = forms.TypedChoiceField(
                label=role.name,
                choices=known,
                coerce=int,
                empty_value=None,
                required=False,
                initial=held.get(role.slug, ""),
            )


def _names() -> list[tuple[int, str]]:
    return [(row.pk, str(row)) for row in Schedule.objects.order_by("name")]
