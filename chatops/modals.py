"""The form to declare, as Slack shows it: title, service, the impact matrix and what it suggests."""

import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import person
from accounts.models import User
from catalog.models import Service
from chatops import asking, blocks, once, people, telling, words
from chatops.blocks import field, part, plain, section, select
from incidents import declaring, questions
from incidents.forms import DeclareForm
from incidents.kinds import Breakage, Reach
from incidents.models import Incident, Severity
from incidents.severity import UNSURE, suggest
from lib import durations
from lib.refusal import Refused
from notifications.channels.slack import escape

DECLARE = "declare"
_IMPACT = ("breakage", "reach")
_SWITCHES = ("responding", "is_drill", "is_private")


def ask_to_declare(user: User, trigger_id: str) -> None:
    """Open the form; Slack wants it within three seconds of the command.

    Raises:
        Away: Slack did not answer. Said: the command is too old by now.
    """
    asking.ask("views.open", trigger_id=trigger_id, view=json.dumps(_form(user, {})))


def is_ours(payload: dict[str, Any]) -> bool:
    """Is it about the form to declare?"""
    return part(payload, "view").get("callback_id") == DECLARE


def suggested(payload: dict[str, Any]) -> None:
    """A cell was chosen: show what the matrix suggests, in the form that is open."""
    view = part(payload, "view")
    said = blocks.said(view)
    user = people.known(words.slack_id(part(payload, "team").get("id")), _who(payload))
    asking.try_to(
        "views.update",
        view_id=str(view.get("id") or ""),
        hash=str(view.get("hash") or ""),
        view=json.dumps(_form(user, said)),
    )


def submit(payload: dict[str, Any]) -> dict[str, Any]:
    """What the sent form did: errors beside its fields, or the incident that is declared now."""
    view = part(payload, "view")
    if not is_ours(payload):
        return {}
    try:
        user = people.known(words.slack_id(part(payload, "team").get("id")), _who(payload))
        form = DeclareForm(_data(blocks.said(view)))
        if not form.is_valid():
            return _errors({name: " ".join(map(str, found)) for name, found in form.errors.items()})
        incident = _declare(form, user, str(view.get("id") or "")[:40])
    except Refused as refusal:
        return _errors({getattr(refusal, "field", None) or "title": refusal.message})
    if incident is None:
        return {"response_action": "clear"}
    return {"response_action": "update", "view": _done(incident)}


@transaction.atomic
def _declare(form: DeclareForm, user: User, view_id: str) -> Incident | None:
    # In the incident's own transaction: a form that Slack sends twice opens one incident.
    if view_id and not once.first_time(f"view:{view_id}", keep=once.RETRIED):
        return None
    return declaring.declare(form.cleaned_data, actor=person(user, "chat"))


def _errors(by_field: dict[str, str]) -> dict[str, Any]:
    """Slack shows an error only beside a block that is there."""
    found: dict[str, str] = {}
    for name, sentence in by_field.items():
        block = {"impact": "breakage"}.get(name, name)
        known = block if block in ("title", "service", "reason", "severity", *_IMPACT) else "title"
        found[known] = f"{found.get(known, '')} {sentence}".strip()
    return {"response_action": "errors", "errors": found}


def _data(said: dict[str, Any]) -> dict[str, Any]:
    """The form's fields as the browser would send them."""
    both = [str(said.get(name) or "") for name in _IMPACT]
    typed = {name: said.get(name) or "" for name in ("title", "service", "severity", "reason")}
    ticked = said.get("switches") or []
    switches = {name: "on" for name in _SWITCHES if name in ticked}
    return {**typed, **switches, "impact": "-".join(both) if all(both) else ""}


def _form(user: User, said: dict[str, Any]) -> dict[str, Any]:
    found = list(Service.objects.filter(is_active=True)[: blocks.MOST_OPTIONS + 1])
    services, more = found[: blocks.MOST_OPTIONS], ""
    if len(found) > len(services):
        more = _("Slack shows the first 100. Another one: “/inc declare <service>: <title>”.")
    on_call = bool(services) and questions.ask.is_on_call(user, services[0])
    fields = [
        field("title", _("What is wrong?"), {"type": "plain_text_input", "max_length": 200}),
        field("service", _("Service"), select([(one.slug, str(one)) for one in services]), hint=more),
        field("breakage", _("What is broken?"), select([*Breakage.choices, _unsure()]), tells=True),
        field("reach", _("Who feels it?"), select([*Reach.choices, _unsure()]), tells=True),
        *_suggestion(said),
        field(
            "severity",
            _("Severity, if you decide otherwise"),
            select([(one.name, one.name) for one in Severity.objects.all()]),
            optional=True,
        ),
        field("reason", _("Why?"), {"type": "plain_text_input", "max_length": 300}, optional=True),
        field("switches", _("Also"), _switches(on_call), optional=True),
    ]
    return blocks.modal(DECLARE, _("Declare an incident"), _("Declare"), fields)


def _unsure() -> tuple[str, str]:
    return UNSURE, _("not sure")


def _suggestion(said: dict[str, Any]) -> list[dict[str, Any]]:
    """What the chosen cell means, and what will be expected."""
    breakage, reach = (str(said.get(name) or "") for name in _IMPACT)
    if not (breakage and reach):
        return []
    try:
        found = suggest(breakage, reach)
    except Refused as refusal:
        return [section(escape(refusal.message), block_id="suggestion")]
    every = found.severity.internal_update_every
    expected = _("An update is expected every %(time)s.") % {"time": durations.words(every)} if every else ""
    return [section(escape(f"{found.reason} {expected}".strip()), block_id="suggestion")]


def _switches(on_call: bool) -> dict[str, Any]:
    fields = DeclareForm().fields
    options = blocks.options((name, fields[name].label) for name in _SWITCHES)
    ticked = {"initial_options": options[:1]} if on_call else {}
    return {"type": "checkboxes", "action_id": "switches", "options": options, **ticked}


def _done(incident: Incident) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain(_("Declared"), 24),
        "close": plain(_("Close"), 24),
        "blocks": [section(telling.declared(incident))],
    }


def _who(payload: dict[str, Any]) -> str:
    return words.slack_id(part(payload, "user").get("id"))
