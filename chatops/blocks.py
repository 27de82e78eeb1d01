"""Slack's blocks within Slack's bounds, and what came back from a form. What people wrote is escaped here."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from chatops import words
from incidents.models import Incident
from notifications.channels.slack import SAY
from notifications.channels.slack import cut as cut

Block = dict[str, Any]
MOST_OPTIONS, LONGEST_OPTION, LONGEST_INPUT, LONGEST_TEXT = 100, 75, 3_000, 3_000
#: Slack takes 50 blocks with 13,200 characters in one message; both with some room left.
_MOST_BLOCKS, _MOST_CHARACTERS = 48, 12_000


@dataclass(frozen=True)
class Rich:
    """An answer with buttons. ``text`` is what is read where blocks are not shown."""

    text: str
    blocks: list[Block]


class Sheet:
    """An answer that grows as long as Slack takes it; what no longer fits is only counted."""

    def __init__(self, text: str) -> None:
        self.text, self.left_out = text, 0
        self._blocks: list[Block] = []
        self._size = 0
        self.add(section(text))

    def add(self, *blocks: Block) -> bool:
        """Put these blocks at the end, all or none; False when they no longer fit."""
        size = sum(_size(block) for block in blocks)
        is_full = len(self._blocks) + len(blocks) > _MOST_BLOCKS or self._size + size > _MOST_CHARACTERS
        if is_full or self.left_out:
            self.left_out += 1
            return False
        self._blocks += blocks
        self._size += size
        return True

    def done(self, incident: Incident) -> Rich:
        """The answer; what was left out leads to the room."""
        blocks = list(self._blocks)
        if self.left_out:
            more = _("and %(count)d more: <%(url)s|in the room>")
            blocks.append(section(more % {"count": self.left_out, "url": incident.url}))
        return Rich(self.text, blocks)


def _size(value: Any) -> int:
    """How many characters of text are in a block."""
    if isinstance(value, dict):
        return sum(
            len(one) if name == "text" and isinstance(one, str) else _size(one) for name, one in value.items()
        )
    return sum(_size(one) for one in value) if isinstance(value, list) else 0


def plain(text: str, most: int = LONGEST_OPTION) -> Block:
    """A text without marks; Slack refuses an empty one and one that is too long."""
    short = text if len(text) <= most else f"{text[: most - 1]}…"
    return {"type": "plain_text", "text": short or "–"}


def section(text: str, accessory: Block | None = None, *, block_id: str = "") -> Block:
    """A paragraph in Slack's own marks: whatever people wrote in it is escaped already."""
    block: Block = {"type": "section", "text": {"type": "mrkdwn", "text": text[:LONGEST_TEXT] or "–"}}
    return {
        **block,
        **({"accessory": accessory} if accessory else {}),
        **({"block_id": block_id} if block_id else {}),
    }


def button(label: str, command: str, number: int, said: str, *, named: str = "", style: str = "") -> Block:
    """A button that says ``command said`` of the incident; buttons of one block need names of their own."""
    return {
        "type": "button",
        "action_id": f"{SAY}{command}" + (f":{named}" if named else ""),
        "value": f"{number} {said}",
        "text": plain(label),
        **({"style": style} if style else {}),
    }


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def options(pairs: Iterable[tuple[Any, Any]]) -> list[Block]:
    """(value, label) as Slack's options: as many as it takes, values whole or left out."""
    rows = [(str(value), str(label)) for value, label in pairs]
    kept = [(value, label) for value, label in rows if 0 < len(value) <= LONGEST_OPTION]
    return [{"text": plain(label), "value": value} for value, label in kept[:MOST_OPTIONS]]


def select(pairs: Iterable[tuple[Any, Any]], initial: Any = None) -> Block:
    rows = options(pairs)
    first = [row for row in rows if row["value"] == str(initial)] if initial not in (None, "") else []
    return {"type": "static_select", "options": rows, **({"initial_option": first[0]} if first else {})}


def field(
    name: str, label: str, element: Block, *, optional: bool = False, tells: bool = False, hint: str = ""
) -> Block:
    """A field of a form; its block and its element are both called ``name``."""
    return {
        "type": "input",
        "block_id": name,
        "label": plain(label, 2_000),
        "element": {"action_id": name, **element},
        "optional": optional,
        "dispatch_action": tells,
        **({"hint": plain(hint, 2_000)} if hint else {}),
    }


def modal(callback: str, title: str, submit: str, blocks: list[Block], *, kept: str = "") -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": kept,
        "title": plain(title, 24),
        "submit": plain(submit, 24),
        "close": plain(_("Cancel"), 24),
        "blocks": blocks,
    }


def part(payload: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of what Slack sent; nothing where it is missing or of another shape."""
    found = payload.get(name)
    return found if isinstance(found, dict) else {}


def said(view: dict[str, Any]) -> dict[str, Any]:
    """Block id → what was typed, chosen or ticked there. A person of Slack's is a mention."""
    found: dict[str, Any] = {}
    for block, elements in part(part(view, "state"), "values").items():
        for one in elements.values() if isinstance(elements, dict) else []:
            if not isinstance(one, dict):
                continue
            if isinstance(one.get("selected_options"), list):
                found[block] = [
                    str(o.get("value") or "") for o in one["selected_options"] if isinstance(o, dict)
                ]
            elif isinstance(one.get("selected_option"), dict):
                found[block] = str(one["selected_option"].get("value") or "")
            elif isinstance(one.get("selected_user"), str):
                found[block] = f"<@{words.slack_id(one['selected_user'])}>"
            elif isinstance(one.get("value"), str):
                found[block] = words.plain(one["value"])
    return found
