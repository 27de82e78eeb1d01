"""Slack: direct messages, and the channel that an incident gets. Only with a bot token."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext_lazy
from slack_sdk import WebClient

from notifications import trouble
from notifications.channels.base import Known, Told
from notifications.channels.slackapi import Refused, call, client, is_configured, own_channel, person
from notifications.errors import WHOLE_APP, Passing, Permanent, Unconnected
from notifications.models import ChatRoom, Delivery

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
_TRIES_OF_A_NAME = 20
# Two clocks, ours and Slack's, and the seconds between owing a channel and opening it.
_APART = timedelta(minutes=5)
#: Slack refuses to change a message to more than 4,000 characters, and a redaction must always be possible.
LONGEST_TEXT, _LONGEST_SECTION, LONGEST_TOPIC = 3_900, 2_900, 250
#: Nobody can write in the channel any more: somebody archived or deleted it in Slack, or put the app out.
GONE = ("is_archived", "channel_not_found")
_UNCHANGEABLE = (*GONE, "message_not_found", "edit_window_closed", "cant_update_message")


class DirectMessage:
    """To one person, by Slack id or by the e-mail address that Slack knows."""

    def is_set_up(self) -> bool:
        return is_configured()

    def prepare(self, delivery: Delivery) -> Known:
        return Known()

    def send(self, delivery: Delivery, known: Known) -> Told:
        slack, target = client(), delivery.address
        edited = delivery.fact("edit") or {}
        if edited.get("ts") and edited.get("channel"):
            return self._edit(slack, delivery, edited)
        if "@" in target:
            found = person(slack, target)
            if found is None:
                raise Permanent("Slack knows nobody with this address.")
            target = found
        words: dict[str, Any] = {"channel": target, "text": cut(delivery.body, LONGEST_TEXT), **_PLAIN}
        if url := delivery.fact("acknowledge_url"):
            words["blocks"] = [section(delivery.body), button("Acknowledge", url, page=delivery.fact("page"))]
        answer = call(slack, "chat.postMessage", **words)
        return {"ts": answer.get("ts"), "channel": answer.get("channel")}

    @staticmethod
    def _edit(slack: WebClient, delivery: Delivery, edited: dict[str, Any]) -> Told:
        """Say it in the message that is there, so that nothing rings again."""
        blocks = [section(delivery.body)]
        if url := delivery.fact("acknowledge_url"):
            blocks.append(button("Acknowledge", url))
        text = cut(delivery.body, LONGEST_TEXT)
        words = {"channel": edited["channel"], "ts": edited["ts"], "text": text}
        answer = call(slack, "chat.update", **words, blocks=blocks)
        return {"ts": answer.get("ts"), "channel": answer.get("channel")}

    def settle(self, delivery: Delivery, told: Told) -> None:
        trouble.over(delivery.channel, ("chat.postMessage", "users.lookupByEmail"))


class Room:
    """The channel of an incident: opened once, then posts in order (one stream per incident)."""

    def is_set_up(self) -> bool:
        return is_configured()

    def prepare(self, delivery: Delivery) -> Known:
        incident = delivery.incident_id or 0
        if delivery.fact("do") == "open":
            alike = ChatRoom.objects.filter(name__startswith=str(delivery.fact("name"))[:76])
            others = frozenset(alike.exclude(incident=incident).values_list("channel_id", flat=True))
        else:
            others = frozenset()
        room = ChatRoom.objects.filter(incident=incident).first()
        return Known(
            channel=room.channel_id if room else "",
            changes=_ts(Delivery.objects.filter(pk=delivery.fact("of") or 0)),
            summary=_ts(Delivery.objects.filter(key=f"room:{incident}:summary"))
            if "summary" in delivery.data
            else "",
            others=others,
        )

    def send(self, delivery: Delivery, known: Known) -> Told:
        slack, do = client(), delivery.fact("do")
        if do == "open":
            return self._open(slack, delivery, known)
        if not known.channel:
            raise Permanent("The incident has no channel in Slack.")
        does = {"archive": self._archive, "edit": self._edit, "summary": self._summary}
        return does.get(do, self._post)(slack, delivery, known)

    def settle(self, delivery: Delivery, told: Told) -> None:
        incident, do = delivery.incident_id or 0, delivery.fact("do")
        trouble.over(delivery.channel, _METHODS.get(do, ("chat.postMessage",)))
        if do == "open" and told.get("id"):
            ChatRoom.objects.get_or_create(
                incident_id=incident, defaults={"channel_id": told["id"], "name": told["name"]}
            )
        elif do == "archive":
            ChatRoom.objects.filter(incident=incident, archived_at=None).update(archived_at=now())

    def _open(self, slack: WebClient, delivery: Delivery, known: Known) -> Told:
        """The channel and nothing else: what follows has rows of its own, and no failure opens a second."""
        if known.channel:
            return {"id": known.channel, "name": delivery.fact("name"), "known": True}
        name, is_private = str(delivery.fact("name")), bool(delivery.fact("is_private"))
        names = [name, *(f"{name[:76]}-{number}" for number in range(2, _TRIES_OF_A_NAME + 1))]
        is_looked_for = False
        for wanted in names:
            try:
                channel = call(slack, "conversations.create", name=wanted, is_private=is_private)["channel"]
                return {"id": str(channel["id"]), "name": str(channel["name"])}
            except Refused as refused:
                if refused.word != "name_taken":
                    raise
            if not is_looked_for:
                is_looked_for = True
                since = (delivery.created_at - _APART).timestamp()
                mine = own_channel(slack, set(names), is_private=is_private, since=since, others=known.others)
                if mine:
                    return {"id": str(mine["id"]), "name": str(mine["name"]), "found": True}
        raise Permanent(f"Every name like #{name} is taken in Slack.")

    def _summary(self, slack: WebClient, delivery: Delivery, known: Known) -> Told:
        """What is pinned at the top, with the vital verbs as buttons."""
        words = {"channel": known.channel, **summary(delivery.body, delivery.fact("number")), **_PLAIN}
        posted = _within(slack, "chat.postMessage", **words)
        notes: list[str] = []
        _beside(notes, slack, "pins.add", channel=known.channel, timestamp=posted.get("ts"))
        return {"ts": posted.get("ts"), "notes": "; ".join(notes)}

    def _post(self, slack: WebClient, delivery: Delivery, known: Known) -> Told:
        """Who comes in, what stands at the top, and then the words; all but these may be said twice."""
        notes: list[str] = []
        self._invite(notes, slack, delivery, known.channel)
        if topic := delivery.fact("topic"):
            words = {"channel": known.channel, "topic": str(topic)[:LONGEST_TOPIC]}
            _beside(notes, slack, "conversations.setTopic", **words)
        if (text := delivery.fact("summary")) and known.summary:
            words = {"channel": known.channel, "ts": known.summary, **summary(text, delivery.fact("number"))}
            _beside(notes, slack, "chat.update", **words)
        for title, link in delivery.fact("bookmarks", {}).items():
            words = {"channel_id": known.channel, "title": title, "type": "link", "link": link}
            _beside(notes, slack, "bookmarks.add", **words)
        told: Told = {"notes": "; ".join(notes)} if notes else {}
        if delivery.body:
            text = cut(delivery.body, LONGEST_TEXT)
            answer = _within(slack, "chat.postMessage", channel=known.channel, text=text, **_PLAIN)
            told["ts"] = answer.get("ts")
        return told

    @staticmethod
    def _invite(notes: list[str], slack: WebClient, delivery: Delivery, channel: str) -> None:
        """Those whom Slack knows; one who is in already, or may not come in, keeps nobody else out."""
        try:
            people = [found for email in delivery.fact("invite", []) if (found := person(slack, email))]
        except Unconnected as failure:
            notes.append(str(failure))
            return
        if people:
            words = {"channel": channel, "users": ",".join(people), **({"force": True} if people[1:] else {})}
            _beside(notes, slack, "conversations.invite", **words)

    @staticmethod
    def _edit(slack: WebClient, delivery: Delivery, known: Known) -> Told:
        """Say it anew in a message that is there; one that never arrived needs no change."""
        if not known.changes:
            return {"unsaid": True}
        text = cut(delivery.body, LONGEST_TEXT)
        try:
            answer = _within(slack, "chat.update", channel=known.channel, ts=known.changes, text=text)
        except Refused as refused:
            # Nothing can be changed there any more; what was said in it is Slack's to keep.
            if refused.word not in _UNCHANGEABLE:
                raise
            return {"unchanged": True, "notes": str(refused)}
        return {"ts": answer.get("ts")}

    @staticmethod
    def _archive(slack: WebClient, delivery: Delivery, known: Known) -> Told:
        try:
            _within(slack, "conversations.archive", channel=known.channel)
        except Refused as refused:
            if refused.word not in ("already_archived", *GONE):
                raise
        return {"archived": True}


#: Which methods a message proves to be allowed; any other posts.
_METHODS = {
    "open": ("conversations.create", "users.conversations", "auth.test"),
    "archive": ("conversations.archive",),
    "edit": ("chat.update",),
}
#: Our own links lead to a sign-in page: a preview would only push the words away.
_PLAIN = {"unfurl_links": False, "unfurl_media": False}


def _ts(rows: Any) -> str:
    """The ``ts`` that Slack told of a message which was sent."""
    row = rows.first()
    told = (row.fact("told") or {}) if row else {}
    return str(told.get("ts") or "")


def _within(slack: WebClient, method: str, *, channel: str, **words: Any) -> dict[str, Any]:
    """Call it as a member: whoever put the app out of a public channel did not mean the incident."""
    try:
        return call(slack, method, channel=channel, **words)
    except Refused as refused:
        if refused.word != "not_in_channel":
            raise
    call(slack, "conversations.join", channel=channel)
    return call(slack, method, channel=channel, **words)


def _beside(notes: list[str], slack: WebClient, method: str, **words: Any) -> None:
    """What stands beside the words: "not now" is tried again with them, a refusal is only noted.

    A token that is refused altogether would refuse the words as well, so it is raised.
    """
    try:
        call(slack, method, **words)
    except Unconnected as failure:
        if failure.what == WHOLE_APP:
            raise
        notes.append(str(failure))
    except Passing:
        raise
    except Refused as refused:
        if refused.word not in ("already_in_channel", "already_pinned", "cant_invite_self"):
            notes.append(f"{method}: {refused}")


def summary(text: str, number: Any) -> dict[str, Any]:
    """The words of the pinned summary, with buttons where Slack may call us back."""
    said: dict[str, Any] = {"text": cut(text, LONGEST_TEXT)}
    if settings.SLACK_SIGNING_SECRET and number:
        said["blocks"] = [section(text), verbs(int(number))]
    return said


def escape(text: str) -> str:
    """What people write cannot mention @channel or make a link of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, most: int) -> str:
    """Escaped, and at most so long; what Slack writes as ``&amp;`` is never cut in two."""
    escaped = escape(text)
    if len(escaped) <= most:
        return escaped
    kept, size = [], 1
    for letter in text:
        size += len(escape(letter))
        if size > most:
            break
        kept.append(letter)
    return escape("".join(kept).rstrip()) + "…"


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, _LONGEST_SECTION) or "–"}}


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
