"""The buttons of messages: each says a command about an incident, some ask for its words in a form first."""

from contextlib import nullcontext
from typing import Any, cast

from django.conf import settings
from django.utils.translation import gettext as _
from slack_sdk.webhook import WebhookClient

from chatops import asking, blocks, commands, forms, once, people, words
from chatops.asked import Asked
from chatops.blocks import Rich
from chatops.places import Place
from lib.refusal import Invalid, Refused
from notifications.channels.slack import SAY, escape

#: What a button says at once, and which open the form of a verb first.
_AT_ONCE = {"ack": "", "role": "take ic"}
_ASKS = ("update", "mitigate", "resolve")
#: Commands whose buttons carry their words: a line of a list that is meant.
_POINTS = ("mitigation", "runbook", "task")
#: Where Slack lets us replace a message that only one person sees.
_HOOKS = ("https://hooks.slack.com/", "https://hooks.slack-gov.com/")


def press(payload: dict[str, Any], action_id: str, value: str) -> None:
    """Say the button's command, or open the form for its words; a refusal is whispered."""
    name = action_id.removeprefix(SAY).partition(":")[0]
    number, _space, said = value.partition(" ")
    trigger = str(payload.get("trigger_id") or "")[:200]
    if name not in (*_AT_ONCE, *_ASKS, *_POINTS):
        return
    answer: str | Rich
    try:
        asked = _asked(payload, number, _AT_ONCE.get(name, said), trigger)
        if name in _ASKS:
            forms.ask(asked, name)
            return
        # Pressed once is said once, however often Slack tells of it.
        with once.claimed(f"press:{trigger}", keep=once.RETRIED) if trigger else nullcontext():
            answer = commands.COMMANDS[name].say(asked)
    except Refused as refusal:
        answer = escape(refusal.message)
    _answer(payload, answer)


def _asked(payload: dict[str, Any], number: str, said: str, trigger: str) -> Asked:
    if not (number.isdecimal() and len(number) < 16):
        raise Invalid(_("This button is too old. Type /inc help."))
    team_id = words.slack_id(blocks.part(payload, "team").get("id"))
    user = people.known(team_id, words.slack_id(blocks.part(payload, "user").get("id")))
    place = Place(words.slack_id(blocks.part(payload, "channel").get("id")))
    return Asked(user=user, team_id=team_id, place=place, words=said, number=int(number), trigger_id=trigger)


def _answer(payload: dict[str, Any], answer: str | Rich) -> None:
    """To the presser alone. A list that was pressed is replaced by the new one; a refusal stands below it."""
    is_list = isinstance(answer, Rich) and bool(blocks.part(payload, "container").get("is_ephemeral"))
    if isinstance(answer, Rich) and is_list and _replace(str(payload.get("response_url") or ""), answer):
        return
    channel_id = words.slack_id(blocks.part(payload, "channel").get("id"))
    user_id = words.slack_id(blocks.part(payload, "user").get("id"))
    if isinstance(answer, Rich):
        asking.whisper(channel_id, user_id, answer.text, answer.blocks)
    else:
        asking.whisper(channel_id, user_id, answer)


def _replace(url: str, answer: Rich) -> bool:
    """Put the new list where the old one stands; False when it has to be said anew."""
    own = settings.SLACK_API_URL.rstrip("/") + "/"
    if not url.startswith((*_HOOKS, own)):
        return False
    client = WebhookClient(url, timeout=cast(int, asking.SECONDS), retry_handlers=[])
    try:
        sent = client.send(
            text=answer.text, blocks=answer.blocks, replace_original=True, response_type="ephemeral"
        )
    except (OSError, ValueError):
        return False
    return bool(sent.status_code == 200)
