"""What Slack tells of by itself is kept at once and worked on later: Slack waits three seconds only."""

from dataclasses import asdict, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chatops import asking, home, mentions, pins, places
from outbox.announcing import announce

_LONGEST = 4_000


@transaction.atomic
def owe(payload: dict[str, Any]) -> bool:
    """Owe the work of one event; Slack's repetition of it owes nothing more. False for what is not ours."""
    if opened := home.read(payload):
        announce(home.TOPIC, key=opened.pop("event_id"), stream=f"home:{opened['user_id']}", **opened)
        return True
    if said := mentions.read(payload):
        announce(mentions.TOPIC, key=said["event_id"], stream=f"said:{said['channel_id']}", said=said)
        return True
    if places.changed(payload):
        return True
    pin = pins.read(payload)
    if pin is None or not pins.wanted(pin):
        return False
    _owe_pin(pin)
    return True


def put(payload: dict[str, Any]) -> None:
    """Owe the note of a message that was chosen by its shortcut; where no incident is, say so."""
    pin = pins.chosen(payload)
    if pin is None:
        return
    if pins.wanted(pin):
        _owe_pin(pin)
        return
    asking.whisper(pin.channel_id, pin.user_id, _("This channel belongs to no incident that you may see."))


@transaction.atomic
def _owe_pin(pin: pins.Pin) -> None:
    announce(pins.TOPIC, key=pin.event_id, stream=f"pins:{pin.channel_id}", pin=asdict(_short(pin)))


def _short(pin: pins.Pin) -> pins.Pin:
    """Without what nobody reads: the words, their author and their time."""
    said = pin.message
    if said is None:
        return pin
    kept = {name: str(said.get(name) or "")[:_LONGEST].replace("\x00", "") for name in ("text", "user", "ts")}
    return replace(pin, message=kept)
