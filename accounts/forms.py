"""Forms of the account pages: shape only."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts import people
from accounts.models import Role, Scope, User
from lib.text import CleanCharField

_ENDS = [("", _("Never")), ("30", _("In 30 days")), ("90", _("In 90 days")), ("365", _("In a year"))]


class ProfileForm(forms.ModelForm):
    """What a person says about themself."""

    name = CleanCharField(label=_("Name"), max_length=120, required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"))

    class Meta:
        model = User
        fields = ["name", "time_zone", "shortcuts_enabled"]
        labels = {"shortcuts_enabled": _("Keyboard shortcuts")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = people.zones()
        if self.instance.time_zone not in zones:
            zones.insert(0, self.instance.time_zone)
        choices = [(zone, zone.replace("_", " ")) for zone in zones]
        self.fields["time_zone"] = forms.ChoiceField(label=_("Time zone"), choices=choices)


class TokenForm(forms.Form):
    """A new API token."""

    name = CleanCharField(label=_("What will use it?"), max_length=120)
    scope = forms.ChoiceField(label=_("It may"), choices=Scope.choices, initial=Scope.READ)
    ends_in = forms.ChoiceField(label=_("It ends"), choices=_ENDS, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        days = cleaned.pop("ends_in", "")
        cleaned["expires_at"] = now() + timedelta(days=int(days)) if days else None
        return cleaned


class InviteForm(forms.Form):
    """A person to invite; nobody can give a role above their own."""

    email = forms.CharField(label=_("E-mail"), max_length=254, widget=forms.EmailInput)
    name = CleanCharField(label=_("Name"), max_length=120, required=False)
    role = forms.ChoiceField(label=_("Role"), initial=Role.RESPONDER)

    def __init__(self, *args: Any, inviter: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(role.value, role.label) for role in Role if inviter.is_at_least(role)]
        self.fields["role"] = forms.ChoiceField(label=_("Role"), choices=choices, initial=Role.RESPONDER)


class WelcomeForm(forms.Form):
    """The first password of an invited person."""

    name = CleanCharField(label=_("Your name"), max_length=120, required=False)
    password = forms.CharField(
        label=_("Choose a password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters. A few unrelated words are good."),
    )


class ConfirmForm(forms.Form):
    """A button without fields."""
