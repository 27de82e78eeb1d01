"""“@Tocsin status” in a channel, or words in a direct message: the same commands, without the slash."""

import json
import re
from typing import Any

from chatops import asking, commands, once, people, words
from chatops.asked import Asked
from chatops.blocks import Rich
from chatops.places import Place
from lib.refusal import Refused
from notifications.channels.slack import LONGEST_TEXT, escape

TOPIC = "chatops.said"
_LONGEST = 4_000
_MENTION = re.compile(r"<@([A-Z0-9]{1,40})(?:\|[^<>]*)?>\s*:?\s*")


def read(payload: dict[str, Any]) -> dict[str, str] | None:
    """What somebody said to the app, or None: for anything else, for edits, and for words of machines."""
    event = payload.get("event")
    if not isinstance(event, dict) or event.get("bot_id") or event.get("subtype"):
        return None
    is_direct = event.get("type") == "message" and event.get("channel_type") == "im"
    ours = _ours(payload)
    if not (is_direct or event.get("type") == "app_mention"):
        return None
    text = str(event.get("text") or "").replace("\x00", "")
    found = {
        "event_id": words.slack_id(payload.get("event_id")),
        "team_id": words.slack_id(payload.get("team_id")),
        "user_id": words.slack_id(event.get("user")),
        "channel_id": words.slack_id(event.get("channel")),
    }
    if not all(found.values()) or found["user_id"] in ours:
        return None
    # Only the app's own name is left out: “@Tocsin hand @bob” still says to whom.
    said = _MENTION.sub(lambda mark: "" if mark[1] in ours else mark[0], text, count=1)
    return {**found, "text": said.strip()[:_LONGEST], "is_direct": "yes" if is_direct else ""}


def _ours(payload: dict[str, Any]) -> set[str]:
    listed = payload.get("authorizations")
    rows = listed if isinstance(listed, list) else []
    return {str(one.get("user_id")) for one in rows if isinstance(one, dict) and one.get("is_bot")}


def answer(said: dict[str, str]) -> bool:
    """Say the command and answer the asker alone; False when it was said before.

    Raises:
        Away: Slack did not say who asks; the event can be sent again.
    """
    text: str | Rich
    try:
        user = people.known(said["team_id"], said["user_id"])
        place = Place(said["channel_id"])
        asked = Asked(user=user, team_id=said["team_id"], place=place, words=said["text"])
        # After a crash it is not said again: the asker has no answer then, and asks anew.
        with once.claimed(f"said:{said['event_id']}", keep=once.RETRIED):
            text = commands.run(asked)
    except asking.Away:
        raise
    except Refused as refusal:
        if refusal.code == "replayed":
            return False
        if refusal.code == "no_person":
            return True
        text = escape(refusal.message)
    _tell(said, text)
    return True


def _tell(said: dict[str, str], answer: str | Rich) -> None:
    text, blocks = (answer.text, answer.blocks) if isinstance(answer, Rich) else (answer, None)
    text = text[:LONGEST_TEXT]
    if said["is_direct"]:
        more = {"blocks": json.dumps(blocks)} if blocks else {}
        asking.try_to("chat.postMessage", channel=said["channel_id"], text=text, unfurl_links="false", **more)
    else:
        asking.whisper(said["channel_id"], said["user_id"], text, blocks)
