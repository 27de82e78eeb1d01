"""Which addresses an outgoing request may reach: the whole internet, and nothing of our own network."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings

from lib.refusal import Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Metadata services of clouds; open only by naming their network, never by ``allow_private``.
_METADATA: tuple[Network, ...] = tuple(
    ipaddress.ip_network(net)
    for net in ("169.254.0.0/16", "fe80::/10", "168.63.129.16/32", "fd00:ec2::254/128")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Blocked(Refused):
    """The address must not be reached from here; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__("blocked_address", message, status=400)


class Unreachable(Exception):
    """There was no whole answer: no such name, no connection, bad TLS, or too slow."""


def check(address: str, *, allow_private: bool = False) -> None:
    """Raise ``Blocked`` unless this address (as text) may be reached."""
    ip = embedded(ipaddress.ip_address(address.partition("%")[0]))
    if any(ip in network for network in _allowed()):
        return
    if any(ip in network for network in _METADATA):
        raise Blocked(f"{address} is a link-local or metadata address.")
    if not allow_private and (not ip.is_global or ip.is_multicast):
        raise Blocked(f"{address} is not a public address. An admin can allow its network.")


def embedded(ip: Address) -> Address:
    """The IPv4 address that an IPv6 one really leads to, where it does."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or ip
    return ip


def _allowed() -> tuple[Network, ...]:
    return _networks(tuple(getattr(settings, "OUTGOING_ALLOWED_NETWORKS", ())))


@lru_cache(maxsize=8)
def _networks(names: Iterable[str]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(name.strip(), strict=False) for name in names)


def resolve(host: str, port: int, *, timeout: float, allow_private: bool = False) -> list[str]:
    """All addresses of a name, each of them checked: one bad one blocks the name.

    ``timeout`` in seconds; the system's resolver knows none, so it runs in a thread of its own.

    Raises:
        Blocked: an address must not be reached.
        Unreachable: no such name, or no answer in time.
    """
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(host, port, answers), daemon=True, name="resolve").start()
    try:
        found = answers.get(timeout=max(timeout, 0.001))
    except queue.Empty:
        raise Unreachable(f"The name {host} did not resolve in time.") from None
    if isinstance(found, Exception):
        raise Unreachable(f"The name {host} does not resolve.") from found
    for address in found:
        check(address, allow_private=allow_private)
    return found


def _look_up(host: str, port: int, answers: "queue.SimpleQueue[list[str] | Exception]") -> None:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answers.put(list(dict.fromkeys(str(row[4][0]) for row in rows)))
    except (OSError, UnicodeError) as error:
        answers.put(error)
