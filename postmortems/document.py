"""The document as Markdown, in exactly the template's shape, and back. Pure: no row is touched here."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from lib.refusal import Invalid

# What the template says where nobody has written yet; dropped again by the import.
ASK_SUMMARY = "[2-3 sentence summary of what happened, impact, and resolution]"
ASK_CAUSE = "[Describe the technical root cause]"
ASK_FACTORS = ("[Factor 1]", "[Factor 2]")
ASK_POINT = "[Nothing yet]"
ASK_USERS = "[not known yet]"
ASK_REVENUE = "~$X"
_ASKED = {ASK_SUMMARY, ASK_CAUSE, *ASK_FACTORS, ASK_POINT, ASK_USERS, ASK_REVENUE}

HEADINGS = (
    "Summary", "Timeline", "Root Cause", "Contributing Factors", "Impact", "What Went Well",
    "What Went Poorly", "Action Items",
)  # fmt: skip
_TITLE = re.compile(r"^## Incident: ?(.*)$")
_FACT = re.compile(r"^\*\*(Date|Duration|Severity|Author\(s\)):\*\*\s*(.*)$")
_POINT = re.compile(r"^\s*[-*]\s+(.*)$")
_HOURS = re.compile(r"^(?:(\d+) hours? )?(\d+) min$")
MAX_CHARS = 200_000


@dataclass
class Row:
    """A row of the timeline table: ``14:00`` and what happened."""

    time: str
    words: str


@dataclass
class Action:
    """A row of the action table."""

    title: str
    owner: str = ""
    due: date | None = None


@dataclass
class Document:
    """Everything that stands in the document, as plain values."""

    title: str = ""
    day: date | None = None
    duration: timedelta | None = None
    severity: str = ""
    authors: list[str] = field(default_factory=list)
    summary: str = ""
    rows: list[Row] = field(default_factory=list)
    root_cause: str = ""
    contributing_factors: list[str] = field(default_factory=list)
    users_affected: str = ""
    revenue_impact: str = ""
    went_well: list[str] = field(default_factory=list)
    went_poorly: list[str] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)


def to_markdown(document: Document) -> str:
    """The template filled in: same headings, same order, same tables; what is empty still asks."""
    return (
        "\n\n".join(
            [
                _head(document),
                _part("Summary", _body(document.summary) or ASK_SUMMARY),
                _part(
                    "Timeline", _table(("Time", "Event"), [(row.time, row.words) for row in document.rows])
                ),
                _part("Root Cause", _body(document.root_cause) or ASK_CAUSE),
                _part("Contributing Factors", _points(document.contributing_factors or ASK_FACTORS)),
                _part("Impact", _points(_impact(document))),
                _part("What Went Well", _points(document.went_well or (ASK_POINT,))),
                _part("What Went Poorly", _points(document.went_poorly or (ASK_POINT,))),
                _part("Action Items", _table(("Action", "Owner", "Due"), _actions(document.actions))),
            ]
        )
        + "\n"
    )


def in_hours(duration: timedelta | None) -> str:
    """``0 hours 25 min``, as the head of the template says it."""
    if duration is None:
        return "not over yet"
    hours, minutes = divmod(int(duration.total_seconds()) // 60, 60)
    return f"{hours} {'hour' if hours == 1 else 'hours'} {minutes} min"


def in_minutes(duration: timedelta | None) -> str:
    """``25 minutes``, as the template's impact says it."""
    if duration is None:
        return "not over yet"
    minutes = int(duration.total_seconds()) // 60
    return f"{minutes} {'minute' if minutes == 1 else 'minutes'}"


def _head(document: Document) -> str:
    return "\n".join(
        [
            f"## Incident: {_line(document.title)}",
            f"**Date:** {document.day.isoformat() if document.day else '–'}",
            f"**Duration:** {in_hours(document.duration)}",
            f"**Severity:** {document.severity}",
            f"**Author(s):** {', '.join(document.authors) or 'nobody yet'}",
        ]
    )


def _impact(document: Document) -> list[str]:
    return [
        f"Users affected: {_line(document.users_affected) or ASK_USERS}",
        f"Duration: {in_minutes(document.duration)}",
        f"Revenue impact: {_line(document.revenue_impact) or ASK_REVENUE}",
    ]


def _actions(actions: list[Action]) -> list[tuple[str, ...]]:
    return [
        (action.title, action.owner or "–", action.due.isoformat() if action.due else "–")
        for action in actions
    ]


def _part(heading: str, body: str) -> str:
    return f"## {heading}\n{body}"


def _body(text: str) -> str:
    """A person's text, whose own lines can never be taken for a heading of the template."""
    return re.sub(r"^(\\*## )", r"\\\1", text.strip(), flags=re.MULTILINE)


def _points(points: list[str] | tuple[str, ...]) -> str:
    return "\n".join(f"- {_line(point)}" for point in points)


def _line(text: str) -> str:
    return " ".join(text.split())


def _table(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    rule = "|" + "|".join("-" * (len(name) + 2) for name in names) + "|"
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in (names, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def _cell(text: str) -> str:
    return _line(text).replace("\\", "\\\\").replace("|", "\\|")


def from_markdown(text: str) -> Document:
    """Read a document in the template's shape.

    Raises:
        Invalid: it is no such document, or a table or date in it cannot be read; says which line.
    """
    if len(text) > MAX_CHARS:
        raise Invalid("The document is longer than 200,000 characters.", code="too_long", field="markdown")
    lines = text.replace("\r\n", "\n").lstrip("\ufeff\n ").split("\n")
    title = _TITLE.match(lines[0])
    if not title:
        raise _bad("The first line has to read “## Incident: …”.")
    document = Document(title=title.group(1).strip())
    head, parts = _split(lines[1:])
    _read_head(document, head)
    document.summary = _unasked("\n".join(parts.get("Summary", [])))
    document.root_cause = _unasked("\n".join(parts.get("Root Cause", [])))
    document.contributing_factors = _read_points(parts.get("Contributing Factors", []))
    document.went_well = _read_points(parts.get("What Went Well", []))
    document.went_poorly = _read_points(parts.get("What Went Poorly", []))
    _read_impact(document, parts.get("Impact", []))
    document.rows = [Row(_clock(row[0]), row[1]) for row in _read_table(parts.get("Timeline", []), 2)]
    document.actions = [
        Action(row[0], "" if row[1] == "–" else row[1], _day(row[2]))
        for row in _read_table(parts.get("Action Items", []), 3)
    ]
    return document


def _bad(sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_document", field="markdown")


def _split(lines: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The head, and the lines below each heading of the template."""
    head: list[str] = []
    parts: dict[str, list[str]] = {}
    here = head
    for line in lines:
        if line.startswith("## "):
            heading = line[3:].strip()
            if heading not in HEADINGS:
                raise _bad(f"“{heading[:60]}” is no heading of the template.")
            if heading in parts:
                raise _bad(f"The heading “{heading}” stands there twice.")
            here = parts[heading] = []
        else:
            here.append(line)
    return head, parts


def _read_head(document: Document, lines: list[str]) -> None:
    for fact in filter(None, map(_FACT.match, lines)):
        name, value = fact.group(1), fact.group(2).strip()
        if name == "Date":
            document.day = _day(value)
        elif name == "Severity":
            document.severity = value
        elif name == "Duration" and (match := _HOURS.match(value)):
            document.duration = timedelta(hours=int(match.group(1) or 0), minutes=int(match.group(2)))
        elif name == "Author(s)" and value != "nobody yet":
            document.authors = [author.strip() for author in value.split(",") if author.strip()]


def _read_impact(document: Document, lines: list[str]) -> None:
    for point in _read_points(lines):
        name, _, value = point.partition(":")
        if name == "Users affected":
            document.users_affected = _unasked(value)
        elif name == "Revenue impact":
            document.revenue_impact = _unasked(value)


def _unasked(text: str) -> str:
    tidy = re.sub(r"^\\(\\*## )", r"\1", text.strip(), flags=re.MULTILINE)
    return "" if tidy in _ASKED else tidy


def _read_points(lines: list[str]) -> list[str]:
    points = [match.group(1).strip() for match in map(_POINT.match, lines) if match]
    return [point for point in points if point and point not in _ASKED]


def _read_table(lines: list[str], width: int) -> list[list[str]]:
    """The cells below the rule of a table."""
    rows = [line.strip() for line in lines if line.strip().startswith("|")]
    table = [_cells(row) for row in rows[2:]]
    for cells in table:
        if len(cells) != width:
            raise _bad(f"This row of a table needs {width} cells: {' | '.join(cells)[:80]}")
    return table


def _cells(row: str) -> list[str]:
    """The cells between the bars; ``\\|`` is a bar of the text, ``\\\\`` a backslash."""
    cells, cell = [], ""
    for piece in re.findall(r"\\[\\|]|.", row[1:]):
        if piece == "|":
            cells.append(cell.strip())
            cell = ""
        else:
            cell += piece[-1]
    return [*cells, cell.strip()] if cell.strip() else cells


def _clock(text: str) -> str:
    if not re.fullmatch(r"(?:[01]\d|2[0-3]):[0-5]\d", text):
        raise _bad(f"“{text[:20]}” is no time of the form 14:05.")
    return text


def _day(text: str) -> date | None:
    if text in ("", "–", "-"):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _bad(f"“{text[:20]}” is no date of the form 2024-01-22.") from None
