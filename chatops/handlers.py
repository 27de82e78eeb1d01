"""What chat does when something was heard from Slack, or when an incident gets a page worth a bookmark."""

from chatops import bookmarks, home, mentions, pins
from incidents.kinds import EventKind as E
from outbox.handlers import Payload, on


@on(pins.TOPIC, name="chatops.pin")
def pin(payload: Payload) -> None:
    pins.hear(pins.Pin(**payload["pin"]))


@on(mentions.TOPIC, name="chatops.said")
def said(payload: Payload) -> None:
    mentions.answer(payload["said"])


@on(home.TOPIC, name="chatops.home")
def show_home(payload: Payload) -> None:
    home.show(payload["team_id"], payload["user_id"])


@on(E.PUBLISHED.topic, E.POSTMORTEM_OPENED.topic, name="chatops.bookmark")
def bookmark(payload: Payload) -> None:
    bookmarks.add(payload["event"])
