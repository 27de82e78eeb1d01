"""Delivery status notifications (RFC 3464): what a mail server writes about a mail it cannot deliver."""

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import Message
from typing import Any

# A report speaks of one mail of ours to one person; what lists more is not read to its end.
MOST_RECIPIENTS = 50
MOST_PARTS = 50
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ID = re.compile(r"<([^<>\s]{1,200})>")


@dataclass(frozen=True)
class Report:
    """What became of one mail.

    ``action`` is failed, delayed, delivered, relayed or expanded; ``status`` as ``5.1.1`` or empty; ``said``
    the server's own words. ``to`` are the addresses that the report itself came to, ``message_ids`` those of
    the mail it is about, without angle brackets.
    """

    action: str
    status: str
    said: str
    to: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """It will not be tried again."""
        return self.action == "failed"


def read(raw: bytes) -> Report | None:
    """The report in a mail; None for any other mail: answers, holiday notes, what cannot be read."""
    try:
        return _read(email.message_from_bytes(raw, policy=email.policy.compat32))
    except Exception:
        # The parser of the standard library raises many kinds over hostile mail, deep nesting among them.
        return None


def _read(mail: Message) -> Report | None:
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        return None
    parts = list(_parts(mail))
    status = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    if status is None or not isinstance(status.get_payload(), list):
        return None
    blocks = [block for block in status.get_payload() if isinstance(block, Message)]
    rows = [block for block in blocks[:MOST_RECIPIENTS] if block.get("Action")]
    if not rows:
        return None
    # Our mails have one recipient each; where a list server adds others, the worst news is the news.
    row = next((one for one in rows if _word(one["Action"]) == "failed"), rows[0])
    said = " ".join(str(row.get("Diagnostic-Code", "")).split()).partition(";")[2].strip()
    found = _STATUS.search(str(row.get("Status", "")))
    names = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
    to = [str(value) for name in names for value in mail.get_all(name, [])]
    return Report(
        action=_word(row["Action"]),
        status=found[1] if found else "",
        said=said[:300],
        to=tuple(to[:20]),
        message_ids=tuple(_ids(parts)),
    )


def _parts(mail: Message) -> list[Message]:
    """The parts of the report itself; what is inside the returned mail is not looked into."""
    payload: Any = mail.get_payload()
    return [part for part in payload[:MOST_PARTS] if isinstance(part, Message)]


def _word(value: Any) -> str:
    return str(value).split("(")[0].strip().lower()[:20]


def _ids(parts: list[Message]) -> list[str]:
    """Message ids of the mail that came back: it is returned whole, or its headers alone."""
    found: list[str] = []
    for part in parts:
        kind, payload = part.get_content_type(), part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list) and isinstance(payload[0], Message):
            found += _ID.findall(str(payload[0].get("Message-ID", "")))
        elif kind == "text/rfc822-headers":
            headers = email.message_from_bytes(part.get_payload(decode=True) or b"")  # type: ignore[arg-type]
            found += _ID.findall(str(headers.get("Message-ID", "")))
    return found[:5]
