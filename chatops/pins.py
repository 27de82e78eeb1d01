"""Pinned messages and 📌 reactions of an incident's channel: notes on its timeline."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import person
from accounts.models import User
from chatops import asking, once, people, places, words
from chatops.blocks import part
from incidents import notes
from incidents.kinds import EventKind
from incidents.models import Incident
from lib.refusal import Refused
from lib.text import is_storable
from notifications.models import ChatRoom

TOPIC = "chatops.pinned"
#: The shortcut of a message, “Put on the timeline”.
SHORTCUT = "put_on_timeline"
REACTIONS = ("pushpin", "round_pushpin")
#: Slack repeats an event for at most some hours.
_EVENT_KEPT = timedelta(days=1)
#: The same message may be pinned and marked, now and next week.
_MESSAGE_KEPT = timedelta(days=90)
_LONGEST = 3_900


@dataclass(frozen=True)
class Pin:
    """Somebody pinned a message, or put 📌 on it, or took that off (``is_off``).

    ``message`` is None where Slack did not send it along.
    """

    event_id: str
    team_id: str
    user_id: str
    channel_id: str
    ts: str
    message: dict[str, Any] | None
    is_off: bool = False


def read(payload: dict[str, Any]) -> Pin | None:
    """The pin in an ``event_callback``, or None for anything else and for our own bot's pins."""
    event, authorizations = payload.get("event"), payload.get("authorizations") or []
    if not isinstance(event, dict) or not isinstance(authorizations, list):
        return None
    item = event.get("item")
    kind = event.get("type")
    is_pin = kind in ("pin_added", "pin_removed")
    is_mark = kind in ("reaction_added", "reaction_removed") and event.get("reaction") in REACTIONS
    if not (is_pin or is_mark) or not isinstance(item, dict) or item.get("type") != "message":
        return None
    message = item.get("message") if isinstance(item.get("message"), dict) else None
    pin = Pin(
        event_id=words.slack_id(payload.get("event_id")),
        team_id=words.slack_id(payload.get("team_id")),
        user_id=words.slack_id(event.get("user")),
        channel_id=words.slack_id(event.get("channel_id") or item.get("channel")),
        ts=str((message or item).get("ts") or "")[:30],
        message=message,
        is_off=kind in ("pin_removed", "reaction_removed"),
    )
    ours = {one.get("user_id") for one in authorizations if isinstance(one, dict) and one.get("is_bot")}
    complete = pin.event_id and pin.team_id and pin.user_id and pin.channel_id and _moment(pin.ts)
    return pin if complete and pin.user_id not in ours else None


def chosen(payload: dict[str, Any]) -> Pin | None:
    """The message that somebody put on the timeline by its shortcut, as a pin; else None."""
    message = part(payload, "message")
    if payload.get("callback_id") != SHORTCUT or not message:
        return None
    # Pressed once it is one event, however often Slack tells of it.
    trigger = str(payload.get("trigger_id") or "").encode(errors="replace")
    pin = Pin(
        event_id=hashlib.sha256(trigger).hexdigest()[:40],
        team_id=words.slack_id(part(payload, "team").get("id")),
        user_id=words.slack_id(part(payload, "user").get("id")),
        channel_id=words.slack_id(part(payload, "channel").get("id")),
        ts=str(payload.get("message_ts") or message.get("ts") or "")[:30],
        message=message,
    )
    return pin if pin.team_id and pin.user_id and pin.channel_id and _moment(pin.ts) else None


def wanted(pin: Pin) -> bool:
    """Is it in an incident's channel, whoever may see it?"""
    return ChatRoom.objects.filter(channel_id=pin.channel_id).exists()


def hear(pin: Pin) -> bool:
    """Write the message on the timeline, once; True when it was written.

    The person is told in the channel why not, where they can do something about it.

    Raises:
        Away: Slack did not answer; the event can be sent again.
    """
    if not wanted(pin):
        return False
    try:
        user = people.known(pin.team_id, pin.user_id)
        incident = places.here(user, places.Place(pin.channel_id))
        does = _take_off if pin.is_off else _write
        return incident is not None and does(pin, incident, user, pin.message or _fetch(pin))
    except asking.Away:
        raise
    except Refused as refusal:
        if refusal.code != "no_person":
            asking.whisper(pin.channel_id, pin.user_id, refusal.message)
        return False


def _fetch(pin: Pin) -> dict[str, Any]:
    """The message that a reaction is on: in the channel, else in a thread of it."""
    for method, which in (
        ("conversations.history", {"latest": pin.ts}),
        ("conversations.replies", {"ts": pin.ts}),
    ):
        answer = asking.ask(method, channel=pin.channel_id, inclusive="true", limit=1, **which)
        for message in answer.get("messages") or []:
            if isinstance(message, dict) and message.get("ts") == pin.ts:
                return message
    return {}


@transaction.atomic
def _write(pin: Pin, incident: Incident, user: User, message: dict[str, Any]) -> bool:
    text = _text(pin, message)
    if not text:
        return False
    # In the note's own transaction: either both are kept or neither.
    if not once.first_time(f"event:{pin.event_id}", keep=_EVENT_KEPT):
        return False
    if not once.first_time(f"message:{pin.channel_id}:{pin.ts}", keep=_MESSAGE_KEPT):
        return False
    at = _moment(pin.ts)
    said_since = at if at and incident.detected_at <= at <= now() else None
    author = people.names_in(pin.team_id, f"<@{words.slack_id(message.get('user')) or 'X'}>")
    notes.add_note(
        incident.pk,
        actor=person(user, "chat"),
        text=f"📌 {text}",
        at=said_since,
        by=next(iter(author.values()), ""),
    )
    return True


@transaction.atomic
def _take_off(pin: Pin, incident: Incident, user: User, message: dict[str, Any]) -> bool:
    """The note stays; that it was taken off is one more, and the message may be pinned anew."""
    text = _text(pin, message)
    noted = incident.timeline.filter(kind=EventKind.NOTE_ADDED, text=f"📌 {text}", redacted_at=None)
    event = noted.order_by("-number").first() if text else None
    if event is None or not once.first_time(f"event:{pin.event_id}", keep=_EVENT_KEPT):
        return False
    once.free(f"message:{pin.channel_id}:{pin.ts}")
    said = _("📌 was taken off event %(number)d.") % {"number": event.number}
    notes.add_note(incident.pk, actor=person(user, "chat"), text=said)
    return True


def _text(pin: Pin, message: dict[str, Any]) -> str:
    """The words of the message as the timeline keeps them; nothing where it has none that can be kept."""
    raw = str(message.get("text") or "")[:_LONGEST]
    text = words.plain(raw, people.names_in(pin.team_id, raw)).strip()
    return text if is_storable(text) else ""


def _moment(ts: str) -> datetime | None:
    """Slack's ``1706000000.000200`` as an instant."""
    seconds, _dot, _fraction = ts.partition(".")
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 12):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
