"""Every verb of the room as one row: its form, what it says, and how the form's words reach it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from incidents import (
    acknowledging,
    forms,
    lifecycle,
    merging,
    mitigating,
    notes,
    people,
    roles,
    runbooks,
    scope,
    todos,
    updates,
    volunteering,
)
from incidents.kinds import Status


def _same(form: Any) -> dict[str, Any]:
    return {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}


def _scope(form: Any) -> dict[str, Any]:
    services = form.cleaned_data["services"]
    words = {name: form.cleaned_data[name] for name in ("users_affected", "users_affected_share", "note")}
    kept = set(form.incident.service_rows.values_list("service", flat=True))
    chosen = [service.pk for service in services]
    # The primary service stays first as long as it is still among them.
    chosen.sort(key=lambda pk: pk != form.incident.service_id)
    return {**words, "service_ids": chosen if set(chosen) != kept and chosen else None}


def _chair(form: Any) -> dict[str, Any]:
    given = form.cleaned_data
    return {
        "role_slug": given["role"].slug,
        "user_id": given["user"].pk,
        "brief": given["brief"],
        "break_glass": given["break_glass"],
    }


def _details(form: Any) -> dict[str, Any]:
    given = {name: value for name, value in form.cleaned_data.items() if name in form.changed_data and value}
    return {"reason": form.cleaned_data["reason"], **given}


def _try(form: Any) -> dict[str, Any]:
    by = form.cleaned_data["by"]
    return {"mitigation_id": form.cleaned_data["mitigation"].pk, "by_id": by.pk if by else None}


def _owner(form: Any) -> dict[str, Any]:
    owner = form.cleaned_data["owner"]
    return {"owner_id": owner.pk if owner else None}


def _task(form: Any) -> dict[str, Any]:
    return {"text": form.cleaned_data["text"], **_owner(form)}


@dataclass(frozen=True)
class Door:
    """A verb of the room: its form, what it says, and how the form's words reach it."""

    form: type[forms.VerbForm]
    verb: Callable[..., Any]
    button: Any
    words: Callable[[Any], dict[str, Any]] = _same
    hint: Any = ""


DOORS: dict[str, Door] = {
    "acknowledge": Door(forms.EmptyForm, acknowledging.acknowledge, _("Acknowledge")),
    "declare": Door(forms.DeclareHereForm, lifecycle.declare, _("Declare")),
    "severity": Door(forms.SeverityForm, lifecycle.set_severity, _("Change severity")),
    "scope": Door(forms.ScopeForm, lifecycle.set_scope, _("Set scope"), _scope),
    "chair": Door(forms.ChairForm, roles.take, _("Give the chair"), _chair),
    "take": Door(
        forms.TakeForm,
        roles.take,
        _("Take the chair"),
        lambda form: {"role_slug": form.cleaned_data["role"].slug},
    ),
    "leave": Door(
        forms.TakeForm,
        roles.leave,
        _("Step down"),
        lambda form: {"role_slug": form.cleaned_data["role"].slug},
    ),
    "volunteer": Door(
        forms.VolunteerForm,
        volunteering.offer,
        _("Offer to take a chair"),
        lambda form: {"role_slug": form.cleaned_data["role"].slug},
        _("Nobody sits in it by this: whoever commands sees it and can seat you with one tap."),
    ),
    "withdraw": Door(
        forms.OfferForm,
        volunteering.withdraw,
        _("Withdraw"),
        lambda form: {"role_slug": form.cleaned_data["role"].slug, "user_id": form.cleaned_data["user"]},
    ),
    "alone": Door(
        forms.TakeForm,
        roles.alone,
        _("I am alone"),
        lambda form: {"role_slug": form.cleaned_data["role"].slug},
    ),
    "update": Door(forms.UpdateForm, lifecycle.post_update, _("Post update"), lambda form: form.words()),
    "snooze": Door(
        forms.SnoozeForm,
        updates.snooze,
        _("Put an update off"),
        lambda form: form.words(),
        _("Once, and at most twice the usual time between two updates. It still counts as not in time."),
    ),
    "note": Door(forms.NoteForm, notes.add_note, _("Add note")),
    "mitigate": Door(
        forms.EndForm,
        lifecycle.mitigate,
        _("Mitigated"),
        hint=_("Users no longer hurt. The cause may still be there."),
    ),
    "resolve": Door(forms.EndForm, lifecycle.resolve, _("Resolved"), hint=_("The cause is gone.")),
    "reopen": Door(
        forms.ReasonForm, lifecycle.reopen, _("Reopen"), hint=_("Users hurt again: every clock restarts.")
    ),
    "close": Door(forms.EmptyForm, lifecycle.close, _("Close")),
    "dismiss": Door(
        forms.ReasonForm, lifecycle.dismiss, _("Dismiss"), hint=_("A false alarm: it will not count.")
    ),
    "details": Door(forms.DetailsForm, scope.change_details, _("Correct"), _details),
    "correct": Door(forms.CorrectionForm, notes.correct, _("Correct the event")),
    "redact": Door(forms.RedactForm, notes.redact, _("Redact the event")),
    "merge": Door(
        forms.OtherForm,
        lifecycle.merge,
        _("Merge into it"),
        lambda form: {"into": form.cleaned_data["other"].pk},
        _("This one ends; its alerts, services and times move there."),
    ),
    "link": Door(
        forms.LinkForm,
        merging.link,
        _("Link"),
        lambda form: {form.cleaned_data["relation"]: form.cleaned_data["other"].pk},
    ),
    "try": Door(forms.TryForm, mitigating.start, _("Tried it"), _try),
    "outcome": Door(
        forms.OutcomeForm,
        mitigating.finish,
        _("Note the outcome"),
        lambda form: {"attempt_id": form.cleaned_data["attempt"].pk, "outcome": form.cleaned_data["outcome"]},
    ),
    "task": Door(forms.TaskForm, todos.add, _("Add task"), _task),
    "task-end": Door(
        forms.TaskEndForm,
        todos.end,
        _("Done"),
        lambda form: {"task_id": form.cleaned_data["task"], "outcome": form.cleaned_data["outcome"]},
    ),
    "task-give": Door(
        forms.TaskGiveForm,
        todos.give,
        _("Give"),
        lambda form: {"task_id": form.cleaned_data["task"], **_owner(form)},
    ),
    "step": Door(
        forms.StepForm,
        runbooks.tick,
        _("Done"),
        lambda form: {
            "runbook_id": form.cleaned_data["runbook"],
            "step": form.cleaned_data["step"],
            "is_done": form.cleaned_data["done"],
        },
    ),
    "people": Door(
        forms.PersonForm, people.add, _("Let in"), lambda form: {"user_id": form.cleaned_data["user"].pk}
    ),
    "make-private": Door(
        forms.ReasonForm,
        people.make_private,
        _("Make private"),
        hint=_("What was sent already cannot be called back."),
    ),
    "make-public": Door(forms.ReasonForm, people.make_public, _("Open to everybody here")),
    "follow": Door(
        forms.EmptyForm,
        people.follow,
        _("Follow this incident"),
        hint=_("You are told of each update, and never paged for it."),
    ),
    "unfollow": Door(
        forms.EmptyForm, people.unfollow, _("Stop following"), hint=_("You are told of no more updates.")
    ),
    "end-drill": Door(forms.ReasonForm, people.end_drill, _("End the drill")),
}
#: Which folded forms the room offers, by state. The order is the order on the page.
OFFERED: dict[str, tuple[str, ...]] = {
    Status.TRIAGE: (
        "declare",
        "scope",
        "severity",
        "mitigate",
        "resolve",
        "note",
        "dismiss",
        "merge",
        "link",
        "details",
    ),
    Status.ACTIVE: (
        "mitigate",
        "resolve",
        "scope",
        "severity",
        "note",
        "snooze",
        "details",
        "merge",
        "link",
        "dismiss",
    ),
    Status.MITIGATED: (
        "resolve",
        "reopen",
        "severity",
        "scope",
        "note",
        "snooze",
        "details",
        "merge",
        "link",
    ),
    Status.RESOLVED: ("reopen", "note", "severity", "details", "link"),
    Status.CLOSED: ("note", "severity", "details", "link"),
    Status.DISMISSED: ("note", "link"),
    Status.MERGED: ("note", "link"),
}
