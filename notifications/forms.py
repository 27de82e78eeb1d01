"""Shapes of what people type about how they are reached."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from lib.text import CleanCharField
from notifications import delivery
from notifications.models import Channel, ContactMethod, Urgency

_WAITS = (0, 1, 2, 3, 5, 10, 15, 20, 30, 45, 60)


def kinds() -> list[tuple[str, str]]:
    """What can be added by typing an address; a browser is added on itself."""
    found = [(value, str(label)) for value, label in ContactMethod.Kind.choices if value != Channel.PUSH]
    return [
        (value, label if delivery.is_set_up(value) else f"{label} ({_('not set up here: ask an admin')})")
        for value, label in found
    ]


class ContactForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=kinds)
    address = CleanCharField(label=_("Address"), max_length=1000)


class CodeForm(forms.Form):
    code = CleanCharField(label=_("Code"), max_length=12)


class QuietForm(forms.Form):
    """From when until when what can wait may wait."""

    quiet_from = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("Until"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )


class RuleForm(forms.Form):
    """One step of one's own order."""

    urgency = forms.ChoiceField(label=_("For"), choices=Urgency.choices)
    delay = forms.TypedChoiceField(
        label=_("When"),
        coerce=lambda minutes: timedelta(minutes=int(minutes)),
        choices=[(n, _("at once") if not n else _("after %(n)d min") % {"n": n}) for n in _WAITS],
    )
    method_id = forms.TypedChoiceField(label=_("How"), coerce=int)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = user.contact_methods.exclude(verified_at=None)
        self.fields["method_id"].choices = [(row.pk, str(row)) for row in mine]  # type: ignore[attr-defined]
