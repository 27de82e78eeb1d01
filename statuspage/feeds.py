"""The same news for feed readers and calendars: Atom, RSS and iCalendar. Pure."""

from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from django.utils.html import escape

from lib import markdown
from statuspage.kinds import MaintenanceStatus, NoticeStatus
from statuspage.snapshot import MaintenanceView, NoticeView, Snapshot, UpdateView

_LATEST = 50
_ATOM = "http://www.w3.org/2005/Atom"
# XML 1.0 cannot hold these at all, not even escaped.
_FORBIDDEN = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])


def _entries(shot: Snapshot) -> list[NoticeView | MaintenanceView]:
    both: list[NoticeView | MaintenanceView] = [*shot.notices, *shot.maintenances]
    return sorted(both, key=lambda entry: entry.created_at, reverse=True)[:_LATEST]


def _words(status: str) -> str:
    names = {**dict(NoticeStatus.choices), **dict(MaintenanceStatus.choices)}
    return str(names.get(status, status))


def _stamp(at: datetime, shot: Snapshot) -> str:
    local = at.astimezone(shot.page.zone)
    return f"{local:%b} {local.day}, {local:%H:%M %Z}"


def _paragraph(update: UpdateView, shot: Snapshot) -> str:
    body = str(markdown.render(update.body)).strip().removeprefix("<p>").removesuffix("</p>")
    return (
        f"<p><small>{escape(_stamp(update.at, shot))}</small><br>"
        f"<strong>{escape(_words(update.status))}</strong> - {body}</p>"
    )


def html(entry: NoticeView | MaintenanceView, shot: Snapshot) -> str:
    """The updates of a notice, newest first."""
    return "".join(_paragraph(update, shot) for update in entry.updates)


def _link(entry: NoticeView | MaintenanceView, shot: Snapshot) -> str:
    return f"{shot.page.address}/incidents/{entry.id}/"


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, name, attributes)
    if text:
        child.text = text.translate(_FORBIDDEN)
    return child


def _xml(root: ET.Element) -> bytes:
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def atom(shot: Snapshot) -> bytes:
    """RFC 4287; an update keeps the id of its entry and moves ``updated``."""
    page, host = shot.page, shot.page.host
    root = ET.Element("feed", {"xml:lang": "en-US", "xmlns": _ATOM})
    _add(root, "id", f"tag:{host},2005:/history")
    _add(root, "link", rel="alternate", type="text/html", href=page.address)
    _add(root, "link", rel="self", type="application/atom+xml", href=f"{page.address}/history.atom")
    _add(root, "title", f"{page.name} Status - Incident History")
    _add(root, "updated", page.updated_at.astimezone(UTC).isoformat(timespec="seconds"))
    _add(_add(root, "author"), "name", page.name)
    for entry in _entries(shot):
        node = _add(root, "entry")
        _add(node, "id", f"tag:{host},2005:Incident/{entry.id}")
        _add(node, "published", entry.created_at.astimezone(UTC).isoformat(timespec="seconds"))
        _add(node, "updated", entry.updated_at.astimezone(UTC).isoformat(timespec="seconds"))
        _add(node, "link", rel="alternate", type="text/html", href=_link(entry, shot))
        _add(node, "title", entry.title)
        _add(node, "content", html(entry, shot), type="html")
    return _xml(root)


def rss(shot: Snapshot) -> bytes:
    """RSS 2.0."""
    page = shot.page
    root = ET.Element("rss", {"version": "2.0"})
    channel = _add(root, "channel")
    _add(channel, "title", f"{page.name} Status - Incident History")
    _add(channel, "link", page.address)
    _add(channel, "description", page.intro or f"What happened at {page.name}.")
    _add(channel, "pubDate", format_datetime(page.updated_at.astimezone(UTC)))
    for entry in _entries(shot):
        item = _add(channel, "item")
        _add(item, "title", entry.title)
        _add(item, "description", html(entry, shot))
        _add(item, "pubDate", format_datetime(entry.created_at.astimezone(UTC)))
        _add(item, "link", _link(entry, shot))
        _add(item, "guid", _link(entry, shot))
    return _xml(root)


def _ics_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n").translate(_FORBIDDEN)


def _folded(line: str) -> str:
    """RFC 5545: no line longer than 75 octets, and none cut inside a character."""
    parts: list[str] = []
    current = ""
    for char in line:
        if len((current + char).encode()) > (75 if not parts else 74):
            parts.append(current)
            current = ""
        current += char
    return "\r\n ".join([*parts, current])


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def ics(shot: Snapshot) -> bytes:
    """Maintenance that is running or to come, as a calendar."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tocsin//Status page//EN",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_ics_text(shot.page.name)} maintenance",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]
    for work in shot.maintenances:
        body = work.updates[0].body if work.updates else ""
        lines += [
            "BEGIN:VEVENT",
            f"UID:{work.id}@{shot.page.host}",
            f"DTSTAMP:{_utc(work.updated_at)}",
            f"LAST-MODIFIED:{_utc(work.updated_at)}",
            f"SEQUENCE:{len(work.updates)}",
            f"DTSTART:{_utc(work.scheduled_for)}",
            f"DTEND:{_utc(work.scheduled_until)}",
            f"SUMMARY:{_ics_text(work.title)}",
            f"DESCRIPTION:{_ics_text(body)}",
            f"URL:{_link(work, shot)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return ("\r\n".join(_folded(line) for line in lines) + "\r\n").encode()
