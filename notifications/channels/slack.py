"""Slack: direct messages, and the channel that an incident gets. Only with a bot token."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext_lazy
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from notifications.channels.base import Known, Plain, Told
from notifications.errors import Passing, Permanent
from notifications.models import ChatRoom, Delivery

TIMEOUT_SECONDS = 8
#: What the button of a page is called when it comes back; its value is the page's id.
ACKNOWLEDGE_PAGE = "acknowledge_page"
#: What the buttons of a channel's summary are called: this and the command; the value is the number.
SAY = "say:"
_BUTTONS = (
    ("ack", gettext_lazy("Acknowledge")),
    ("role", gettext_lazy("Take command")),
    ("update", gettext_lazy("Post update")),
    ("mitigation", gettext_lazy("What may help")),
    ("runbook", gettext_lazy("Runbook")),
    ("mitigate", gettext_lazy("Mitigated")),
    ("resolve", gettext_lazy("Resolved")),
)
# Slack's own words for "not now".
_PASSING = {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
_TRIES_OF_A_NAME = 20


def is_configured() -> bool:
    return bool(settings.SLACK_BOT_TOKEN)


def _client() -> WebClient:
    if not is_configured():
        raise Permanent("Slack is not connected: there is no bot token.")
    base = settings.SLACK_API_URL.rstrip("/") + "/"
    return WebClient(token=settings.SLACK_BOT_TOKEN, base_url=base, timeout=TIMEOUT_SECONDS)


def _call(client: WebClient, method: str, **words: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = dict(client.api_call(method, json=words).data)  # type: ignore[arg-type]
        return answer
    except SlackApiError as refused:
        raise _error(refused) from refused
    except (SlackRequestError, OSError, ValueError) as broken:
        raise Passing(f"Slack cannot be reached: {broken}") from broken


def _error(refused: SlackApiError) -> Exception:
    response = refused.response
    status = getattr(response, "status_code", 200)
    try:
        word = str(response.get("error", "")) if response is not None else ""
    except ValueError:
        word = ""
    if status == 429 or word == "ratelimited":
        seconds = str(dict(response.headers).get("Retry-After", dict(response.headers).get("retry-after", 5)))
        wait = timedelta(seconds=min(int(seconds), 3_600)) if seconds.isdigit() else timedelta(seconds=5)
        return Passing("Slack asks to slow down.", wait)
    if status >= 500 or word in _PASSING:
        return Passing(f"Slack answered {status} {word}".strip())
    return Permanent(f"Slack refused: {word or status}")


def _person(client: WebClient, email: str) -> str | None:
    """The Slack id of an address, or None where Slack does not know it."""
    try:
        answer = client.users_lookupByEmail(email=email)
    except SlackApiError as refused:
        failure = _error(refused)
        if isinstance(failure, Passing):
            raise failure from refused
        return None
    except (SlackRequestError, OSError, ValueError) as broken:
        raise Passing(f"Slack cannot be reached: {broken}") from broken
    return str(answer["user"]["id"])


class DirectMessage(Plain):
    """To one person, by Slack id or by the e-mail address that Slack knows."""

    def is_set_up(self) -> bool:
        return is_configured()

    def send(self, delivery: Delivery, known: Known) -> Told:
        client, target = _client(), delivery.address
        edited = delivery.fact("edit") or {}
        if edited.get("ts") and edited.get("channel"):
            return self._edit(client, delivery, edited)
        if "@" in target:
            found = _person(client, target)
            if found is None:
                raise Permanent("Slack knows nobody with this address.")
            target = found
        words: dict[str, Any] = {"channel": target, "text": escape(delivery.body), "unfurl_links": False}
        if url := delivery.fact("acknowledge_url"):
            words["blocks"] = [section(delivery.body), button("Acknowledge", url, page=delivery.fact("page"))]
        answer = _call(client, "chat.postMessage", **words)
        return {"ts": answer.get("ts"), "channel": answer.get("channel")}

    @staticmethod
    def _edit(client: WebClient, delivery: Delivery, edited: dict[str, Any]) -> Told:
        """Say it in the message that is there, so that nothing rings again."""
        blocks = [section(delivery.body)]
        if url := delivery.fact("acknowledge_url"):
            blocks.append(button("Acknowledge", url))
        words = {"channel": edited["channel"], "ts": edited["ts"], "text": escape(delivery.body)}
        answer = _call(client, "chat.update", **words, blocks=blocks)
        return {"ts": answer.get("ts"), "channel": answer.get("channel")}


class Room:
    """The channel of an incident: opened once, then posts in order (one stream per incident)."""

    def is_set_up(self) -> bool:
        return is_configured()

    def prepare(self, delivery: Delivery) -> Known:
        room = ChatRoom.objects.filter(incident=delivery.incident_id or 0).first()
        changed = Delivery.objects.filter(pk=delivery.fact("of") or 0).first()
        told = (changed.fact("told") or {}) if changed else {}
        return Known(channel=room.channel_id if room else "", changes=str(told.get("ts") or ""))

    def send(self, delivery: Delivery, known: Known) -> Told:
        client = _client()
        if delivery.fact("do") == "open":
            return self._open(client, delivery, known)
        if not known.channel:
            raise Permanent("The incident has no channel in Slack.")
        if delivery.fact("do") == "archive":
            return self._archive(client, known)
        if delivery.fact("do") == "edit":
            return self._edit(client, delivery, known)
        return self._post(client, delivery, known)

    def settle(self, delivery: Delivery, told: Told) -> None:
        if delivery.fact("do") == "open" and told.get("id"):
            ChatRoom.objects.get_or_create(
                incident_id=delivery.incident_id or 0,
                defaults={"channel_id": told["id"], "name": told["name"]},
            )
        elif delivery.fact("do") == "archive":
            ChatRoom.objects.filter(incident=delivery.incident_id or 0, archived_at=None).update(
                archived_at=now()
            )

    def _open(self, client: WebClient, delivery: Delivery, known: Known) -> Told:
        if known.channel:
            return {"id": known.channel, "name": delivery.fact("name"), "known": True}
        channel = self._create(client, str(delivery.fact("name")), bool(delivery.fact("is_private")))
        target = str(channel["id"])
        notes: list[str] = []
        people = [found for email in delivery.fact("invite", []) if (found := _person(client, email))]
        self._try(
            notes, client, "conversations.setTopic", channel=target, topic=delivery.fact("topic", "")[:250]
        )
        if people:
            self._try(notes, client, "conversations.invite", channel=target, users=",".join(people))
        said: dict[str, Any] = {"text": escape(delivery.body), "unfurl_links": False}
        if settings.SLACK_SIGNING_SECRET and delivery.fact("number"):
            said["blocks"] = [section(delivery.body), verbs(int(delivery.fact("number")))]
        posted = self._try(notes, client, "chat.postMessage", channel=target, **said)
        if posted.get("ts"):
            self._try(notes, client, "pins.add", channel=target, timestamp=posted["ts"])
        self._bookmark(notes, client, target, delivery)
        return {"id": target, "name": channel["name"], "summary": posted.get("ts"), "notes": "; ".join(notes)}

    def _bookmark(self, notes: list[str], client: WebClient, target: str, delivery: Delivery) -> None:
        for title, link in delivery.fact("bookmarks", {}).items():
            self._try(notes, client, "bookmarks.add", channel_id=target, title=title, type="link", link=link)

    @staticmethod
    def _edit(client: WebClient, delivery: Delivery, known: Known) -> Told:
        """Say it anew in a message that is there; one that never arrived needs no change."""
        ts = known.changes
        if not ts:
            return {"unsaid": True}
        try:
            answer = _call(client, "chat.update", channel=known.channel, ts=ts, text=escape(delivery.body))
        except Permanent as refused:
            # Nothing can be changed there any more; what was said in it is Slack's to keep.
            if not any(word in str(refused) for word in ("is_archived", "message_not_found")):
                raise
            return {"unchanged": True}
        return {"ts": answer.get("ts")}

    @staticmethod
    def _archive(client: WebClient, known: Known) -> Told:
        try:
            _call(client, "conversations.archive", channel=known.channel)
        except Permanent as refused:
            if "already_archived" not in str(refused):
                raise
        return {"archived": True}

    @staticmethod
    def _try(notes: list[str], client: WebClient, method: str, **words: Any) -> dict[str, Any]:
        """The channel exists by now: what else fails is noted, never a reason to open a second one."""
        try:
            return _call(client, method, **words)
        except (Passing, Permanent) as failure:
            notes.append(f"{method}: {failure}")
            return {}

    @staticmethod
    def _create(client: WebClient, name: str, is_private: bool) -> dict[str, Any]:
        for number in range(1, _TRIES_OF_A_NAME + 1):
            wanted = name if number == 1 else f"{name[:76]}-{number}"
            try:
                answer = _call(client, "conversations.create", name=wanted, is_private=is_private)
                channel: dict[str, Any] = answer["channel"]
                return channel
            except Permanent as refused:
                if "name_taken" not in str(refused):
                    raise
        raise Permanent(f"Every name like #{name} is taken in Slack.")

    def _post(self, client: WebClient, delivery: Delivery, known: Known) -> Told:
        told: Told = {}
        if invite := delivery.fact("invite"):
            people = [found for email in invite if (found := _person(client, email))]
            if people:
                self._try([], client, "conversations.invite", channel=known.channel, users=",".join(people))
        self._bookmark([], client, known.channel, delivery)
        if topic := delivery.fact("topic"):
            self._try([], client, "conversations.setTopic", channel=known.channel, topic=topic[:250])
        if delivery.body:
            answer = _call(
                client,
                "chat.postMessage",
                channel=known.channel,
                text=escape(delivery.body),
                unfurl_links=False,
            )
            told["ts"] = answer.get("ts")
        return told


def escape(text: str) -> str:
    """What people write cannot mention @channel or make a link of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": escape(text)[:2900]}}


def button(label: str, url: str, *, page: int | None = None) -> dict[str, Any]:
    """A button that says its verb right in Slack where Slack may call us back; else a link."""
    calls_back = bool(page and settings.SLACK_SIGNING_SECRET)
    does = {"action_id": ACKNOWLEDGE_PAGE, "value": str(page)} if calls_back else {"url": url}
    element = {"type": "button", "style": "primary", "text": {"type": "plain_text", "text": label}, **does}
    return {"type": "actions", "elements": [element]}


def verbs(number: int) -> dict[str, Any]:
    """The vital verbs as buttons of the pinned summary; what they do is decided when they are pressed."""
    elements = [
        {
            "type": "button",
            "action_id": f"{SAY}{name}",
            "value": str(number),
            "text": {"type": "plain_text", "text": str(label)[:75]},
        }
        for name, label in _BUTTONS
    ]
    return {"type": "actions", "elements": elements}
