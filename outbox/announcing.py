"""Announcing: news is owed in the same transaction that makes it true."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils.timezone import now

from lib import failpoints
from outbox import doorbell, handlers
from outbox.models import Message


@dataclass(frozen=True)
class News:
    """One announcement of a topic: its key, its stream and the ids that the handler reads."""

    key: str
    stream: str = ""
    ids: dict[str, Any] = field(default_factory=dict)


def announce(topic: str, *, key: str, stream: str = "", **ids: Any) -> int:
    """Owe the news to everybody who hears of the topic; return to how many.

    ``key`` makes it idempotent: the same key is owed to a handler once. Messages of one ``stream``
    reach each handler in order. ``ids`` are the payload; the handler reads the truth afresh.

    Raises:
        RuntimeError: called outside a transaction, where the news could outlive a rolled-back fact.
    """
    return announce_all(topic, [News(key, stream, ids)])


def announce_all(topic: str, news: Sequence[News]) -> int:
    """The same for many at once, in one statement."""
    if not _in_transaction():
        raise RuntimeError(f"{topic} was announced outside a transaction; news and fact must share one.")
    at, hearing = now(), handlers.hearing(topic)
    owed = [
        Message(
            topic=topic,
            handler=handler.name,
            key=one.key,
            stream=one.stream,
            queue=handler.queue,
            payload={**one.ids, "topic": topic},
            created_at=at,
            due_at=at,
        )
        for one in news
        for handler in hearing
        if handler.hears(one.ids)
    ]
    if owed:
        Message.objects.bulk_create(owed, ignore_conflicts=True)
        transaction.on_commit(doorbell.ring)
    failpoints.reach("announced_before_commit")
    return len(owed)


def _in_transaction() -> bool:
    # A test case wraps every test in a transaction of its own; that one proves nothing.
    blocks = getattr(connection, "atomic_blocks", [])
    return any(not getattr(block, "_from_testcase", False) for block in blocks)
