"""Slack's own writing: its links, mentions and escapes as plain words. Pure."""

import re

_MARK = re.compile(r"<((?:[@#!]|[a-z][a-z+.-]{0,20}:)[^<>|]{1,2000})(?:\|([^<>]{0,2000}))?>")
MENTION = re.compile(r"^<@([A-Z0-9]{1,40})(?:\|[^<>]*)?>$")
REFERENCE = re.compile(r"^INC-?(\d{1,12})$", re.IGNORECASE)
_ID = re.compile(r"^[A-Za-z0-9]{1,40}\Z")


def slack_id(value: object) -> str:
    """An id of Slack's (team, user, channel), or nothing when it is none."""
    return value if isinstance(value, str) and _ID.match(value) else ""


def plain(text: str, names: dict[str, str] | None = None) -> str:
    """``<@U1|bob> look at <https://x|x> &amp; y`` → ``@bob look at https://x & y``."""
    words = _MARK.sub(lambda mark: _mark(mark[1], mark[2] or "", names or {}), text)
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _mark(target: str, label: str, names: dict[str, str]) -> str:
    if target.startswith("@"):
        return "@" + (names.get(target[1:]) or label.removeprefix("@") or target[1:])
    if target.startswith("#"):
        return "#" + (label or target[1:])
    if target.startswith("!"):
        return "@" + (label.removeprefix("@") or target[1:].partition("^")[0])
    if target.startswith(("mailto:", "tel:")):
        return label or target.partition(":")[2]
    return target if label in ("", target) or target.endswith(f"://{label}") else f"{label} ({target})"


def first_word(text: str) -> tuple[str, str]:
    """The first word and the rest, both tidied."""
    first, _space, rest = text.strip().partition(" ")
    return first, rest.strip()


def reference(word: str) -> int | None:
    """The number in ``INC-41``."""
    found = REFERENCE.match(word)
    return int(found[1]) if found else None


def mentions(text: str) -> set[str]:
    """The ids of the people a text mentions."""
    return {mark[1][1:] for mark in _MARK.finditer(text) if mark[1].startswith("@")}
