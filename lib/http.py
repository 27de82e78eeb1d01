"""Outgoing HTTP that cannot be talked into our own network: every address checked, size and time capped."""

import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import certifi
import httpcore

from lib.addresses import Blocked, Unreachable, resolve

__all__ = ["Answer", "Blocked", "Unreachable", "check_url", "fetch", "open_tcp"]

_REDIRECTS = {301, 302, 303, 307, 308}
# Services that must not be spoken to by tricking an HTTP client.
_CLOSED_PORTS = {1433, 1521, 2049, 2181, 2375, 2376, 3306, 5432, 5672, 6379, 9200, 11211, 27017}
_AGENT = "Tocsin"


@dataclass(frozen=True)
class Answer:
    """What the other side said. ``headers`` have lower-case names; ``body`` ends at the size cap."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: timedelta
    is_cut: bool = False
    certificate_ends_at: datetime | None = None
    url: str = ""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


@dataclass
class _Rules:
    """What holds for one fetch: the moment (monotonic seconds) at which it must be over, and its freedoms."""

    ends: float
    allow_private: bool

    def left(self) -> float:
        seconds = self.ends - time.monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout("out of time")
        return seconds


class _Stream(httpcore.NetworkStream):
    """A stream each of whose steps ends with the whole fetch, so that a trickle buys no time."""

    def __init__(self, inner: httpcore.NetworkStream, rules: _Rules) -> None:
        self._inner, self._rules = inner, rules

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._rules.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._rules.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._rules.left())
        return _Stream(inner, self._rules)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _CheckedBackend(httpcore.NetworkBackend):
    """Resolves once, checks, and connects to the very address that was checked (no rebinding).

    Host header and SNI still carry the name, because httpcore takes them from the URL.
    """

    def __init__(self, rules: _Rules) -> None:
        self._rules = rules
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolve(host, port, timeout=self._rules.left(), allow_private=self._rules.allow_private)
        for place, address in enumerate(addresses, start=1):
            # The last address may use all the time that is left, the ones before it a share.
            share = self._rules.left() / (len(addresses) - place + 1)
            try:
                return _Stream(self._plain.connect_tcp(address, port, timeout=share), self._rules)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if place == len(addresses):
                    raise
        raise httpcore.ConnectError("no address")

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise Blocked("Only http and https addresses can be reached.")


@cache
def _tls() -> ssl.SSLContext:
    # The system's certificates (a company's own authority is there) and Mozilla's.
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context


def check_url(url: str, *, allow_private: bool = False) -> str:
    """The URL if its shape is allowed (scheme, port, no password); names are resolved only by ``fetch``.

    Raises:
        Blocked: with a sentence that says why.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as bad:
        raise Blocked("That is not a web address.") from bad
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Blocked("Only http and https addresses can be reached.")
    if parts.username is not None or parts.password is not None:
        raise Blocked("An address with a name or password in it is not used.")
    if any(ord(char) <= 32 or ord(char) == 127 for char in url):
        raise Blocked("That web address holds a space or a control character.")
    if (
        port is not None
        and not allow_private
        and (port in _CLOSED_PORTS or (port not in (80, 443) and port < 1024))
    ):
        raise Blocked(f"Port {port} is not one that web servers use.")
    return url


def fetch(
    method: str,
    url: str,
    *,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10,
    max_bytes: int = 1_000_000,
    allow_private: bool = False,
    redirects: int = 0,
) -> Answer:
    """One request, as a whole within ``timeout`` seconds; any status is an answer.

    Args:
        allow_private: for addresses that only the operator can set; metadata services stay closed.
        max_bytes: the body is cut there (``Answer.is_cut``).
        redirects: how many to follow; each is checked like the first.

    Raises:
        Blocked: the address, or one it redirects to, must not be reached.
        Unreachable: no whole answer; the text says why.
    """
    rules = _Rules(ends=time.monotonic() + timeout, allow_private=allow_private)
    began, sent = time.monotonic(), dict(headers or {})
    content = body.encode() if isinstance(body, str) else body
    for hops_left in range(redirects, -1, -1):
        answer = _once(method, check_url(url, allow_private=allow_private), content, sent, max_bytes, rules)
        target = answer.headers.get("location")
        if not (answer.status in _REDIRECTS and target and hops_left):
            break
        url, method, content, sent = _next_hop(url, target, answer.status, method, content, sent)
    return Answer(**{**vars(answer), "elapsed": timedelta(seconds=time.monotonic() - began)})


def _next_hop(
    url: str, target: str, status: int, method: str, content: bytes | None, sent: dict[str, str]
) -> tuple[str, str, bytes | None, dict[str, str]]:
    there = urljoin(url, target)
    if urlsplit(there)[:2] != urlsplit(url)[:2]:
        # What opens one server is not told to another.
        private = ("authorization", "cookie", "proxy-authorization")
        sent = {name: value for name, value in sent.items() if name.lower() not in private}
    if status in (307, 308) or method in ("GET", "HEAD"):
        return there, method, content, sent
    return there, "GET", None, {k: v for k, v in sent.items() if not k.lower().startswith("content-")}


def _once(
    method: str, url: str, content: bytes | None, sent: Mapping[str, str], max_bytes: int, rules: _Rules
) -> Answer:
    began = time.monotonic()
    all_headers = {"Host": _host(url), "User-Agent": _AGENT, "Accept-Encoding": "identity", **sent}
    try:
        ascii_url = _ascii(url)
        with (
            httpcore.ConnectionPool(ssl_context=_tls(), network_backend=_CheckedBackend(rules)) as pool,
            pool.stream(
                method,
                ascii_url,
                headers=[(name.encode(), value.encode()) for name, value in all_headers.items()],
                content=content,
            ) as response,
        ):
            received, is_cut = _read(response.iter_stream(), max_bytes)
            return Answer(
                status=response.status,
                headers={
                    name.decode("latin-1").lower(): value.decode("latin-1")
                    for name, value in response.headers
                },
                body=received,
                elapsed=timedelta(seconds=time.monotonic() - began),
                is_cut=is_cut,
                certificate_ends_at=_certificate_end(response.extensions.get("network_stream")),
                url=url,
            )
    except httpcore.TimeoutException as slow:
        raise Unreachable("It took too long to answer.") from slow
    except ssl.SSLError as bad:
        raise Unreachable(f"Its certificate is not accepted: {bad.reason or bad}.") from bad
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError, UnicodeError, ValueError) as broken:
        raise Unreachable(f"It cannot be reached: {str(broken) or type(broken).__name__}.") from broken


def _read(chunks: Iterable[bytes], max_bytes: int) -> tuple[bytes, bool]:
    received = bytearray()
    for chunk in chunks:
        received += chunk
        if len(received) > max_bytes:
            return bytes(received[:max_bytes]), True
    return bytes(received), False


def _host(url: str) -> str:
    return urlsplit(_ascii(url)).netloc


def _ascii(url: str) -> str:
    """The URL with an international host name in its ASCII form."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.isascii():
        return url
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=host.encode("idna").decode() + port).geturl()


def _certificate_end(stream: Any) -> datetime | None:
    secured = stream.get_extra_info("ssl_object") if stream is not None else None
    certificate = secured.getpeercert() if secured is not None else None
    if not certificate or "notAfter" not in certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), tz=UTC)


def open_tcp(host: str, port: int, *, timeout: float = 10, allow_private: bool = False) -> socket.socket:
    """A connected socket to a checked address, for checks that are not HTTP.

    Raises:
        Blocked: the address must not be reached.
        Unreachable: nobody answered there within ``timeout`` seconds.
    """
    ends = time.monotonic() + timeout
    for address in resolve(host, port, timeout=timeout, allow_private=allow_private):
        try:
            return socket.create_connection((address, port), timeout=max(ends - time.monotonic(), 0.01))
        except OSError as error:
            problem = error
    raise Unreachable(f"{host} does not answer on port {port}: {problem}.")
