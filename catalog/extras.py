"""What rooms above add to a service in the API, each under its own name, filled in as they start."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog.models import Service


@dataclass(frozen=True)
class ServiceField:
    """A field of a service that is kept in another room.

    ``read(service)`` gives its value, ``write(service, value, actor)`` sets it or refuses.
    """

    read: Callable[[Service], Any]
    write: Callable[..., None]
    help_text: str = ""
    is_flag: bool = False


service_fields: dict[str, ServiceField] = {}


def add_service_field(
    name: str,
    read: Callable[[Service], Any],
    write: Callable[..., None],
    help_text: str = "",
    *,
    is_flag: bool = False,
) -> None:
    """Let the API of services carry one more field, a text or a flag; ``write(service, value, *, actor)``."""
    service_fields[name] = ServiceField(read, write, help_text, is_flag)


@dataclass(frozen=True)
class ServiceColumn:
    """A column of the list of services: ``read(user, services)`` gives what to show by service id."""

    label: Any
    read: Callable[[Any, list[Service]], dict[int, Any]]


# Addresses of fragments, asked with the service's slug and shown on its page.
service_panels: list[str] = []
service_columns: list[ServiceColumn] = []
# Answers which services have an open incident the reader may know of.
services_hit: list[Callable[[Any], set[int]]] = []


def hit(user: Any) -> set[int]:
    """Services in trouble now, as far as this reader may know."""
    return {pk for ask in services_hit for pk in ask(user)}
