"""What Slack tells of by itself is kept at once and worked on later: Slack waits three seconds only."""

from dataclasses import asdict
from typing import Any

from django.db import transaction

from chatops import home, pins
from outbox.announcing import announce

_LONGEST = 4_000


@transaction.atomic
def owe(payload: dict[str, Any]) -> bool:
    """Owe the work of one event; Slack's repetition of it owes nothing more. False for what is not ours."""
    if opened := home.read(payload):
        announce(home.TOPIC, key=opened.pop("event_id"), stream=f"home:{opened['user_id']}", **opened)
        return True
    pin = pins.read(payload)
    if pin is None or not pins.wanted(pin):
        return False
    announce(pins.TOPIC, key=pin.event_id, stream=f"pins:{pin.channel_id}", pin=asdict(_short(pin)))
    return True


def _short(pin: pins.Pin) -> pins.Pin:
    """Without what nobody reads: the words, their author and their time."""
    said = pin.message
    if said is None:
        return pin
    kept = {name: str(said.get(name) or "")[:_LONGEST].replace("\x00", "") for name in ("text", "user", "ts")}
    return pins.Pin(pin.event_id, pin.team_id, pin.user_id, pin.channel_id, pin.ts, kept)
