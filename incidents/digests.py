"""The chain of digests: each event seals itself and all before it. Pure.

Version 1: SHA-256 over the canonical JSON list of previous digest, number, kind, both times (UTC,
microseconds), actor id, SHA-256(salt ‖ text) and SHA-256 of the canonical ``data``. A redaction blanks
text and data, never
the two hashes, so the chain stays whole.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

VERSION = 1
GENESIS = "0" * 64


def canonical(data: Any) -> str:
    """One text for one meaning: sorted keys, no white space, no escapes."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def text_hash(salt: str, text: str) -> str:
    return _sha(salt + text)


def data_hash(data: dict[str, Any]) -> str:
    return _sha(canonical(data))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def digest(
    *,
    previous: str,
    number: int,
    kind: str,
    at: datetime,
    recorded_at: datetime,
    actor_id: int | None,
    text_hash: str,
    data_hash: str,
) -> str:
    """Hex SHA-256 of the event and everything before it."""
    return _sha(
        canonical(
            [previous, number, kind, _instant(at), _instant(recorded_at), actor_id, text_hash, data_hash]
        )
    )


def check_data(data: dict[str, Any]) -> None:
    """Refuse what two databases would not give back alike: floats above all.

    Raises:
        TypeError: a programming mistake, never the user's.
    """
    for key, value in data.items():
        if value is not None and not isinstance(value, str | int | bool):
            raise TypeError(
                f"data[{key!r}] is a {type(value).__name__}; events keep strings, integers, booleans, null"
            )
