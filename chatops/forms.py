"""The forms of the room as Slack shows them: the same fields, checked and said by the same form."""

import json
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import person
from accounts.models import User
from chatops import asking, blocks, once, people, places, words
from chatops.asked import Asked
from chatops.blocks import Block
from incidents import telling
from incidents.doorways import DOORS
from incidents.forms import MomentField, VerbForm
from incidents.kinds import EventKind
from incidents.models import Incident
from lib.refusal import Invalid, Refused

CALLBACK = "say"
#: What can be typed in one field; Slack's own bound is lower than the verbs'.
_SHORT = 300


def ask(asked: Asked, name: str) -> str:
    """Open the form of one verb; Slack wants it within three seconds of the command.

    Raises:
        Missing: the incident is not there for this person. Away: Slack did not answer.
    """
    view = _view(name, asked.incident, asked.user)
    asking.ask("views.open", trigger_id=asked.trigger_id, view=json.dumps(view))
    return _("The form is open.")


def is_ours(payload: dict[str, Any]) -> bool:
    """Is it about the form of one verb?"""
    return blocks.part(payload, "view").get("callback_id") == CALLBACK


def submit(payload: dict[str, Any]) -> dict[str, Any]:
    """Say the verb with what was filled in; a refusal stands beside a field, and nothing typed is lost."""
    view = blocks.part(payload, "view")
    name, _space, number = str(view.get("private_metadata") or "").partition(" ")
    fields = list(blocks.said(view)) or ["text"]
    try:
        user = people.known(_id(payload, "team"), _id(payload, "user"))
        # The form reads clock times by the watch of whoever filled it in.
        with timezone.override(ZoneInfo(user.time_zone)):
            return _say(payload, view, user, name, number)
    except Refused as refusal:
        if refusal.code == "replayed":
            return {"response_action": "clear"}
        return _errors({getattr(refusal, "field", None) or "": refusal.message}, fields)


def _say(payload: dict[str, Any], view: Block, user: User, name: str, number: str) -> dict[str, Any]:
    door = DOORS.get(name)
    if door is None or not (number.isdecimal() and len(number) < 16):
        raise Invalid(_("This form is none of Tocsin's."))
    incident = places.meant(user, places.Place(""), int(number))
    empty = door.form(incident=incident, user=user)
    form = door.form(
        _data(empty, blocks.said(view), _id(payload, "team"), user), incident=incident, user=user
    )
    if not form.is_valid():
        return _errors(
            {one: " ".join(map(str, found)) for one, found in form.errors.items()}, list(form.fields)
        )
    with once.claimed(f"view:{str(view.get('id') or '')[:40]}", keep=once.RETRIED):
        door.verb(incident.pk, actor=person(user, "chat"), **door.words(form))
    return {"response_action": "clear"}


def _errors(by_field: dict[str, str], fields: list[str]) -> dict[str, Any]:
    """Slack shows an error only beside a block that is there."""
    found: dict[str, str] = {}
    for name, sentence in by_field.items():
        beside = name if name in fields else next(iter(fields), "text")
        found[beside] = f"{found.get(beside, '')} {sentence}".strip()
    return {"response_action": "errors", "errors": found}


def _data(form: VerbForm, said: dict[str, Any], team_id: str, me: User) -> dict[str, Any]:
    """The form's fields as the browser would send them.

    Raises:
        Invalid: a person who has no account here.
    """
    data: dict[str, Any] = {}
    for name, field in form.fields.items():
        value = said.get(name)
        if _is_person(field) and isinstance(value, str) and value:
            value = people.meant(team_id, value, me).pk
        if isinstance(field, forms.BooleanField):
            value = "on" if value else ""
        elif isinstance(value, list) and not isinstance(field, forms.ModelMultipleChoiceField):
            value = next(iter(value), "")
        data[name] = "" if value is None else value
    return data


def _view(name: str, incident: Incident, user: User) -> Block:
    door = DOORS[name]
    with timezone.override(ZoneInfo(user.time_zone)):
        form = door.form(incident=incident, user=user)
        shown = [block for one, field in form.fields.items() if (block := _field(form, one, field))]
    about = f"*{incident.reference}* {blocks.cut(incident.title, 200)}\n{blocks.cut(str(door.hint), 500)}"
    title = str(door.button)
    submit = title if len(title) <= 24 else _("Send")
    return blocks.modal(
        CALLBACK, title, submit, [blocks.section(about.strip()), *shown], kept=f"{name} {incident.number}"
    )


def _field(form: VerbForm, name: str, field: Any) -> Block | None:
    """One field as Slack draws it; None for a choice among more than it takes, which then stays as it is."""
    element = _element(form, name, field)
    if element is None:
        return None
    hint = str(field.help_text or "")
    if isinstance(field, MomentField):
        hint = f"{hint} {_('As 14:05 or 2026-11-27 14:05, by your clock.')}".strip()
    label = str(field.label or name.replace("_", " ").capitalize())
    return blocks.field(name, label, element, optional=not field.required, hint=hint)


def _element(form: VerbForm, name: str, field: Any) -> Block | None:
    initial = form.get_initial_for_field(field, name)
    if name == "event_number" and (events := _events(form.incident)):
        return blocks.select(events)
    if _is_person(field):
        return {"type": "users_select"}
    if isinstance(field, forms.BooleanField):
        return {"type": "checkboxes", "options": blocks.options([("on", field.label)])}
    if isinstance(field, forms.ModelMultipleChoiceField):
        pairs = list(_choices(field))
        chosen = {str(one) for one in initial or []}
        rows = blocks.options(pairs)
        if not rows or len(rows) < len(pairs):
            return None
        first = [row for row in rows if row["value"] in chosen]
        return {
            "type": "multi_static_select",
            "options": rows,
            **({"initial_options": first} if first else {}),
        }
    if isinstance(field, forms.ChoiceField):
        return blocks.select(_choices(field), initial)
    return _typed(field, initial)


def _choices(field: Any) -> list[tuple[str, str]]:
    """(value, label) without the empty one: Slack has its own way to choose nothing."""
    return [(str(value), str(label)) for value, label in field.choices if str(value)]


def _typed(field: Any, initial: Any) -> Block:
    most = min(getattr(field, "max_length", None) or _SHORT, blocks.LONGEST_INPUT)
    element: Block = {"type": "plain_text_input", "max_length": most, "multiline": most > _SHORT}
    # A moment is never filled in: its seconds would be lost, and that would read as a change.
    if initial not in (None, "") and not isinstance(field, MomentField):
        element["initial_value"] = str(initial)[:most]
    return element


def _is_person(field: Any) -> bool:
    return isinstance(field, forms.ModelChoiceField) and getattr(field.queryset, "model", None) is User


def _events(incident: Incident) -> list[tuple[int, str]]:
    """The last events that can still be pointed at, the newest first."""
    rows = incident.timeline.filter(redacted_at=None).exclude(
        kind__in=(EventKind.CORRECTED, EventKind.REDACTED)
    )
    newest = rows.select_related("actor").order_by("-number")[: blocks.MOST_OPTIONS]
    return [
        (
            line.number,
            f"#{line.number} {timezone.localtime(line.at):%H:%M} {line.words} {line.quote or line.detail}",
        )
        for line in telling.tell(incident, newest)
    ]


def _id(payload: dict[str, Any], name: str) -> str:
    return words.slack_id(blocks.part(payload, name).get("id"))
