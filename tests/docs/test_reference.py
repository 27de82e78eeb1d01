"""The tables of docs/reference say what the code says."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands
from django.urls import URLResolver, get_resolver, resolve

from accounts.models import Role, Scope
from chatops import commands as chat
from config.sweeps import SWEEPS
from incidents import permissions, transitions
from incidents.defaults import IMPACT, ROLES, SEVERITIES
from incidents.kinds import DeadlineKind, EventKind, Paging, ResponseKind, Status

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
ROOMS = ("accounts", "catalog", "chatops", "config", "detection", "incidents", "lib", "metrics")
ROOMS += ("notifications", "oncall", "outbox", "postmortems", "statuspage")


def tables(name: str) -> list[list[dict[str, str]]]:
    """Every Markdown table of a page, each as a list of rows by their heading."""
    found: list[list[dict[str, str]]] = []
    head: list[str] = []
    for line in (REFERENCE / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            head = []
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not head:
            head = cells
            found.append([])
        elif not set(line) <= set("|-"):
            found[-1].append(dict(zip(head, cells, strict=True)))
    return found


def ticked(cell: str) -> list[str]:
    """The words between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def test_event_kinds():
    (rows,) = tables("event-kinds.md")

    assert [(ticked(row["kind"])[0], row["shown as"]) for row in rows] == [
        (kind.value, str(kind.label)) for kind in EventKind
    ]
    assert all(row["what it says"] for row in rows)


def test_transitions():
    (rows,) = tables("transitions.md")

    told = {ticked(row["event"])[0]: row for row in rows}
    assert list(told) == [str(EventKind(kind).value) for kind in transitions.MOVES]
    for kind, move in transitions.MOVES.items():
        row = told[EventKind(kind).value]
        after = set(Status.values) if row["after"] == "any" else set(ticked(row["after"]))
        assert after == {str(state) for state in move.after}, kind
        assert ticked(row["to"]) == ([str(move.to)] if move.to else []), kind
        assert ticked(row["keeps"]) == ([move.stamp] if move.stamp else []), kind
        assert row["which time"] == ("–" if not move.stamp else "first" if move.first else "last"), kind


def test_clocks():
    (rows,) = tables("deadline-kinds.md")

    assert [(ticked(row["kind"])[0], row["shown as"]) for row in rows] == [
        (kind.value, str(kind.label)) for kind in DeadlineKind
    ]


#: The line of the matrix → the column of `Severity`; what the column is where the defaults do not say.
LINES: dict[str, tuple[str, Any]] = {
    "user impact": ("user_impact", ""),
    "example": ("example", ""),
    "response": ("response_words", ""),
    "acknowledged within": ("response_within", None),
    "that is": ("response_kind", ResponseKind.CLOCK),
    "pages": ("pages", Paging.AT_ONCE),
    "pages again after silence": ("ack_timeout", None),
    "update to the team every": ("internal_update_every", None),
    "while mitigated every": ("internal_update_mitigated", None),
    "first public notice within": ("public_first_within", None),
    "reminder at": ("public_first_reminder", None),
    "public update every": ("public_update_every", None),
    "while mitigated, publicly every": ("public_update_mitigated", None),
    "management after": ("management_after", None),
    "required roles": ("chairs", ()),
    "commander may hold": ("commander_may_hold", ""),
    "hands off the keyboard": ("hands_off", False),
    "postmortem required": ("postmortem_required", False),
    "postmortem due, business days": ("postmortem_business_days", None),
}


def _shown(value: Any) -> str:
    if value is None or value == ():
        return "–"
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds()) // 60
        return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, tuple) else str(value)


def test_severity_matrix():
    rows = tables("severities.md")[0]

    assert [row[""] for row in rows] == list(LINES)
    for severity in SEVERITIES:
        for row in rows:
            column, otherwise = LINES[row[""]]
            assert row[severity["name"]].replace("`", "") == _shown(severity.get(column, otherwise)), column


def test_impact_matrix_and_roles():
    _matrix, impact, roles = tables("severities.md")

    cells = {row["what is broken"]: list(row.values())[1:] for row in impact}
    assert cells == {str(b.label): [f"SEV{rank}" for rank in ranks] for b, ranks in IMPACT.items()}
    assert [(ticked(row["slug"])[0], row["name"], row["duty"]) for row in roles] == [
        (slug, name, duty) for slug, name, duty, _position in ROLES
    ]


def test_sweeps():
    (rows,) = tables("sweeps.md")

    told = [
        (ticked(r["sweep"])[0], r["every"], ticked(r["queue"])[0], ticked(r["function"])[0]) for r in rows
    ]
    assert told == [(one.name, f"{one.every:g} s", one.queue, one.function) for one in SWEEPS]


def test_permissions():
    verbs, _elsewhere, scopes = tables("permissions.md")

    told = {ticked(row["verb"])[0]: ticked(row["role"])[0] for row in verbs[:-1]}
    assert told == {verb: str(role.value) for verb, role in permissions._NEEDS.items()}
    assert (verbs[-1]["verb"], ticked(verbs[-1]["role"])) == ("every other", [Role.RESPONDER.value])
    assert {ticked(row["scope"])[0]: ticked(row["acts at most as"])[0] for row in scopes} == {
        scope.value: scope.ceiling.value for scope in Scope
    }


def test_commands():
    (rows,) = tables("commands.md")

    ours = {name for name, app in get_commands().items() if app in ROOMS}
    assert {ticked(row["command"])[0] for row in rows} == ours


def test_chat_commands():
    (rows,) = tables("chat-commands.md")

    assert [(row["command"], row["does"]) for row in rows] == [
        (f"`/inc {one.usage}`", str(one.about)) for one in chat.COMMANDS.values()
    ]


def test_environment_variables():
    (rows,) = tables("environment.md")

    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    asked = r"environ(?:ment)?(?:\.get|\.setdefault)?[\(\[]\s*\"((?:TOCSIN|SLACK|TWILIO|VAPID)_\w+|\w+_URL)\""
    read = {name for path in sources for name in re.findall(asked, path.read_text(encoding="utf-8"))}
    assert {ticked(row["variable"])[0] for row in rows} == read


SAMPLES = {"<key>": "k", "<number>": "41", "<tool>": "generic", "<token>": "t"}


def _told_addresses() -> list[str]:
    return [ticked(row["address"])[0] for row in tables("addresses.md")[0]]


@pytest.mark.parametrize("address", _told_addresses())
def test_every_address_is_there(address):
    for name, sample in SAMPLES.items():
        address = address.replace(name, sample)
    resolve("/api/v1/incidents/" if address == "/api/v1/" else address)


def test_no_address_is_left_out():
    told = _told_addresses()

    for pattern in get_resolver().url_patterns:
        beginning = re.split(r"[<(]", str(pattern.pattern))[0]
        if isinstance(pattern, URLResolver) and not beginning:
            beginnings = [re.split(r"[<(]", str(one.pattern))[0] for one in pattern.url_patterns]
        else:
            beginnings = [beginning]
        for one in beginnings:
            if one.split("/")[0] in ("acknowledge", "notifications", "accounts", "manage", "api"):
                continue  # Their inner addresses are told, not these.
            assert any(
                address.startswith(f"/{one}") or f"/{one}".startswith(address) for address in told[1:]
            ) or (not one), one
