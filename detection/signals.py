"""What every format becomes: a signal about one key, or the news of a change. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.utils.dateparse import parse_datetime

from detection.kinds import Severity
from lib.text import is_storable

Action = Literal["trigger", "acknowledge", "resolve"]

MAX_KEY = 255
MAX_SUMMARY = 1024
MAX_LABELS = 60
MAX_LABEL = 500
MAX_LINKS = 20
#: So many signals one body may carry; Alertmanager's groups stay far below.
MAX_SIGNALS = 1000


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One statement of a source about one key."""

    action: Action
    key: str
    summary: str = ""
    severity: str = ""
    service: str = ""
    occurrence: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[dict[str, str], ...] = ()
    runbook_url: str = ""
    sent_at: datetime | None = None
    service_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """A deploy or a change of configuration somebody told us of."""

    summary: str
    version: str
    at: datetime | None = None
    url: str = ""
    author: str = ""
    service: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


class Malformed(Exception):
    """The body is not what the format says; ``errors`` name every place that has to be mended."""

    def __init__(self, *errors: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = list(errors)


def cut(value: Any, length: int) -> str:
    """A text of at most ``length`` characters; what is no text is written out."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    text = text.strip()
    return text if len(text) <= length else text[: length - 1] + "…"


def labels_of(*parts: Any) -> dict[str, str]:
    """Flat labels from objects of any shape, later ones first in weight, bounded in number and length."""
    flat: dict[str, str] = {}
    for part in parts:
        if isinstance(part, Mapping):
            for name, value in part.items():
                if value is None or isinstance(value, (dict, list)) or len(flat) >= MAX_LABELS:
                    continue
                flat[cut(name, 100)] = cut(_plain(value), MAX_LABEL)
    return flat


def _plain(value: Any) -> Any:
    return ("false", "true")[value] if isinstance(value, bool) else value


def links_of(value: Any) -> tuple[dict[str, str], ...]:
    """Links that a page may show: only http and https, each with a text."""
    links = []
    for link in value if isinstance(value, Sequence) and not isinstance(value, str) else ():
        href = web_address(link.get("href")) if isinstance(link, Mapping) else ""
        if href:
            links.append({"href": href, "text": cut(link.get("text") or link.get("alt") or href, 200)})
    return tuple(links[:MAX_LINKS])


def web_address(value: Any) -> str:
    """The address if it is one of the web and short enough to keep; else nothing."""
    text = value.strip() if isinstance(value, str) else ""
    return text if text.lower().startswith(("http://", "https://")) and len(text) <= 500 else ""


def moment(value: Any) -> datetime | None:
    """An instant from RFC 3339 or Unix seconds; None for what cannot be read or is absurd."""
    read: datetime | None = None
    try:
        if isinstance(value, str):
            read = parse_datetime(value.strip())
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            read = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if read is None or not 2000 <= read.year <= 2200:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def is_severity(word: str) -> bool:
    """Is it a word for how bad it is, in any of the dialects that tools speak?"""
    known = {choice for choice in Severity.values if choice}
    return word.lower() in known | {"p1", "p2", "p3", "p4", "p5"}


def check_storable(body: bytes, parsed: Any) -> None:
    """Refuse what no database keeps: a NUL, or half of a surrogate pair (only escapes can bring them).

    Raises:
        Malformed: there is one, with the place where it stands.
    """
    if b"\\u" in body:
        _walk(parsed, "")


def _walk(value: Any, at: str) -> None:
    if isinstance(value, str) and not is_storable(value):
        where = at or "the body"
        raise Malformed(f"{where} holds a character that cannot be stored (NUL or half a surrogate pair)")
    if isinstance(value, dict):
        for name, inner in value.items():
            _walk(name, f"a name in {at or 'the body'}")
            _walk(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _walk(inner, f"{at}[{place}]")


def is_recent(at: datetime, *, around: datetime) -> bool:
    """A time a client may have meant: not in our future, not older than a year."""
    return around - timedelta(days=366) <= at <= around + timedelta(minutes=5)
