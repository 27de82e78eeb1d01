"""Who wants to hear of what: the registry that each room's `handlers.py` fills at start."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Literal

Payload = dict[str, Any]
Function = Callable[[Payload], None]
Queue = Literal["page", "bulk"]
Only = Mapping[str, Collection[Any]]


@dataclass(frozen=True)
class Handler:
    """A function of a room, the news it hears, and how long one attempt may take."""

    name: str
    topics: frozenset[str]
    function: Function
    lease: timedelta
    queue: Queue
    only: Only

    def hears(self, payload: Payload) -> bool:
        """Whether the news of one of its topics is for it."""
        return all(payload.get(name) in wanted for name, wanted in self.only.items())


_handlers: dict[str, Handler] = {}


def on(
    *topics: str,
    name: str,
    lease: timedelta = timedelta(seconds=30),
    queue: Queue = "bulk",
    only: Only = MappingProxyType({}),
) -> Callable[[Function], Function]:
    """Let the function hear of the topics.

    Delivery is at least once, so the function must be idempotent. After ``lease`` another process
    takes the attempt for lost and tries again. ``queue="page"`` is for what wakes somebody. ``only``
    names, by field of the payload, the values it hears of; what it would put aside is never owed to it.

    Raises:
        ValueError: another function has the name; messages are addressed by it.
    """

    def register(function: Function) -> Function:
        known = _handlers.get(name)
        if known and (known.function.__module__, known.function.__qualname__) != (
            function.__module__,
            function.__qualname__,
        ):
            raise ValueError(f"Two handlers are named {name}: {known.function.__module__} has it already.")
        _handlers[name] = Handler(name, frozenset(topics), function, lease, queue, only)
        return function

    return register


def forget(name: str) -> None:
    """Take a handler out again (for tests that bring their own)."""
    _handlers.pop(name, None)


def named(name: str) -> Handler | None:
    """The handler, or None when a newer version of the code no longer has it."""
    return _handlers.get(name)


def hearing(topic: str) -> list[Handler]:
    """Everybody who wants to hear of the topic, in a stable order."""
    return [_handlers[name] for name in sorted(_handlers) if topic in _handlers[name].topics]


def topics() -> frozenset[str]:
    """Every topic that somebody hears of."""
    return frozenset(topic for handler in _handlers.values() for topic in handler.topics)
