"""The shapes of the room's forms. They check what was typed; the rules are in the verbs."""

from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.utils.timezone import get_current_timezone, localtime, make_aware, now
from django.utils.translation import gettext_lazy as _

from accounts.models import Role as Rank
from accounts.models import User
from catalog.models import Mitigation, Service
from incidents import updates
from incidents.kinds import Breakage, DeadlineKind, Provenance, Reach
from incidents.models import Incident, MitigationAttempt, Role, Severity
from incidents.reasons import MAX_REASON
from incidents.severity import UNSURE
from lib.text import CleanCharField


def responders() -> Any:
    """People who may hold a chair."""
    return User.objects.people().filter(role__in=[Rank.RESPONDER, Rank.MANAGER, Rank.ADMIN])


class MomentField(forms.DateTimeField):
    """A time in the reader's zone; a bare clock time is the last one that was."""

    def __init__(self, **options: Any) -> None:
        options.setdefault(
            "widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        )
        options.setdefault("input_formats", ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"])
        super().__init__(**options)

    def to_python(self, value: Any) -> datetime | None:
        text = str(value or "").strip()
        if len(text) in (4, 5) and ":" in text:
            return _clock(text) or super().to_python(value)
        return super().to_python(value)


def _clock(text: str) -> datetime | None:
    hour, _sep, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        return None
    local = localtime(now()).replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    return (
        local
        if local <= now()
        else make_aware(local.replace(tzinfo=None) - timedelta(days=1), get_current_timezone())
    )


class VerbForm(forms.Form):
    """A form about one incident; it knows the row it was drawn for."""

    def __init__(self, *args: Any, incident: Incident, user: User, **options: Any) -> None:
        self.incident, self.reader = incident, user
        super().__init__(*args, **options)
        self.tune()

    def tune(self) -> None:
        """Fill choices and hints from the incident."""


class EmptyForm(VerbForm):
    pass


class DeclareHereForm(VerbForm):
    responding = forms.BooleanField(label=_("I am responding"), required=False)


class ReasonForm(VerbForm):
    reason = CleanCharField(
        label=_("Why"), max_length=MAX_REASON, help_text=_("One sentence, kept on the timeline.")
    )


class SeverityForm(VerbForm):
    severity = forms.ModelChoiceField(label=_("Severity"), queryset=Severity.objects.all(), empty_label=None)
    reason = CleanCharField(
        label=_("Why"),
        max_length=MAX_REASON,
        help_text=_("What changed: one sentence, kept on the timeline."),
    )

    def tune(self) -> None:
        self.fields["severity"].initial = self.incident.severity_id


class ScopeForm(VerbForm):
    users_affected_share = forms.DecimalField(
        label=_("Users affected, per cent"),
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        required=False,
    )
    users_affected = forms.IntegerField(label=_("or how many"), min_value=0, max_value=10**12, required=False)
    services = forms.ModelMultipleChoiceField(
        label=_("Services"),
        queryset=Service.objects.filter(is_active=True),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    note = CleanCharField(label=_("Note"), max_length=500, required=False)

    def tune(self) -> None:
        self.initial.setdefault("users_affected_share", self.incident.users_affected_share)
        self.initial.setdefault("users_affected", self.incident.users_affected)
        self.initial.setdefault("services", [row.service_id for row in self.incident.service_rows.all()])


class ChairForm(VerbForm):
    role = forms.ModelChoiceField(
        label=_("Chair"), queryset=Role.objects.all(), to_field_name="slug", empty_label=None
    )
    user = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none(), empty_label=None)
    brief = CleanCharField(
        label=_("Brief in one line"),
        max_length=500,
        required=False,
        help_text=_("What the next one has to know."),
    )
    break_glass = CleanCharField(
        label=_("Break glass: why"),
        max_length=300,
        required=False,
        help_text=_("Only if one person has to hold what the severity keeps apart."),
    )

    def tune(self) -> None:
        cast(forms.ModelChoiceField, self.fields["user"]).queryset = responders()
        self.initial.setdefault("user", self.reader.pk)
        last = self.incident.timeline.filter(kind="update_posted").order_by("-number").first()
        if last:
            self.initial.setdefault("brief", last.text[:200])


class TakeForm(VerbForm):
    role = forms.ModelChoiceField(queryset=Role.objects.all(), to_field_name="slug")


class VolunteerForm(TakeForm):
    role = forms.ModelChoiceField(
        label=_("Empty chair"), queryset=Role.objects.all(), to_field_name="slug", empty_label=None
    )


class OfferForm(TakeForm):
    """A volunteer's offer, by the chair and the person."""

    user = forms.IntegerField(min_value=1, max_value=2**53, required=False)


class UpdateForm(VerbForm):
    text = CleanCharField(
        label=_("Update for the team"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    next_in = forms.TypedChoiceField(
        label=_("Next update in"), coerce=int, required=False, empty_value=cast(Any, 0)
    )
    reason = CleanCharField(label=_("Why later"), max_length=300, required=False)

    def tune(self) -> None:
        from_policy = self._cadence()
        steps = sorted({5, 10, from_policy, 2 * from_policy}) if from_policy else [15, 30, 60]
        choices: list[Any] = [(0, _("as the severity says"))] if from_policy else [(0, _("no promise"))]
        choices += [(step, _("%(n)d min") % {"n": step}) for step in steps]
        cast(forms.ChoiceField, self.fields["next_in"]).choices = choices

    def _cadence(self) -> int:
        from_policy = self.incident.severity_version.policy.get("internal_update_every")
        return int(from_policy or 0) // 60

    def words(self) -> dict[str, Any]:
        minutes = self.cleaned_data["next_in"]
        return {
            "text": self.cleaned_data["text"],
            "next_update_at": now() + timedelta(minutes=minutes) if minutes else None,
            "reason": self.cleaned_data["reason"],
        }


class SnoozeForm(VerbForm):
    """Put an update off: which, by how long, and why."""

    clock = forms.ChoiceField(label=_("Which update"))
    minutes = forms.TypedChoiceField(
        label=_("Put off by"),
        coerce=int,
        choices=[(n, _("%(n)d min") % {"n": n}) for n in (5, 10, 15, 30, 60)],
    )
    reason = CleanCharField(label=_("Why"), max_length=500)

    def tune(self) -> None:
        rows = updates.snoozable(self.incident)
        self.due = {row.kind: row.due_at for row in rows}
        # Without one that can be put off, the verb says why.
        kinds = [row.kind for row in rows] or [DeadlineKind.INTERNAL_UPDATE]
        choices = [(kind, DeadlineKind(kind).label) for kind in kinds]
        cast(forms.ChoiceField, self.fields["clock"]).choices = choices

    def words(self) -> dict[str, Any]:
        clock = self.cleaned_data["clock"]
        until = self.due.get(clock, now()) + timedelta(minutes=self.cleaned_data["minutes"])
        return {"clock": clock, "until": until, "reason": self.cleaned_data["reason"]}


class EndForm(VerbForm):
    """Mitigate and resolve: what was done, when, and once the start of the impact."""

    text = CleanCharField(label=_("What was done"), max_length=4000, required=False)
    at = MomentField(label=_("When"), required=False, help_text=_("Empty: now."))
    started_at = MomentField(
        label=_("When did users first feel it?"), required=False, help_text=_("Empty if nobody knows yet.")
    )

    def tune(self) -> None:
        if self.incident.started_at:
            del self.fields["started_at"]


class NoteForm(VerbForm):
    text = CleanCharField(label=_("Note"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            ("note", _("a note")),
            ("cause_identified", _("the root cause")),
            ("action_taken", _("an action that was taken")),
        ],
    )
    by = CleanCharField(label=_("Done by"), max_length=120, required=False)
    at = MomentField(label=_("When"), required=False, help_text=_("Empty: now."))


class DetailsForm(VerbForm):
    title = CleanCharField(label=_("Title"), max_length=200, required=False)
    started_at = MomentField(label=_("Impact began"), required=False)
    provenance = forms.ChoiceField(
        label=_("How we know"), choices=[choice for choice in Provenance.choices if choice[0]], required=False
    )
    ticket_url = forms.URLField(label=_("Ticket"), max_length=500, required=False, assume_scheme="https")
    bridge_url = forms.URLField(
        label=_("Conference call"), max_length=500, required=False, assume_scheme="https"
    )
    reason = CleanCharField(label=_("Why"), max_length=MAX_REASON)

    def tune(self) -> None:
        self.initial.setdefault("title", self.incident.title)
        self.initial.setdefault("provenance", Provenance.REPORTED)
        for name in ("ticket_url", "bridge_url", "started_at"):
            self.initial.setdefault(name, getattr(self.incident, name))


class CorrectionForm(VerbForm):
    event_number = forms.IntegerField(label=_("Event number"), min_value=1, max_value=2**31 - 1)
    at = MomentField(label=_("Right time"), required=False)
    text = CleanCharField(label=_("Right words"), max_length=4000, required=False)
    reason = CleanCharField(label=_("Why"), max_length=MAX_REASON)


class RedactForm(VerbForm):
    event_number = forms.IntegerField(label=_("Event number"), min_value=1, max_value=2**31 - 1)
    reason = CleanCharField(
        label=_("Why"), max_length=MAX_REASON, help_text=_("The words are gone for good.")
    )


class OtherForm(VerbForm):
    """Another incident that the reader may see, by its number."""

    other = CleanCharField(label=_("Incident"), max_length=20, help_text=_("For example INC-41."))

    def clean_other(self) -> Incident:
        digits = self.cleaned_data["other"].upper().removeprefix("INC-").strip()
        visible = Incident.objects.visible_to(self.reader)
        found = (
            visible.filter(number=int(digits)).first() if digits.isdecimal() and len(digits) < 16 else None
        )
        if found is None:
            raise forms.ValidationError(_("There is no such incident."))
        return found


class LinkForm(OtherForm):
    relation = forms.ChoiceField(
        label=_("It is"), choices=[("related", _("related")), ("parent", _("the cause of this"))]
    )


class TryForm(VerbForm):
    mitigation = forms.ModelChoiceField(queryset=Mitigation.objects.all(), label=_("Mitigation"))
    by = forms.ModelChoiceField(
        queryset=User.objects.none(), label=_("Run by"), required=False, empty_label=None
    )

    def tune(self) -> None:
        cast(forms.ModelChoiceField, self.fields["by"]).queryset = responders()


class OutcomeForm(VerbForm):
    attempt = forms.ModelChoiceField(queryset=MitigationAttempt.objects.none())
    outcome = forms.ChoiceField(
        choices=[choice for choice in MitigationAttempt.Outcome.choices if choice[0] != "started"]
    )

    def tune(self) -> None:
        cast(forms.ModelChoiceField, self.fields["attempt"]).queryset = self.incident.attempts.all()


class TaskForm(VerbForm):
    """What is to be done, and by whom."""

    text = CleanCharField(label=_("What is to be done"), max_length=300)
    owner = forms.ModelChoiceField(
        label=_("By whom"), queryset=User.objects.none(), required=False, empty_label=_("nobody yet")
    )

    def tune(self) -> None:
        cast(forms.ModelChoiceField, self.fields["owner"]).queryset = responders()


class TaskEndForm(VerbForm):
    task = forms.IntegerField(min_value=1, max_value=2**53)
    outcome = forms.ChoiceField(choices=[("done", ""), ("dropped", "")])


class TaskGiveForm(VerbForm):
    task = forms.IntegerField(min_value=1, max_value=2**53)
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False)

    def tune(self) -> None:
        cast(forms.ModelChoiceField, self.fields["owner"]).queryset = responders()


class StepForm(VerbForm):
    """A box of a runbook; the button that was pressed says whether it is done."""

    runbook = forms.IntegerField(min_value=1, max_value=2**53)
    step = CleanCharField(max_length=40)
    done = forms.TypedChoiceField(choices=[("1", ""), ("0", "")], coerce=lambda word: word == "1")


class PersonForm(VerbForm):
    user = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none(), empty_label=None)

    def tune(self) -> None:
        cast(forms.ModelChoiceField, self.fields["user"]).queryset = User.objects.people()


class DeclareForm(forms.Form):
    """What is wrong, where, how bad: three answers."""

    title = CleanCharField(
        label=_("What is wrong?"), max_length=200, help_text=_("As a customer would say it.")
    )
    service = forms.ModelChoiceField(
        label=_("Service"),
        queryset=Service.objects.filter(is_active=True),
        to_field_name="slug",
        empty_label=_("Choose what hurts"),
        error_messages={
            "required": _(
                "Choose the service that hurts: its on-call is asked. Unsure? The one that users see."
            ),
            "invalid_choice": _("There is no such service any more. Choose another."),
        },
    )
    started_at = MomentField(
        label=_("Since"), required=False, help_text=_("When users first felt it. Empty if unsure.")
    )
    impact = forms.ChoiceField(
        required=False,
        choices=[
            (f"{breakage}-{reach}", "")
            for breakage in (*Breakage.values, UNSURE)
            for reach in (*Reach.values, UNSURE)
        ],
    )
    severity = forms.ModelChoiceField(
        queryset=Severity.objects.all(), to_field_name="name", required=False, empty_label=_("As suggested")
    )
    reason = CleanCharField(label=_("Why?"), max_length=MAX_REASON, required=False)
    responding = forms.BooleanField(label=_("I am responding"), required=False)
    is_drill = forms.BooleanField(label=_("A drill"), required=False)
    is_private = forms.BooleanField(label=_("Private (security, people)"), required=False)
    participants = forms.ModelMultipleChoiceField(
        label=_("Who takes part"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        cast(forms.ModelMultipleChoiceField, self.fields["participants"]).queryset = User.objects.people()

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if not asked.get("impact") and not asked.get("severity"):
            self.add_error("impact", _("Choose a cell of the grid, or a severity."))
        return asked
