"""The manifest that people paste into Slack says what the code needs, and the page lists its scopes."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from django.urls import resolve

from chatops import home, pins

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "slack.md"
MANIFEST = PAGE.with_name("slack-manifest.yaml")
#: Which scope each method of Slack's needs, by Slack's documentation.
NEEDS = {
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "conversations.create": "channels:manage",
    "conversations.invite": "channels:manage",
    "conversations.setTopic": "channels:manage",
    "conversations.archive": "channels:manage",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "users.info": "users:read",
    "pins.add": "pins:write",
    "bookmarks.add": "bookmarks:write",
    "views.open": "",
    "views.update": "",
    "views.publish": "",
}


@pytest.fixture
def manifest():
    return yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))


def scopes(manifest):
    return set(manifest["oauth_config"]["scopes"]["bot"])


def test_its_addresses_are_the_doors(manifest):
    settings = manifest["settings"]
    (command,) = manifest["features"]["slash_commands"]
    found = {
        "commands": command["url"],
        "interactive": settings["interactivity"]["request_url"],
        "events": settings["event_subscriptions"]["request_url"],
    }

    assert {name: resolve(urlsplit(url).path).view_name for name, url in found.items()} == {
        name: f"chatops:{name}" for name in found
    }
    assert (command["command"], command["should_escape"]) == ("/inc", True)
    assert manifest["features"]["app_home"]["home_tab_enabled"]


def test_it_asks_for_the_events_that_are_heard_and_for_no_other(manifest):
    asked = manifest["settings"]["event_subscriptions"]["bot_events"]
    said = {"event_id": "Ev1", "team_id": "T1"}
    item = {"type": "message", "channel": "C1", "ts": "1700000000.000100"}
    event = {"user": "U1", "item": item, "reaction": "pushpin", "tab": "home", "channel_id": "C1"}

    for kind in asked:
        payload = {**said, "event": {**event, "type": kind}}
        assert pins.read(payload) or home.read(payload), kind
    assert sorted(asked) == ["app_home_opened", "pin_added", "reaction_added"]


def test_its_scopes_cover_every_method_that_the_code_calls(manifest):
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [
            *(PAGE.parents[2] / "chatops").glob("*.py"),
            PAGE.parents[2] / "notifications" / "channels" / "slack.py",
        ]
    )
    called = set(re.findall(r'"((?:chat|conversations|users|pins|bookmarks|views|reactions)\.\w+)"', code))

    assert called <= set(NEEDS)
    assert {NEEDS[method] for method in called} - {""} <= scopes(manifest)
    # Private channels, mail addresses and what is heard need scopes that no method's name tells.
    assert {"groups:write", "groups:history", "users:read.email", "pins:read", "reactions:read"} < scopes(
        manifest
    )


def test_the_page_explains_every_scope(manifest):
    rows = re.findall(r"^\| (`[^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert {scope for row in rows for scope in re.findall(r"`([\w:.]+)`", row)} == scopes(manifest)
