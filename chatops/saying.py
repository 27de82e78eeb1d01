"""The buttons of a channel's summary: each says a command, some ask for its text first."""

import json
from contextlib import nullcontext
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chatops import asking, commands, once, people, words
from chatops.asked import MAX_TEXT, Asked
from chatops.places import Place
from lib.refusal import Invalid, Refused
from notifications.channels.slack import SAY, escape

CALLBACK = "say"
#: What a button says at once, and what it asks for first: title, label, whether it may stay empty.
_AT_ONCE = {"ack": "", "role": "take ic"}
_ASKS = {
    "update": (gettext_lazy("Post update"), gettext_lazy("Where things stand"), False),
    "mitigate": (gettext_lazy("Mitigated"), gettext_lazy("What was done"), True),
    "resolve": (gettext_lazy("Resolved"), gettext_lazy("What was done"), True),
}
_LONGEST_INPUT = 3_000


def is_ours(payload: dict[str, Any]) -> bool:
    """Is it about the form of one command?"""
    return _part(payload, "view").get("callback_id") == CALLBACK


def press(payload: dict[str, Any], action_id: str, value: str) -> None:
    """Say the button's command, or open the form for its text; a refusal is whispered."""
    name, trigger = action_id.removeprefix(SAY), str(payload.get("trigger_id") or "")[:200]
    channel_id = words.slack_id(_part(payload, "channel").get("id"))
    try:
        if name in _ASKS:
            asking.ask("views.open", trigger_id=trigger, view=json.dumps(_form(name, value)))
            return
        if name not in _AT_ONCE:
            return
        # Pressed once is said once, however often Slack tells of it.
        with once.claimed(f"press:{trigger}", keep=once.RETRIED) if trigger else nullcontext():
            answer = _say(payload, name, value, _AT_ONCE[name])
    except Refused as refusal:
        answer = escape(refusal.message)
    asking.whisper(channel_id, words.slack_id(_part(payload, "user").get("id")), answer)


def submit(payload: dict[str, Any]) -> dict[str, Any]:
    """Say the command with the form's text; a refusal stands beside the text, which is kept."""
    view = _part(payload, "view")
    name, _space, value = str(view.get("private_metadata") or "").partition(" ")
    typed = _part(_part(_part(_part(view, "state"), "values"), "text"), "text").get("value")
    try:
        if name not in _ASKS:
            raise Invalid(_("This form is none of Tocsin's."))
        with once.claimed(f"view:{str(view.get('id') or '')[:40]}", keep=once.RETRIED):
            _say(payload, name, value, typed if isinstance(typed, str) else "")
    except Refused as refusal:
        if refusal.code == "replayed":
            return {"response_action": "clear"}
        return {"response_action": "errors", "errors": {"text": refusal.message}}
    return {"response_action": "clear"}


def _say(payload: dict[str, Any], name: str, value: str, text: str) -> str:
    if not (value.isdecimal() and len(value) < 16):
        raise Invalid(_("This button is too old. Type /inc help."))
    team_id = words.slack_id(_part(payload, "team").get("id"))
    user = people.known(team_id, words.slack_id(_part(payload, "user").get("id")))
    place = Place(words.slack_id(_part(payload, "channel").get("id")))
    asked = Asked(user=user, team_id=team_id, place=place, words=text, number=int(value))
    return commands.COMMANDS[name].say(asked)


def _form(name: str, value: str) -> dict[str, Any]:
    title, label, optional = _ASKS[name]
    element = {
        "type": "plain_text_input",
        "action_id": "text",
        "multiline": True,
        "max_length": min(MAX_TEXT, _LONGEST_INPUT),
    }
    block = {
        "type": "input",
        "block_id": "text",
        "label": {"type": "plain_text", "text": str(label)},
        "element": element,
        "optional": optional,
    }
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": f"{name} {value[:20]}",
        "title": {"type": "plain_text", "text": str(title)[:24]},
        "submit": {"type": "plain_text", "text": _("Send")[:24]},
        "close": {"type": "plain_text", "text": _("Cancel")[:24]},
        "blocks": [block],
    }


def _part(payload: dict[str, Any], name: str) -> dict[str, Any]:
    found = payload.get(name)
    return found if isinstance(found, dict) else {}
