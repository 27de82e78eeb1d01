"""The room on paper: facts, chairs, promises, updates, mitigations, tasks, alerts and timeline.

One reading, two shapes: Markdown in which no word of anybody becomes a heading or a link, and PDF. Only for
readers who may see the incident: the doors ask for that. Numbers of other private incidents are left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.timezone import now
from django.utils.translation import gettext as _

from incidents import deadlines, recap, telling
from incidents.kinds import EventKind
from incidents.models import Deadline, Incident
from incidents.room import scope_words
from lib import durations, pdf

E = EventKind
#: Longer timelines are cut at their end, and say so.
MAX_EVENTS = 3_000
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_ALERTS = (E.ALERT_JOINED, E.ALERT_CLEARED, E.SIGNALS_CLEAR, E.MAY_NOT_BE_MITIGATED)
_SAID = (E.UPDATE_POSTED, E.PUBLISHED)


@dataclass(frozen=True)
class Part:
    """A heading with a table: names of columns, rows of cells, and the columns' shares of the width."""

    heading: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    shares: tuple[float, ...]
    #: What stands there instead of no rows.
    empty: str = ""


@dataclass(frozen=True)
class Paper:
    """Everything that the document says, as plain text."""

    title: str
    made: str
    warning: str
    #: Sentences of `recap`.
    in_short: list[str]
    facts: list[tuple[str, str]]
    parts: list[Part]


def read(incident: Incident) -> Paper:
    """The document of this moment; times in the zone of the primary service's team."""
    zone = ZoneInfo(incident.team.time_zone)
    events = list(incident.timeline.select_related("actor").order_by("number")[: MAX_EVENTS + 1])
    lines = telling.tell(incident, events[:MAX_EVENTS])
    drill = _("DRILL: ") if incident.is_drill else ""
    return Paper(
        title=f"{drill}{incident.reference} {incident.title}",
        made=_("As of %(at)s; times are %(zone)s.")
        % {"at": _at(now(), zone), "zone": incident.team.time_zone},
        warning=_("Private: for the people of this incident only.") if incident.is_private else "",
        in_short=recap.of(incident),
        facts=list(_facts(incident, zone)),
        parts=[
            _chairs(incident, zone),
            _promises(incident, zone),
            _updates(lines, zone),
            _mitigations(incident, zone),
            _tasks(incident),
            _of_kinds(_("Alerts"), lines, _ALERTS, zone, _("No alert belongs to it.")),
            _timeline(lines, zone, is_cut=len(events) > MAX_EVENTS),
        ],
    )


def _at(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else "–"


def _facts(incident: Incident, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    yield _("Severity"), f"{incident.severity.name} ({incident.severity.user_impact})"
    yield _("Status"), str(incident.get_status_display())
    yield (
        _("Services"),
        ", ".join(row.service.name for row in incident.service_rows.select_related("service")),
    )
    yield _("Noticed by"), str(incident.get_source_display())
    yield _("Scope"), scope_words(incident) or _("not known")
    if incident.summary:
        yield _("Summary"), incident.summary
    if incident.ticket_url:
        yield _("Ticket"), incident.ticket_url
    if incident.channel_name:
        yield _("Channel"), f"#{incident.channel_name}"
    began = _at(incident.started_at, zone) if incident.started_at else _("not known")
    if incident.started_at_provenance:
        began += f" ({incident.get_started_at_provenance_display()})"
    yield _("Impact began"), began
    yield _("Detected"), _at(incident.detected_at, zone)
    by = f" ({incident.acknowledged_by})" if incident.acknowledged_by else ""
    yield _("Acknowledged"), _at(incident.acknowledged_at, zone) + by
    yield _("Declared"), _at(incident.declared_at, zone)
    yield _("Mitigated"), _at(incident.mitigated_at, zone)
    yield _("Resolved"), _at(incident.resolved_at, zone)
    yield _("Impact lasted"), _lasted(incident)
    kept, due = deadlines.adherence(incident)
    if due:
        yield _("Updates in time"), deadlines.in_percent(kept, due)


def _lasted(incident: Incident) -> str:
    if incident.mitigated_at is None:
        return _("not over yet")
    # As the postmortem measures it: the openings before this one, and this one.
    begin = incident.impact_from or incident.impact_began_at
    spent = timedelta(seconds=incident.impact_seconds) + (incident.mitigated_at - begin)
    return durations.words(max(spent, timedelta(0)))


def _chairs(incident: Incident, zone: ZoneInfo) -> Part:
    rows = incident.holdings.select_related("role", "user").order_by("since")
    return Part(
        _("Chairs"),
        (_("Chair"), _("Who"), _("From"), _("Until"), _("Brief")),
        [
            (
                row.role.name,
                f"{row.user}{' · ' + _('glass broken') if row.is_glass_broken else ''}",
                _at(row.since, zone),
                _at(row.until, zone),
                row.brief,
            )
            for row in rows
        ],
        (0.18, 0.18, 0.23, 0.23, 0.18),
        _("Nobody took a chair."),
    )


def _promises(incident: Incident, zone: ZoneInfo) -> Part:
    rows = incident.deadlines.filter(overtaken_at=None).order_by("due_at")
    words = [
        (
            str(row.get_kind_display()),
            _at(row.due_at, zone),
            _at(row.stopped_at, zone),
            _ended(row),
        )
        for row in rows
    ]
    columns = (_("Promise"), _("Due"), _("Ended"), "")
    return Part(_("Promises"), columns, words, (0.34, 0.26, 0.26, 0.14), _("No clock ran."))


def _ended(row: Deadline) -> str:
    if row.was_kept is not None:
        return _("kept") if row.was_kept else _("missed")
    return _("running") if row.is_running else _("not needed any more")


def _updates(lines: Sequence[telling.Line], zone: ZoneInfo) -> Part:
    return Part(
        _("Updates"),
        (_("Time"), _("Who"), _("Words")),
        [
            (
                _at(line.at, zone),
                f"{line.actor}{', ' + line.words if line.kind == E.PUBLISHED else ''}",
                line.quote,
            )
            for line in lines
            if line.kind in _SAID
        ],
        (0.2, 0.2, 0.6),
        _("Nobody wrote an update."),
    )


def _mitigations(incident: Incident, zone: ZoneInfo) -> Part:
    rows = incident.attempts.select_related("mitigation", "by").order_by("started_at")
    return Part(
        _("Mitigations tried"),
        (_("Mitigation"), _("Who"), _("From"), _("Until"), _("Outcome")),
        [
            (
                row.mitigation.name,
                str(row.by or row.by_label),
                _at(row.started_at, zone),
                _at(row.ended_at, zone),
                _("dry run") if row.is_dry_run else str(row.get_outcome_display()),
            )
            for row in rows
        ],
        (0.23, 0.16, 0.23, 0.23, 0.15),
        _("None of the catalogue."),
    )


def _tasks(incident: Incident) -> Part:
    rows = incident.tasks.select_related("owner")
    return Part(
        _("Tasks"),
        (_("Task"), _("Owner"), _("State")),
        [(row.text, str(row.owner or _("nobody")), str(row.get_outcome_display())) for row in rows],
        (0.6, 0.2, 0.2),
        _("None."),
    )


def _of_kinds(
    heading: str, lines: Sequence[telling.Line], kinds: Sequence[str], zone: ZoneInfo, empty: str
) -> Part:
    rows = [(_at(line.at, zone), _words(line)) for line in lines if line.kind in kinds]
    return Part(heading, (_("Time"), _("Event")), rows, (0.2, 0.8), empty)


def _timeline(lines: Sequence[telling.Line], zone: ZoneInfo, *, is_cut: bool) -> Part:
    rows = [(str(line.number), _at(line.at, zone), line.actor, _words(line)) for line in lines]
    if is_cut:
        rows.append(
            (
                "…",
                "",
                "",
                _("Longer than %(most)d events; the rest stands in the room.") % {"most": MAX_EVENTS},
            )
        )
    return Part(_("Timeline"), ("#", _("Time"), _("Who"), _("Event")), rows, (0.06, 0.2, 0.16, 0.58))


def _words(line: telling.Line) -> str:
    said = f"{line.words} · {line.detail}" if line.detail else line.words
    if line.is_redacted:
        said += f" ({_('redacted')})"
    return f"{said}\n{line.quote}" if line.quote else said


# Shapes -------------------------------------------------------------------------------------------------


def to_markdown(paper: Paper) -> str:
    """GitHub's Markdown; all that people wrote is escaped."""
    blocks = [f"# {_cell(paper.title)}", _cell(paper.made)]
    if paper.warning:
        blocks.append(f"**{_cell(paper.warning)}**")
    blocks.append(" ".join(_cell(sentence) for sentence in paper.in_short))
    blocks.append(_table(("", ""), paper.facts))
    for part in paper.parts:
        blocks.append(f"## {part.heading}")
        blocks.append(_table(part.columns, part.rows) if part.rows else _cell(part.empty))
    return "\n\n".join(blocks) + "\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(
        "| " + " | ".join(cells) + " |"
        for cells in (
            [_cell(name) for name in columns],
            ["---"] * len(columns),
            *([_cell(cell) for cell in row] for row in rows),
        )
    )


def _cell(text: str) -> str:
    # The break is the only markup, and comes after the escaping.
    lines = (" ".join(line.split()) for line in _MARKS.sub(r"\\\1", text).strip().split("\n"))
    return "<br>".join(line for line in lines if line)


def to_pdf(paper: Paper) -> bytes:
    """A4, as `lib.pdf` sets it."""
    sheet = pdf.Paper(paper.title, foot=paper.title)
    sheet.heading(paper.title, 1)
    sheet.paragraph(paper.made, is_soft=True)
    if paper.warning:
        sheet.paragraph(paper.warning)
    sheet.paragraph(" ".join(paper.in_short))
    sheet.table(paper.facts, (0.25, 0.75))
    for part in paper.parts:
        sheet.heading(part.heading)
        if part.rows:
            sheet.table([part.columns, *part.rows], part.shares, has_head=True)
        else:
            sheet.paragraph(part.empty, is_soft=True)
    return sheet.done()


class File(NamedTuple):
    """A file to hand out."""

    name: str
    kind: str
    body: bytes


SHAPES = {"md": "text/markdown; charset=utf-8", "pdf": "application/pdf"}


def file_of(incident: Incident, shape: str) -> File:
    """The document as a file; ``shape`` is a key of `SHAPES`."""
    paper = read(incident)
    body = to_pdf(paper) if shape == "pdf" else to_markdown(paper).encode()
    # The name says no more than the reference: file names travel.
    return File(f"{incident.reference}.{shape}", SHAPES[shape], body)
