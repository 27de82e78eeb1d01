"""Shapes of the internal pages: notices, components, groups, maintenance."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Service
from lib.text import CleanCharField
from statuspage.kinds import RUNNING, ComponentStatus, MaintenanceStatus, NoticeStatus
from statuspage.models import Component, ComponentGroup, Notice

KNOWN, NO_TIME, OTHER = "customers know this word", "no time", "other"
OVERRIDES = [
    ("", _("No: I will say it plainly")),
    (KNOWN, _("Customers know this word")),
    (NO_TIME, _("No time")),
    (OTHER, _("Another reason")),
]
_NOT = [("", _("not affected"))]


class OverrideMixin(forms.Form):
    """Why a word that customers may not know may stand."""

    override = forms.ChoiceField(label=_("May it stand?"), choices=OVERRIDES, required=False)
    override_words = CleanCharField(label=_("Which reason"), max_length=250, required=False)

    @property
    def reason(self) -> str:
        chosen, words = self.cleaned_data.get("override", ""), self.cleaned_data.get("override_words", "")
        return str(words or _("another reason")) if chosen == OTHER else str(chosen)


class NoticeForm(OverrideMixin):
    """A notice, or its next update; one choice of status for each component."""

    title = CleanCharField(label=_("Title"), max_length=150)
    status = forms.ChoiceField(label=_("Where we are"), choices=NoticeStatus.choices[:4])
    body = CleanCharField(
        label=_("What customers should know"), max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )
    field_order = ["title", "status", "body"]

    def __init__(self, *args: Any, notice: Notice | None = None, affected: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now_said = {} if notice is None else dict(notice.component_rows.values_list("component_id", "status"))
        now_said |= {component.pk: ComponentStatus.PARTIAL_OUTAGE for component in affected}
        self.components = list(Component.objects.filter(retired_at=None).select_related("group"))
        for component in self.components:
            self.fields[f"component_{component.pk}"] = forms.ChoiceField(
                label=component.name,
                choices=[*_NOT, *ComponentStatus.choices],
                required=False,
                initial=now_said.get(component.pk, ""),
            )
        if notice is not None:
            self.initial.setdefault("title", notice.title)
            self.initial.setdefault("status", notice.status if notice.status in RUNNING else RUNNING[0])
            self.initial.setdefault("body", notice.draft_body)

    @property
    def component_fields(self) -> list[forms.BoundField]:
        return [self[f"component_{component.pk}"] for component in self.components]

    @property
    def statuses(self) -> dict[int, str]:
        """Component id → status, of those that were said to be affected."""
        said = {c.pk: self.cleaned_data.get(f"component_{c.pk}", "") for c in self.components}
        return {pk: status for pk, status in said.items() if status}


class SkipForm(forms.Form):
    """Why no public notice is needed."""

    reason = CleanCharField(label=_("Why is no public notice needed?"), max_length=300)


class ComponentForm(forms.Form):
    """A component of the page."""

    name = CleanCharField(label=_("Name"), max_length=80, help_text=_("As customers call it."))
    description = CleanCharField(label=_("Description"), max_length=300, required=False)
    group = forms.ModelChoiceField(
        ComponentGroup.objects.all(), label=_("Group"), required=False, empty_label=_("none")
    )
    position = forms.IntegerField(label=_("Position"), min_value=0, max_value=9999, initial=1)
    services = forms.ModelMultipleChoiceField(
        Service.objects.filter(is_active=True),
        label=_("Services behind it"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    start_date = forms.DateField(
        label=_("Counts since"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    showcase = forms.BooleanField(label=_("Show the 90 days"), required=False, initial=True)
    only_show_if_degraded = forms.BooleanField(label=_("Show only in trouble"), required=False)
    publishes_itself = forms.BooleanField(label=_("Publish drafts without a human"), required=False)


class GroupForm(forms.Form):
    """A heading over components."""

    name = CleanCharField(label=_("Name"), max_length=80)
    description = CleanCharField(label=_("Description"), max_length=300, required=False)
    position = forms.IntegerField(label=_("Position"), min_value=0, max_value=9999, initial=1)


class StatusForm(forms.Form):
    """A status by hand."""

    status = forms.ChoiceField(label=_("Status"), choices=ComponentStatus.choices)


def _instant(label: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )


class MaintenanceForm(forms.Form):
    """Work that is announced."""

    title = CleanCharField(label=_("What is done"), max_length=150)
    scheduled_for = _instant(_("Begins"))
    scheduled_until = _instant(_("Ends"))
    body = CleanCharField(
        label=_("What customers will notice"), max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )
    components = forms.ModelMultipleChoiceField(
        Component.objects.filter(retired_at=None),
        label=_("Components"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    muted_services = forms.ModelMultipleChoiceField(
        Service.objects.filter(is_active=True),
        label=_("Wake nobody for these meanwhile"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Their alerts still open incidents. What fires at the end of the maintenance pages then."
        ),
    )


class MaintenanceUpdateForm(forms.Form):
    """The next word of a maintenance."""

    status = forms.ChoiceField(label=_("Where it is"), choices=MaintenanceStatus.choices)
    body = CleanCharField(
        label=_("What customers should know"), max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )
