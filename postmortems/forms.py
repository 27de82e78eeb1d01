"""The shapes of what people send to this room."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from lib.refusal import Invalid
from lib.text import CleanCharField
from postmortems import picking
from postmortems.kinds import OWED, ActionKind, ActionStatus, Priority, Section, Status
from postmortems.models import ActionItem, Postmortem
from postmortems.tabling import Line

MAX_TICKED = 500
NO_COLON = ""


class SectionForm(forms.Form):
    """One section as it was written, and the version it was written on."""

    text = CleanCharField(required=False, strip=False)
    base = forms.IntegerField(required=False, min_value=0)


class SettleForm(forms.Form):
    """How a conflict ends: mine, or both; ``text`` is what stands in the box now, ``mine`` what was kept."""

    how = forms.ChoiceField(choices=[("mine", "mine"), ("both", "both")])
    mine = forms.IntegerField()
    text = CleanCharField(required=False, strip=False)


class PeopleForm(forms.Form):
    """Some of the people here."""

    people = forms.ModelMultipleChoiceField(queryset=User.objects.none(), required=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].queryset = User.objects.people()  # type: ignore[attr-defined]

    @property
    def ids(self) -> list[int]:
        return [person.pk for person in self.cleaned_data["people"]]


class MarkForm(forms.Form):
    mark = forms.ChoiceField(choices=[("approved", "approved"), ("changes", "changes")])
    note = CleanCharField(required=False, max_length=500)


class CommentForm(forms.Form):
    text = CleanCharField(label=_("Comment"), max_length=4000)
    section = forms.ChoiceField(choices=[("", ""), *Section.choices], required=False)


class PublicTextForm(forms.Form):
    text = CleanCharField(label=_("What the public reads"), max_length=50_000)


class ReasonForm(forms.Form):
    reason = CleanCharField(label=_("Why no postmortem is needed"), max_length=500)


class ImportForm(forms.Form):
    text = CleanCharField(label=_("Markdown"), max_length=200_000, strip=False, required=False)
    file = forms.FileField(label=_("or a file"), required=False)

    def clean(self) -> dict[str, Any]:
        """The text of either; a file has to be UTF-8."""
        data = super().clean() or {}
        upload = data.get("file")
        if upload:
            try:
                data["text"] = upload.read(1_000_000).decode("utf-8")
            except UnicodeDecodeError:
                self.add_error("file", _("The file is not UTF-8 text."))
        if not data.get("text") and not self.errors:
            self.add_error("text", _("Paste the document, or choose a file."))
        return data


class FilterForm(forms.Form):
    """The library's filters; a wrong one filters nothing."""

    q = CleanCharField(required=False, max_length=200)
    status = forms.ChoiceField(choices=[("", _("Any state")), *Status.choices], required=False)
    service = forms.SlugField(required=False)
    severity = forms.CharField(required=False, max_length=12)
    tag = CleanCharField(required=False, max_length=60)


class ActionForm(forms.Form):
    """An action item."""

    title = CleanCharField(label=_("What will change"), max_length=200)
    owner = forms.ModelChoiceField(label=_("Owner"), queryset=User.objects.none(), required=False)
    due = forms.DateField(
        label=_("Due"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=ActionKind.choices, initial=ActionKind.PREVENT)
    priority = forms.TypedChoiceField(
        label=_("Priority"), choices=Priority.choices, coerce=int, initial=Priority.NORMAL
    )
    status = forms.ChoiceField(
        label=_("State"), choices=ActionStatus.choices, initial=ActionStatus.OPEN, required=False
    )
    factor = CleanCharField(label=_("Contributing factor"), max_length=500, required=False)
    ticket_url = CleanCharField(label=_("Ticket"), max_length=500, required=False, widget=forms.URLInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", NO_COLON)
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.people()  # type: ignore[attr-defined]
        self.fields["owner"].empty_label = _("Nobody yet")  # type: ignore[attr-defined]

    @property
    def given(self) -> dict[str, Any]:
        """The fields as the verbs name them; a status that was not asked for is left alone."""
        data = dict(self.cleaned_data)
        owner = data.pop("owner")
        if not data["status"]:
            del data["status"]
        return {**data, "owner_id": owner.pk if owner else None}

    @classmethod
    def of(cls, action: ActionItem) -> "ActionForm":
        """The form with the action's present values."""
        names = ("title", "owner", "due", "kind", "priority", "status", "factor", "ticket_url")
        return cls(initial={name: getattr(action, name) for name in names})


class ActionStatusForm(forms.Form):
    status = forms.ChoiceField(choices=ActionStatus.choices)


class BulkForm(forms.Form):
    """The same change on several actions; what is left empty stays as it is."""

    action = forms.TypedMultipleChoiceField(coerce=int, required=True)
    status = forms.ChoiceField(choices=[("", ""), *ActionStatus.choices], required=False)
    priority = forms.TypedChoiceField(
        choices=[("", ""), *Priority.choices], coerce=int, empty_value=None, required=False
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False)
    due = forms.DateField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.people()  # type: ignore[attr-defined]
        ticked = self.data.getlist("action") if isinstance(self.data, QueryDict) else []
        known = [pk for pk in ticked[:MAX_TICKED] if pk.isdecimal() and len(pk) < 19]
        self.fields["action"].choices = [(pk, pk) for pk in known]  # type: ignore[attr-defined]
        self.fields["action"].error_messages = {
            "required": _("Tick at least one action."),
            "invalid_choice": _("Tick 500 actions at most."),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not self.given:
            self.add_error(None, _("Choose what to change: state, owner, day or priority."))
        return data

    @property
    def ids(self) -> list[int]:
        return sorted(set(self.cleaned_data["action"]))

    @property
    def given(self) -> dict[str, Any]:
        """The fields as the verb names them."""
        data = {name: self.cleaned_data.get(name) for name in ("status", "priority", "due")}
        owner = self.cleaned_data.get("owner")
        given = {name: value for name, value in data.items() if value}
        return {**given, "owner_id": owner.pk} if owner else given


class ActionFilterForm(forms.Form):
    """The board's filters; a wrong one filters nothing."""

    owner = forms.CharField(required=False, max_length=20)
    team = forms.SlugField(required=False)
    status = forms.ChoiceField(choices=[*ActionStatus.choices, ("owed", ""), ("all", "")], required=False)
    kind = forms.ChoiceField(choices=[("", ""), *ActionKind.choices], required=False)
    q = CleanCharField(required=False, max_length=200)
    view = forms.ChoiceField(choices=[("list", ""), ("board", "")], required=False)

    @property
    def statuses(self) -> list[str]:
        asked = self.cleaned_data.get("status") or "owed"
        return {"owed": [*OWED], "all": [*ActionStatus]}.get(asked, [asked])


def picked(postmortem: Postmortem, sent: QueryDict) -> tuple[list[Line], int | None]:
    """The picker's lines as they were sent, and the version they were chosen on.

    Raises:
        Invalid: a time that cannot be read.
    """
    known = {choice.key: choice for choice in picking.choices(postmortem)}
    lines = []
    for key in sent.getlist("key"):
        choice = known.get(key)
        words = sent.get(f"words-{key}", "")
        at = choice.at if choice else None
        if f"at-{key}" in sent:
            at = _instant(str(sent[f"at-{key}"]), postmortem.zone) or at
        if at is None or not (choice or words.strip()):
            if words.strip():
                raise Invalid("Give the row a time.", field="at")
            continue
        lines.append(Line(key, at, words, shown=f"shown-{key}" in sent))
    base = sent.get("base", "")
    return lines, int(base) if base.isdecimal() and len(base) < 9 else None


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=zone)
    except ValueError:
        raise Invalid("A time reads 2024-01-22T14:05.", code="bad_time", field="at") from None
