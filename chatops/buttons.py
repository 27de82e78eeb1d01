"""The buttons of messages: Acknowledge on a page, the verbs of a channel's summary, the home tab's."""

import json
from typing import Any

from django.utils.translation import gettext as _

from accounts.actors import person
from accounts.models import User
from chatops import asking, home, modals, people, saying, words
from incidents.models import Incident
from lib.refusal import Missing, Refused
from notifications.channels.slack import ACKNOWLEDGE_PAGE, SAY, escape
from oncall import answering
from oncall.models import Page


def press(payload: dict[str, Any]) -> None:
    """Do what the pressed buttons say, and show it on their message. Buttons that are links say nothing."""
    actions = payload.get("actions")
    for action in actions if isinstance(actions, list) else []:
        if not isinstance(action, dict):
            continue
        name, value = str(action.get("action_id") or ""), str(action.get("value") or "")
        if name == ACKNOWLEDGE_PAGE:
            _acknowledge(payload, value)
        elif name == home.DECLARE:
            ask_to_declare(payload)
        elif name.startswith(SAY):
            saying.press(payload, name, value)


def ask_to_declare(payload: dict[str, Any]) -> None:
    """From the home tab or the shortcut: where the form does not open, a direct message says why."""
    try:
        user = people.known(_id_in(payload, "team"), _id_in(payload, "user"))
        modals.ask_to_declare(user, str(payload.get("trigger_id") or "")[:200])
    except Refused as refusal:
        asking.whisper("", _id_in(payload, "user"), escape(refusal.message))


def _acknowledge(payload: dict[str, Any], value: str) -> None:
    team_id, user_id = _id_in(payload, "team"), _id_in(payload, "user")
    channel_id = _id_in(payload, "channel")
    try:
        user = people.known(team_id, user_id)
        reference = acknowledge(value, user=user)
    except Refused as refusal:
        asking.whisper(channel_id, user_id, escape(refusal.message))
        return
    message = payload.get("message")
    if isinstance(message, dict):
        sentence = _("%(ref)s acknowledged by %(name)s.") % {"ref": reference, "name": escape(str(user))}
        _show(channel_id, message, sentence)


def acknowledge(value: str, *, user: User) -> str:
    """Answer a page by its id; the incident's reference.

    Raises:
        Missing: no such page, or none that the person may know of.
        Refused: somebody was first, or it was called off.
    """
    seen = Incident.objects.visible_to(user)
    rows = Page.objects.select_related("run__incident").filter(run__incident__in=seen)
    page = rows.filter(pk=int(value)).first() if value.isdecimal() and len(value) < 16 else None
    if page is None:
        raise Missing(_("This page is gone. Open Tocsin to see what is open."))
    answering.acknowledge(page.run_id, actor=person(user, "chat"))
    return page.run.incident.reference


def _show(channel_id: str, message: dict[str, Any], sentence: str) -> None:
    """The message loses its button and says who answered. Its text comes from Slack, escaped already."""
    text = f"{str(message.get('text') or '')[:2_800]}\n{sentence}".strip()
    block = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    asking.try_to(
        "chat.update",
        channel=channel_id,
        ts=str(message.get("ts") or ""),
        text=text,
        blocks=json.dumps([block]),
    )


def _id_in(payload: dict[str, Any], name: str) -> str:
    found = payload.get(name)
    return words.slack_id(found.get("id")) if isinstance(found, dict) else ""
