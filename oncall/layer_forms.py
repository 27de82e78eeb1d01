"""The layers of a schedule as a form: one part each, the first is the lowest; without JavaScript."""

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.formsets import BaseFormSet
from django.utils.timezone import localtime, now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from lib.refusal import Invalid
from lib.text import CleanCharField
from oncall import week, windows
from oncall.models import Layer, Schedule
from oncall.rotations import MOST_LAYERS, Rotation
from oncall.schedules import layers_of

UNITS = {"weeks": 168, "days": 24, "hours": 1}


class LayerForm(forms.Form):
    """People who take turns, how long a turn is, and at which hours the layer counts."""

    name = CleanCharField(label=_("Name"), max_length=80)
    people = CleanCharField(
        label=_("Who takes turns, in order"),
        help_text=_("One e-mail address a line. The first has the first turn."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=20_000,
    )
    first_day = forms.DateField(
        label=_("First turn begins on"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("Weekly turns change hands on this weekday."),
    )
    hand_over = forms.TimeField(
        label=_("Hand-over at"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    length = forms.IntegerField(label=_("A turn lasts"), min_value=1, max_value=8784)
    unit = forms.ChoiceField(
        label=_("Unit"), choices=[("weeks", _("weeks")), ("days", _("days")), ("hours", _("hours"))]
    )
    windows = CleanCharField(
        label=_("Only at these times"),
        help_text=_("Nights: 20:00-08:00. Weekends: Sat,Sun 00:00-24:00. One a line; empty is always."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
        required=False,
    )

    def clean_people(self) -> list[int]:
        """Ids in the order typed; each address has to be somebody's."""
        ids = []
        for address in re.split(r"[,;\s]+", self.cleaned_data["people"]):
            if not address:
                continue
            user = User.objects.filter(email__iexact=address, is_active=True).first()
            if user is None:
                raise forms.ValidationError(
                    _("Nobody here has the address %(address)s."), params={"address": address[:100]}
                )
            ids.append(user.pk)
        if not ids:
            raise forms.ValidationError(_("Name at least one person who takes turns."))
        return ids

    def clean_windows(self) -> list[str]:
        try:
            return windows.tidy(re.split(r"[;\n]+", self.cleaned_data["windows"]))
        except Invalid as unclear:
            raise forms.ValidationError(unclear.message) from unclear

    def rotation(self) -> Rotation:
        data = self.cleaned_data
        hours = data["length"] * UNITS[data["unit"]]
        return Rotation(
            data["name"],
            data["first_day"],
            data["hand_over"],
            hours // 24,
            tuple(data["people"]),
            hours % 24,
            tuple(data["windows"]),
        )


if TYPE_CHECKING:
    _Base = BaseFormSet[LayerForm]
else:
    # The class takes no parameter when it runs.
    _Base = BaseFormSet


class Layers(_Base):
    """All of them, from the lowest to the highest."""

    def rotations(self) -> list[Rotation]:
        return [form.rotation() for form in self.forms if form not in self.deleted_forms]

    def clean(self) -> None:
        if not any(self.errors) and not self.rotations():
            raise forms.ValidationError(_("Name at least one person who takes turns."))


def layers(row: Schedule | None, data: Any = None, *, more: bool = False) -> Layers:
    """The form's layers: those of the table, or as they were typed; with ``more``, a blank one behind."""
    first = [_starting(layer, place) for place, layer in enumerate(layers_of(row))] if row else []
    if data is not None and more:
        first = _typed(data)
        first = [*first, _starting(None, len(first))][:MOST_LAYERS]
        data = None
    made: Any = forms.formset_factory(
        LayerForm,
        formset=Layers,
        extra=0,
        can_delete=True,
        max_num=MOST_LAYERS,
        absolute_max=MOST_LAYERS,
        validate_max=True,
    )
    kwargs = {"empty_permitted": False}
    found: Layers = made(data, initial=first or [_starting(None, 0)], prefix="layer", form_kwargs=kwargs)
    return found


def _typed(data: Any) -> list[dict[str, Any]]:
    """What was typed, unchecked; without what shall be removed."""
    total = data.get("layer-TOTAL_FORMS", "")
    count = min(int(total), MOST_LAYERS) if total.isdigit() else 0
    kept = [place for place in range(count) if not data.get(f"layer-{place}-DELETE")]
    names = LayerForm.base_fields
    return [{name: data.get(f"layer-{place}-{name}", "") for name in names} for place in kept]


def _starting(layer: Layer | None, place: int) -> dict[str, Any]:
    """What a layer's part shows first."""
    if layer is None:
        return {
            "name": "Rotation" if place == 0 else f"Layer {place + 1}",
            "hand_over": "09:00",
            "length": 1,
            "unit": "weeks",
            "first_day": _monday(),
        }
    hours = layer.days * 24 + layer.hours
    unit = next(name for name, size in UNITS.items() if hours % size == 0)
    return {
        "name": layer.name,
        "people": "\n".join(place.user.email for place in layer.members.all()),
        "first_day": layer.first_day,
        "hand_over": layer.hand_over,
        "length": hours // UNITS[unit],
        "unit": unit,
        "windows": "\n".join(layer.windows),
    }


def _monday() -> date:
    return week.monday_of(localtime(now()).date())
