"""One call of Slack's Web API, and what its refusals mean: not now, not by this app, or never."""

import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from notifications.errors import WHOLE_APP, Passing, Permanent, Unconnected

TIMEOUT_SECONDS = 8
#: Slack's own words for "not now".
PASSING = frozenset(
    [
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
        "accesslimited",
    ]
)
#: Slack knows this app no longer: until an admin connects it anew nothing passes, and nothing is given up.
DISCONNECTED = frozenset(
    [
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "no_permission",
        "org_login_required",
        "ekm_access_denied",
        "not_allowed_token_type",
        "two_factor_setup_required",
        "enterprise_is_restricted",
        "team_access_not_granted",
    ]
)
_WORD = re.compile(r"^[a-z0-9_]{1,80}\Z")
_LONGEST_WAIT = 3_600
# The most channels that are looked through for one of ours, a page at a time.
_PAGES, _PAGE = 20, 200


class Refused(Permanent):
    """Slack said no, in its own ``word``."""

    def __init__(self, word: str) -> None:
        super().__init__(f"Slack refused: {word}")
        self.word = word


def is_configured() -> bool:
    return bool(settings.SLACK_BOT_TOKEN)


def client() -> WebClient:
    """Raises Permanent where there is no token."""
    if not is_configured():
        raise Permanent("Slack is not connected: there is no bot token.")
    base = settings.SLACK_API_URL.rstrip("/") + "/"
    # Without the SDK's own handlers, which sleep and send again: that is the outbox's business.
    return WebClient(
        token=settings.SLACK_BOT_TOKEN, base_url=base, timeout=TIMEOUT_SECONDS, retry_handlers=[]
    )


def call(client: WebClient, method: str, *, form: bool = False, **words: Any) -> dict[str, Any]:
    """Call one method; methods that only read take a ``form``, not JSON.

    Raises:
        Passing: not now. Unconnected: not before an admin mends the app. Refused: never.
    """
    try:
        answer = client.api_call(method, params=words) if form else client.api_call(method, json=words)
    except SlackApiError as refused:
        raise meaning(refused, method) from refused
    except (SlackRequestError, OSError, ValueError) as broken:
        raise Passing(f"Slack cannot be reached: {broken}") from broken
    if not isinstance(answer.data, dict):
        # The SDK hands on a body that is no JSON as bytes.
        raise Passing(f"Slack answered {method} with something that is no answer.")
    return answer.data


def meaning(refused: SlackApiError, method: str) -> Passing | Refused:
    """What a refusal of Slack's means for whoever asked."""
    response = refused.response
    status, data = getattr(response, "status_code", 200), getattr(response, "data", None)
    said = data if isinstance(data, dict) else {}
    word = str(said.get("error") or "")
    # Else it is a sentence of the SDK's: not Slack answered, but a proxy on the way.
    word = word if _WORD.match(word) else ""
    if status == 429 or word in ("ratelimited", "rate_limited"):
        return Passing("Slack asks to slow down.", _wait(dict(response.headers)))
    if status >= 500 or word in PASSING or not word:
        return Passing(f"Slack answered {status} {word}".strip())
    if word in DISCONNECTED:
        return Unconnected(f"Slack refuses the bot token: {word}", what=WHOLE_APP)
    if word == "missing_scope":
        needed = str(said.get("needed") or "")
        return Unconnected(f"The Slack app may not call {method}: it lacks the scope {needed}", what=method)
    if word.startswith("restricted_action"):
        return Unconnected(f"Slack's own settings do not let the app call {method}: {word}", what=method)
    return Refused(word)


def _wait(headers: dict[str, Any]) -> timedelta:
    asked = next((str(value) for name, value in headers.items() if name.lower() == "retry-after"), "")
    return timedelta(seconds=min(int(asked), _LONGEST_WAIT) if asked.isdecimal() else 5)


def person(client: WebClient, email: str) -> str | None:
    """The Slack id of an address, or None where Slack knows nobody, or somebody who is switched off."""
    try:
        found = call(client, "users.lookupByEmail", form=True, email=email).get("user") or {}
    except Refused:
        return None
    return None if found.get("deleted") else str(found.get("id") or "") or None


def own_channel(
    client: WebClient, names: set[str], *, is_private: bool, since: float, others: frozenset[str]
) -> dict[str, Any] | None:
    """A channel of one of these names that this very app opened since then, and no other incident's.

    It is there when a process died between opening it and writing that down.
    """
    me = call(client, "auth.test", form=True).get("user_id")
    kind, cursor = "private_channel" if is_private else "public_channel", ""
    for _page in range(_PAGES):
        words = {"types": kind, "exclude_archived": "true", "limit": _PAGE}
        answer = call(
            client, "users.conversations", form=True, **words, **({"cursor": cursor} if cursor else {})
        )
        for one in answer.get("channels") or []:
            is_mine = one.get("creator") == me and float(one.get("created") or 0) >= since
            if one.get("name") in names and is_mine and one.get("id") not in others:
                return dict(one)
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            break
    return None
