"""Questions to Slack while it waits for us: short, bounded, never inside a transaction."""

import json
import logging
from typing import Any, cast

from django.conf import settings
from django.utils.translation import gettext as _
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from lib.refusal import Refused
from notifications import trouble
from notifications.channels import slackapi
from notifications.errors import WHOLE_APP, Unconnected
from notifications.models import Channel

#: Slack gives up on us after 3 s, and an answer may take two questions.
SECONDS = 1.25
_log = logging.getLogger(__name__)


class Away(Refused):
    """Slack did not answer; the same request may pass in a moment."""

    def __init__(self) -> None:
        super().__init__("slack_away", _("Slack did not answer Tocsin in time. Try again."), 503)


class Said(Refused):
    """Slack answered no, with its own word in ``word``."""

    def __init__(self, word: str) -> None:
        super().__init__("slack_refused", _("Slack refused: %(word)s.") % {"word": word}, 502)
        self.word = word


def ask(method: str, **words: Any) -> dict[str, Any]:
    """Call one method of Slack's Web API.

    Raises:
        Away: no answer in time, or "not now".
        Said: Slack refused.
    """
    if not settings.SLACK_BOT_TOKEN:
        raise Refused(
            "no_bot_token",
            _("Tocsin may not ask Slack who you are yet: an admin sets SLACK_BOT_TOKEN."),
            503,
        )
    # Without retry handlers: the default one sleeps and tries again, longer than Slack waits for us.
    client = WebClient(
        token=settings.SLACK_BOT_TOKEN,
        base_url=settings.SLACK_API_URL.rstrip("/") + "/",
        timeout=cast(int, SECONDS),  # Seconds of any kind; its type says less.
        retry_handlers=[],
    )
    try:
        answer = cast(dict[str, Any], client.api_call(method, params=words).data)
    except SlackApiError as refused:
        raise _meant(slackapi.meaning(refused, method)) from refused
    except (SlackRequestError, OSError, ValueError) as broken:
        raise Away from broken
    trouble.over(Channel.SLACK, (method,))
    return answer


def _meant(failure: Exception) -> Refused:
    """The refusal as the person who waits reads it; what an admin has to mend is written down for them."""
    if isinstance(failure, Unconnected):
        trouble.begin(Channel.SLACK, failure)
        return Said("missing_scope" if failure.what != WHOLE_APP else "invalid_auth")
    return Said(failure.word) if isinstance(failure, slackapi.Refused) else Away()


def try_to(method: str, **words: Any) -> None:
    """Say something whose loss changes nothing that is true."""
    try:
        ask(method, **words)
    except Refused as failure:
        log(failure, method)


def log(failure: Refused, method: str) -> None:
    """Note a refusal that changes nothing that is true."""
    _log.warning("Slack %s: %s", method, failure.message)


def whisper(channel_id: str, user_id: str, text: str, blocks: list[dict[str, Any]] | None = None) -> None:
    """A sentence, or a list with buttons, for this person alone: in the channel, else by direct message."""
    more = {"blocks": json.dumps(blocks)} if blocks else {}
    try:
        if channel_id:
            ask("chat.postEphemeral", channel=channel_id, user=user_id, text=text, **more)
            return
    except Said as refused:
        log(refused, "chat.postEphemeral")
    except Refused as failure:
        log(failure, "chat.postEphemeral")
        return
    # The person, or the app, is not in that channel.
    try_to("chat.postMessage", channel=user_id, text=text, unfurl_links="false", **more)
