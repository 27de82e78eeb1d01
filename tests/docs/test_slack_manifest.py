"""The manifest that people paste into Slack says what the code needs, and the page lists its scopes."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from django.urls import resolve
from django.utils.timezone import now
from slack_sdk import WebClient

from accounts.actors import system
from catalog.models import Service, Team
from chatops import hearing
from incidents import defaults, lifecycle
from notifications.models import ChatRoom
from tests.standins.slack import SCOPES, Workspace

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "slack.md"
FAMILIES = "apps|auth|bookmarks|chat|conversations|files|pins|reactions|team|usergroups|users|views"
#: Which scope each event needs, by its page in Slack's reference.
HEARS = {
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    **dict.fromkeys(
        ("channel_archive", "channel_deleted", "channel_rename", "channel_unarchive"), "channels:read"
    ),
    **dict.fromkeys(("group_archive", "group_deleted", "group_rename", "group_unarchive"), "groups:read"),
    "message.im": "im:history",
    "pin_added": "pins:read",
    "pin_removed": "pins:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
}
MANIFEST = PAGE.with_name("slack-manifest.yaml")


def a_room(channel_id):
    """An incident with this channel."""
    defaults.install()
    team = Team.objects.create(slug="ops", name="Ops")
    service = Service.objects.create(slug="shop", name="Shop", team=team)
    incident = lifecycle.open_incident(title="x", actor=system(), service_ids=[service.pk])
    ChatRoom.objects.create(incident=incident, channel_id=channel_id, name="inc-x")
    return incident


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


def test_it_asks_for_the_events_that_are_heard_and_for_no_other(manifest, db):
    asked = manifest["settings"]["event_subscriptions"]["bot_events"]
    item = {"type": "message", "channel": "C1", "ts": "1700000000.000100"}
    event = {"user": "U1", "item": item, "reaction": "pushpin", "tab": "home", "channel_id": "C1"}
    incident = a_room("C1")

    for kind in asked:
        name, _dot, channel_type = kind.partition(".")
        about = {"id": "C1", "name": "inc-x"} if name.endswith("_rename") else "C1"
        said = {**event, "type": name, "channel": about, "text": "x", "channel_type": channel_type}
        ChatRoom.objects.filter(incident=incident).update(
            archived_at=now() if name.endswith("_unarchive") else None
        )
        assert hearing.owe({"event_id": f"Ev{len(kind)}{kind[:3]}", "team_id": "T1", "event": said}), kind
    assert set(asked) == set(HEARS)


def called():
    """Every method of Slack's that the code names."""
    code = [*(ROOT / "chatops").glob("*.py"), *(ROOT / "notifications" / "channels").glob("slack*.py")]
    words = "\n".join(path.read_text(encoding="utf-8") for path in code)
    return set(re.findall(rf'"((?:{FAMILIES})\.\w+)"', words))


def test_its_scopes_are_those_of_the_methods_that_the_code_calls_and_of_the_events_that_it_hears(manifest):
    methods = called()
    assert {"conversations.create", "users.lookupByEmail", "views.publish"} <= methods <= set(SCOPES)
    asked = {scope for method in methods for scope in SCOPES[method]}
    heard = {HEARS[event] for event in manifest["settings"]["event_subscriptions"]["bot_events"]}

    # The address in users.info is a scope of its own; the command needs one, too.
    assert scopes(manifest) == asked | heard - {""} | {"commands", "users:read.email"}


def test_the_stand_in_knows_every_method_that_the_code_calls():
    assert {method for method in called() if not hasattr(Workspace, method.replace(".", "_"))} == set()


@pytest.mark.parametrize("method", sorted(SCOPES))
def test_every_method_is_one_of_slacks_own_sdk(method):
    assert hasattr(
        WebClient, re.sub(r"(?<=[a-z])([A-Z])", r"_\1", method.replace(".", "_")).lower()
    ) or hasattr(WebClient, method.replace(".", "_"))


def test_it_keeps_to_the_rules_of_slacks_schema_for_manifests(manifest):
    """The bounds and the closed sets of keys of manifest.schema.1.0.0.json."""
    about, features, settings = manifest["display_information"], manifest["features"], manifest["settings"]
    assert set(manifest) <= {"_metadata", "display_information", "features", "oauth_config", "settings"}
    assert set(about) <= {"name", "description", "background_color", "long_description"}
    assert 0 < len(about["name"]) <= 35 and 0 < len(about["description"]) <= 140
    assert re.fullmatch(r"#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?", about["background_color"])
    assert set(features) <= {"app_home", "bot_user", "shortcuts", "slash_commands", "unfurl_domains"}
    assert set(features["app_home"]) <= {
        "home_tab_enabled",
        "messages_tab_enabled",
        "messages_tab_read_only_enabled",
    }
    assert set(features["bot_user"]) <= {"display_name", "always_online"}
    for command in features["slash_commands"]:
        assert set(command) <= {"command", "url", "description", "usage_hint", "should_escape"}
        assert re.fullmatch(r"/.{1,31}", command["command"]) and len(command["url"]) <= 3_000
        assert 0 < len(command["description"]) <= 2_000 and 0 < len(command["usage_hint"]) <= 1_000
    for shortcut in features.get("shortcuts", []):
        assert set(shortcut) == {"name", "type", "callback_id", "description"}
        assert 0 < len(shortcut["name"]) <= 24 and 0 < len(shortcut["description"]) <= 150
        assert shortcut["type"] in ("message", "global") and 0 < len(shortcut["callback_id"]) <= 255
    assert set(settings) <= {
        "event_subscriptions",
        "interactivity",
        "org_deploy_enabled",
        "socket_mode_enabled",
        "token_rotation_enabled",
    }
    events = settings["event_subscriptions"]
    assert set(events) <= {"request_url", "bot_events"} and len(events["request_url"]) <= 3_500
    for listed in (events["bot_events"], manifest["oauth_config"]["scopes"]["bot"]):
        assert len(listed) == len(set(listed)) <= 100 and all(len(one) <= 50 for one in listed)


def test_the_page_explains_every_scope(manifest):
    rows = re.findall(r"^\| (`[^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert {scope for row in rows for scope in re.findall(r"`([\w:.]+)`", row)} == scopes(manifest)
