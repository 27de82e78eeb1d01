"""A workspace that speaks Slack's Web API: it keeps people and channels, and refuses what Slack refuses.

It asks for the scopes that Slack's reference names for each method, and the app has those of our manifest and
no other. So a test fails here where the real app would be refused.
"""

import itertools
import json
import re
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import yaml
from django.utils.timezone import now
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from tests.standins.server import StandIn

TEAM = "T0001"
#: A trigger opens one view, within this time.
TRIGGER_LIVES = timedelta(seconds=3)
#: The bot's own person.
ME = "UTOCSIN"
MANIFEST = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "slack-manifest.yaml"
_NAME = re.compile(r"^[a-z0-9_-]{1,80}\Z")
_CHANNELS, _HISTORY = ("channels:manage", "groups:write"), ("channels:history", "groups:history")
#: Which scope each method needs, for public and for private channels, by its page in Slack's reference.
SCOPES = {
    "auth.test": (),
    "bookmarks.add": ("bookmarks:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.archive": _CHANNELS,
    "conversations.create": _CHANNELS,
    "conversations.history": _HISTORY,
    "conversations.invite": _CHANNELS,
    "conversations.join": ("channels:join",),
    "conversations.replies": _HISTORY,
    "conversations.setTopic": _CHANNELS,
    "pins.add": ("pins:write",),
    "users.conversations": ("channels:read", "groups:read"),
    "users.info": ("users:read",),
    "users.lookupByEmail": ("users:read.email",),
    "views.open": (),
    "views.publish": (),
    "views.update": (),
}
#: Of these Slack's reference takes a form only.
_FORM_ONLY = ("conversations.history", "conversations.replies", "users.conversations", "users.info")
_FORM_ONLY += ("users.lookupByEmail",)
#: The longest text of a message that is changed; a new one may be ten times as long.
_LONGEST_CHANGE = 4_000


def manifest_scopes():
    """What the app may do that is made from our manifest."""
    said = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return set(said["oauth_config"]["scopes"]["bot"])


_SURFACES = {"message": 50, "modal": 100, "home": 100}


class No(Exception):
    """What Slack answers as ``error``."""


class Lacks(Exception):
    """The app has not asked for this scope."""

    def __init__(self, scope):
        self.scope = scope


def need(is_right, word, detail=""):
    if not is_right:
        raise No(f"{word} {detail}".strip())


# Blocks ------------------------------------------------------------------------------------------


def check_text(text, most, where, *, kinds=("plain_text", "mrkdwn")):
    need(isinstance(text, dict) and text.get("type") in kinds, "invalid_blocks", where)
    need(0 < len(text.get("text", "")) <= most, "invalid_blocks", f"{where}: {len(text.get('text', ''))}")


def check_element(element, where):
    need(0 < len(element.get("action_id", "x")) <= 255, "invalid_blocks", f"{where} action_id")
    match element.get("type"):
        case "button":
            check_text(element.get("text"), 75, f"{where} button", kinds=("plain_text",))
            need(len(element.get("value", "")) <= 2_000, "invalid_blocks", f"{where} value")
            need(len(element.get("url", "")) <= 3_000, "invalid_blocks", f"{where} url")
        case "static_select" | "multi_static_select" | "checkboxes" as kind:
            options = element.get("options", [])
            most = 10 if kind == "checkboxes" else 100
            need(0 < len(options) <= most, "invalid_blocks", f"{where} options")
            for option in options:
                check_text(option.get("text"), 75, f"{where} option")
                need(0 < len(option.get("value", "")) <= 75, "invalid_blocks", f"{where} option value")
            first = [element["initial_option"]] if "initial_option" in element else []
            need(element.get("initial_options") != [], "invalid_blocks", f"{where} initial_options")
            for ticked in [*first, *element.get("initial_options", [])]:
                need(ticked in options, "invalid_blocks", f"{where} initial_options")
        case "users_select":
            pass
        case "plain_text_input":
            most = element.get("max_length", 3_000)
            need(0 < most <= 3_000, "invalid_blocks", f"{where} max_length")
            need(len(element.get("initial_value", "")) <= most, "invalid_blocks", f"{where} initial_value")
        case other:
            raise No(f"invalid_blocks {where}: {other}")


def check_block(block, surface):
    where = f"{block.get('type')} {block.get('block_id', '')}".strip()
    need(len(block.get("block_id", "")) <= 255, "invalid_blocks", where)
    match block.get("type"):
        case "section":
            check_text(block.get("text"), 3_000, where)
            if block.get("accessory"):
                check_element(block["accessory"], where)
        case "header":
            check_text(block.get("text"), 150, where, kinds=("plain_text",))
        case "divider":
            pass
        case "context":
            need(0 < len(block.get("elements", [])) <= 10, "invalid_blocks", where)
        case "actions":
            need(0 < len(block.get("elements", [])) <= 25, "invalid_blocks", where)
            for element in block["elements"]:
                check_element(element, where)
            ids = [element["action_id"] for element in block["elements"] if "action_id" in element]
            need(len(ids) == len(set(ids)), "invalid_blocks", f"{where}: action_id twice")
        case "input":
            need(surface == "modal", "invalid_blocks", where)
            check_text(block.get("label"), 2_000, where, kinds=("plain_text",))
            if "hint" in block:
                check_text(block["hint"], 2_000, where, kinds=("plain_text",))
            check_element(block.get("element", {}), where)
        case _:
            raise No(f"invalid_blocks {where}")


def check_blocks(blocks, surface):
    blocks = json.loads(blocks) if isinstance(blocks, str) else blocks
    need(isinstance(blocks, list) and len(blocks) <= _SURFACES[surface], "invalid_blocks", f"{len(blocks)}")
    named = [block["block_id"] for block in blocks if "block_id" in block]
    need(len(named) == len(set(named)), "invalid_blocks", "block_id twice")
    for block in blocks:
        check_block(block, surface)
        _by_the_sdk(Block.parse(block), block)
    if surface == "message":
        need(_characters(blocks) <= 13_200, "msg_blocks_too_long")
    return blocks


def _by_the_sdk(made, said):
    """Slack's own SDK, unmodified, as a second judge: it knows this thing and finds nothing wrong with it."""
    need(made is not None, "invalid_blocks", f"{said.get('type')}: unknown to the SDK")
    try:
        made.validate_json()
    except SlackObjectFormationError as wrong:
        raise No(f"invalid_blocks {wrong}") from wrong


def _characters(value):
    """All the text in blocks together."""
    if isinstance(value, dict):
        return sum(len(v) if k == "text" and isinstance(v, str) else _characters(v) for k, v in value.items())
    return sum(map(_characters, value)) if isinstance(value, list) else 0


def check_view(view):
    view = json.loads(view) if isinstance(view, str) else view
    kind = view.get("type")
    need(kind in ("modal", "home"), "invalid_arguments", "view type")
    if kind == "modal":
        for part in ("title", "submit", "close"):
            if part == "title" or part in view:
                check_text(view.get(part), 24, part, kinds=("plain_text",))
        has_input = any(block.get("type") == "input" for block in view["blocks"])
        need("submit" in view or not has_input, "invalid_arguments", "inputs need submit")
    need(len(view.get("callback_id", "")) <= 255, "invalid_arguments", "callback_id")
    need(len(view.get("private_metadata", "")) <= 3_000, "invalid_arguments", "private_metadata")
    check_blocks(view["blocks"], kind)
    _by_the_sdk(View(**view), view)
    return view


# The workspace -----------------------------------------------------------------------------------


class Workspace(StandIn):
    """People by id, channels by id, messages by their ts; and everything it was asked, in order."""

    def __init__(self):
        self.people, self.messages, self.channels, self.homes = {}, {}, {}, {}
        self.calls, self.is_away, self.triggers = [], False, {}
        self.replaced, self.direct = [], []
        #: What the app may, and the word by which Slack refuses its token altogether, if it does.
        self.scopes, self.refuses_token = manifest_scopes(), ""
        self._count, self._lock = itertools.count(1), threading.Lock()
        super().__init__()
        self.url += "/api/"

    def answer(self, asked):
        if self.is_away:
            return 503, {"Content-Type": "application/json"}, {"ok": False}
        is_json = "json" in asked.headers.get("content-type", "")
        said, method = (
            ((asked.json if asked.body else {}) if is_json else asked.form),
            asked.path.rpartition("/")[2],
        )
        with self._lock:
            self.calls.append((method, said))
            does = getattr(self, method.replace(".", "_"), None)
            is_let_in = method == "respond" or asked.headers.get("authorization", "").startswith(
                "Bearer xoxb-"
            )
            try:
                need(is_let_in, "not_authed")
                need(method == "respond" or not self.refuses_token, self.refuses_token)
                need(not (is_json and method in _FORM_ONLY), "invalid_arguments", "a form only")
                self._may(method, said)
                found = does(**said) if does else {"error": "unknown_method"}
            except Lacks as lacks:
                found = {"error": "missing_scope", "needed": lacks.scope, "provided": ",".join(self.scopes)}
            except No as no:
                word, _space, detail = str(no).partition(" ")
                found = {"error": word, "detail": detail}
            except TypeError as wrong:
                found = {"error": "invalid_arguments", "detail": str(wrong)}
        content = {"ok": "error" not in found, **found}
        return 200, {"Content-Type": "application/json"}, content

    def _may(self, method, said):
        """The scope of the method; of two, the one for this kind of channel."""
        scopes = SCOPES.get(method, ())
        if len(scopes) == 2:
            channel = self.channels.get(said.get("channel"), {})
            is_private = str(said.get("is_private", channel.get("is_private", ""))).lower() == "true"
            is_private = is_private or "private_channel" in str(said.get("types", ""))
            scopes = scopes[1:] if is_private else scopes[:1]
        for scope in scopes:
            if scope not in self.scopes:
                raise Lacks(scope)

    def slow_down(self, seconds=30):
        """The next call is one too many."""
        head = {"Content-Type": "application/json", "Retry-After": str(seconds)}
        self.fail((429, head, {"ok": False, "error": "ratelimited"}))

    def of(self, method):
        return [said for name, said in self.calls if name == method]

    def refusals(self):
        """The methods of which this stand-in knows nothing: a test that meets one proves nothing."""
        return [name for name, _said in self.calls if not hasattr(self, name.replace(".", "_"))]

    # People

    def joins(self, slack_id, email, **fields):
        self.people[slack_id] = {
            "id": slack_id,
            "team_id": TEAM,
            "is_bot": False,
            "deleted": False,
            "is_email_confirmed": True,
            "profile": {"email": email},
            **fields,
        }

    def users_info(self, user, **_rest):
        need(user in self.people, "user_not_found")
        return {"user": self.people[user]}

    def users_lookupByEmail(self, email, **_rest):
        for one in self.people.values():
            if one["profile"].get("email") == email and not one["deleted"]:
                return {"user": one}
        raise No("users_not_found")

    # Channels

    def auth_test(self, **_rest):
        return {"user_id": ME, "team_id": TEAM}

    def users_conversations(self, types="public_channel", exclude_archived="false", limit=100, cursor=""):
        kinds = types.split(",")
        mine = [
            one
            for one in self.channels.values()
            if one["is_in"]
            and ("private_channel" if one["is_private"] else "public_channel") in kinds
            and not (exclude_archived == "true" and one["is_archived"])
        ]
        need(0 < int(limit) <= 999, "invalid_limit")
        begin = int(cursor or 0)
        end = begin + int(limit)
        told = [
            {name: one[name] for name in ("id", "name", "creator", "created", "is_private", "is_archived")}
            for one in mine[begin:end]
        ]
        return {
            "channels": told,
            "response_metadata": {"next_cursor": str(end) if end < len(mine) else ""},
        }

    def _channel(self, channel_id, *, open_only=True, member=True):
        need(channel_id in self.channels, "channel_not_found")
        found = self.channels[channel_id]
        # Who is not in a private channel is not told that it exists.
        need(found["is_in"] or found["is_archived"] or not found["is_private"], "channel_not_found")
        need(not (open_only and found["is_archived"]), "is_archived")
        need(found["is_in"] or not member or found["is_archived"], "not_in_channel")
        return found

    def exists(self, channel_id, name, *, is_private=False, is_in=True, creator="USOMEBODY", **fields):
        """A channel that is there already; the app is in it unless it is not."""
        self.channels[channel_id] = {
            "id": channel_id,
            "name": name,
            "is_private": is_private,
            "is_archived": False,
            "topic": "",
            "members": [],
            "messages": [],
            "pins": [],
            "bookmarks": {},
            "is_in": is_in,
            "creator": creator,
            "created": int(now().timestamp()),
            **fields,
        }
        return self.channels[channel_id]

    def conversations_create(self, name, is_private=False, **_rest):
        need(name, "invalid_name_required")
        need(_NAME.match(name), "invalid_name_specials" if len(name) <= 80 else "invalid_name_maxlength")
        # An archived channel keeps its name.
        need(all(one["name"] != name for one in self.channels.values()), "name_taken")
        number = f"C{next(self._count):04}"
        return {"channel": self.exists(number, name, is_private=is_private, creator=ME)}

    def conversations_join(self, channel):
        found = self._channel(channel, member=False)
        need(not found["is_private"], "method_not_supported_for_channel_type")
        found["is_in"] = True
        return {"channel": {"id": channel, "name": found["name"]}}

    def conversations_setTopic(self, channel, topic):
        need(len(topic) <= 250, "too_long")
        self._channel(channel)["topic"] = topic
        return {}

    def conversations_invite(self, channel, users, force=False):
        """One who cannot come in keeps the others out, unless it is forced."""
        found, new = self._channel(channel), users.split(",")
        need(0 < len(new) <= 100, "too_many_users")
        wrong = {one: word for one in new if (word := self._not_invited(found, one))}
        if wrong and (not force or set(wrong) == set(new)):
            raise No(next(iter(wrong.values())))
        found["members"] += [one for one in new if one not in wrong]
        errors = [{"ok": False, "user": one, "error": word} for one, word in wrong.items()]
        return {"errors": errors} if errors else {}

    def _not_invited(self, found, one):
        if one == ME:
            return "cant_invite_self"
        if one not in self.people or self.people[one]["deleted"]:
            return "user_not_found"
        return "already_in_channel" if one in found["members"] else ""

    def conversations_archive(self, channel):
        need(not self._channel(channel, open_only=False)["is_archived"], "already_archived")
        # Nobody stays in it, the app neither: it cannot open it again.
        self.channels[channel] |= {"is_archived": True, "is_in": False}
        return {}

    def conversations_history(self, channel, latest, **_rest):
        kept = self.messages.get(("conversations.history", latest))
        with suppress(No):
            kept = kept or next((m for m in self._channel(channel)["messages"] if m["ts"] == latest), None)
        return {"messages": [kept] if kept else []}

    def conversations_replies(self, ts, **_rest):
        kept = self.messages.get(("conversations.replies", ts))
        return {"messages": [kept] if kept else []}

    # Words

    def _say(self, text="", blocks=None, is_change=False, **_rest):
        need(text or blocks, "no_text")
        need(len(text) <= (_LONGEST_CHANGE if is_change else 40_000), "msg_too_long")
        return {"text": text, "blocks": check_blocks(blocks, "message") if blocks else []}

    def chat_postMessage(self, channel, **words):
        said = {"ts": f"{1_700_000_000 + next(self._count)}.000100", **self._say(**words)}
        if channel.removeprefix("D") in self.people:
            self.direct.append({"channel": f"D{channel.removeprefix('D')}", **said})
            return {"ts": said["ts"], "channel": f"D{channel.removeprefix('D')}"}
        self._channel(channel)["messages"].append(said)
        return {"ts": said["ts"], "channel": channel}

    def chat_postEphemeral(self, channel, user, **words):
        self._say(**words)
        if channel != f"D{user}":
            need(user in self._channel(channel)["members"], "user_not_in_channel")
        return {"message_ts": f"{next(self._count)}.0"}

    def respond(self, replace_original=False, response_type="ephemeral", **words):
        """What a ``response_url`` takes: a message for the presser, in place of the one that was pressed."""
        need(response_type in ("ephemeral", "in_channel"), "invalid_arguments")
        self.replaced.append({"is_new": not replace_original, **self._say(**words)})
        return {}

    def chat_update(self, channel, ts, **words):
        said = self._say(**words, is_change=True)
        need(channel not in self.people, "channel_not_found", "an id of a direct message is meant")
        if channel in self.channels:
            kept = next((m for m in self._channel(channel)["messages"] if m["ts"] == ts), None)
            need(kept is not None, "message_not_found")
            kept.update(said)
        return {"ts": ts, "channel": channel, **said}

    def pins_add(self, channel, timestamp):
        pins = self._channel(channel)["pins"]
        need(any(m["ts"] == timestamp for m in self.channels[channel]["messages"]), "message_not_found")
        need(timestamp not in pins, "already_pinned")
        pins.append(timestamp)
        return {}

    def bookmarks_add(self, channel_id, title, type, link):
        need(type == "link" and link.startswith(("http://", "https://")), "invalid_link")
        self._channel(channel_id)["bookmarks"][title] = link
        return {"bookmark": {"id": f"Bk{next(self._count)}"}}

    # Views

    def trigger(self):
        """A trigger as Slack puts it beside a command or a press."""
        made = f"{next(self._count)}.{TEAM}.abc"
        self.triggers[made] = now()
        return made

    def _open(self, trigger_id, view):
        need(trigger_id in self.triggers, "invalid_trigger_id")
        given = self.triggers[trigger_id]
        need(given is not None, "exchanged_trigger_id")
        need(now() - given <= TRIGGER_LIVES, "expired_trigger_id")
        self.triggers[trigger_id] = None
        return {"view": {"id": f"V{next(self._count):04}", "hash": "1.abc", **check_view(view)}}

    def views_open(self, trigger_id, view):
        return self._open(trigger_id, view)

    def views_update(self, view_id, view, hash=""):
        return {"view": {"id": view_id, **check_view(view)}}

    def views_publish(self, user_id, view):
        need(user_id in self.people, "user_not_found")
        need(check_view(view)["type"] == "home", "invalid_arguments")
        self.homes[user_id] = json.loads(view) if isinstance(view, str) else view
        return {}
