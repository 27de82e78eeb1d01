"""The guarded client against servers that lie, trickle, redirect and answer too much."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils.timezone import now

from lib import addresses, http
from lib.http import Blocked, Unreachable, check_url, fetch, open_tcp


class Handler(BaseHTTPRequestHandler):
    """A small server with bad manners; `seen` collects what was asked."""

    seen: list[tuple[str, str, dict[str, str], bytes]]
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, self.path, dict(self.headers), body))
        where, _, rest = self.path.lstrip("/").partition("?")
        getattr(self, f"do_{where}", self.do_ok)(rest)

    do_GET = do_POST = _serve

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_ok(self, rest: str) -> None:
        self._send(200, b"hello", **{"X-Name": "v"})

    def do_broken(self, rest: str) -> None:
        self._send(500, b"no")

    def do_to(self, target: str) -> None:
        self._send(302, Location=target)

    def do_round(self, rest: str) -> None:
        self._send(302, Location="/round")

    def do_keep(self, target: str) -> None:
        self._send(307, Location=target)

    def do_huge(self, rest: str) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(2000):
                self.wfile.write(b"x" * 100_000)
        except OSError:
            pass
        self.close_connection = True

    def do_trickle(self, rest: str) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while not stop.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True

    def do_hang(self, rest: str) -> None:
        stop.wait(20)

    def log_message(self, *args: object) -> None:
        pass


stop = threading.Event()


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    stop.clear()
    Handler.seen = []
    it = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.daemon_threads = True
    threading.Thread(target=it.serve_forever, daemon=True).start()
    yield it
    stop.set()
    it.shutdown()
    it.server_close()


@pytest.fixture
def url(server, settings) -> str:
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    return f"http://127.0.0.1:{server.server_port}"


def test_an_answer_is_an_answer_whatever_its_status(url):
    answer = fetch("POST", f"{url}/ok", body="ä", headers={"X-Mine": "1"})
    broken = fetch("GET", f"{url}/broken")

    assert (answer.status, answer.body, answer.headers["x-name"]) == (200, b"hello", "v")
    assert (broken.status, broken.text) == (500, "no")
    assert Handler.seen[0][3] == "ä".encode()
    assert Handler.seen[0][2]["X-Mine"] == "1"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "127.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "[ff02::1]",
        "192.0.2.1",
        "198.18.0.1",
    ],
)
def test_no_form_of_an_inner_address_is_reached(host):
    with pytest.raises(Blocked):
        fetch("GET", f"http://{host}/", timeout=5)


def test_metadata_stays_closed_even_where_private_is_allowed(settings):
    for host in ("169.254.169.254", "[::ffff:169.254.169.254]", "168.63.129.16"):
        with pytest.raises(Blocked):
            fetch("GET", f"http://{host}/", allow_private=True)


def test_private_addresses_open_by_the_operator_or_an_allowed_network(server, settings):
    url = f"http://127.0.0.1:{server.server_port}/ok"
    with pytest.raises(Blocked):
        fetch("GET", url)
    assert fetch("GET", url, allow_private=True).status == 200

    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    assert fetch("GET", url).status == 200


def test_one_bad_address_blocks_a_name(monkeypatch):
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: rows)

    with pytest.raises(Blocked):
        fetch("GET", "http://two-faced.example/")


def test_a_rebinding_name_is_connected_at_the_address_that_was_checked(server, settings, monkeypatch):
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.1/32"]
    asked = []

    def turncoat(host, port, *args, **kwargs):
        # The first answer is fine, every later one points elsewhere.
        asked.append(host)
        ip = "127.0.0.1" if len(asked) == 1 else "10.9.9.9"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    reached = []
    monkeypatch.setattr(addresses.socket, "getaddrinfo", turncoat)

    def connect(address, *args, **kwargs):
        reached.append(address[0])
        return _by_number(address)

    def _by_number(address):
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        plain.connect(address)
        return plain

    monkeypatch.setattr(socket, "create_connection", connect)
    answer = fetch("GET", f"http://rebind.example:{server.server_port}/ok")

    assert answer.status == 200
    assert (asked, reached) == (["rebind.example"], ["127.0.0.1"])
    assert Handler.seen[0][2]["Host"] == f"rebind.example:{server.server_port}"


@pytest.mark.parametrize(
    "bad",
    [
        "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/", "example.com", "http://",
        "http://user:pass@example.com/", "http://example.com:22/", "http://example.com:6379/", "http://example.com:99999/",
        "http://exa mple.com/", "http://example.com/\r\nX: y", "javascript:alert(1)", "http://[::1", "",
    ],
)  # fmt: skip
def test_a_url_of_the_wrong_shape_is_refused_with_a_sentence(bad):
    with pytest.raises(Blocked) as refusal:
        check_url(bad)
    assert refusal.value.message.endswith(".")


def test_redirects_are_followed_only_when_asked_and_each_is_checked(url):
    assert fetch("GET", f"{url}/to?/ok").status == 302
    assert fetch("GET", f"{url}/to?/ok", redirects=1).body == b"hello"
    with pytest.raises(Blocked):
        fetch("GET", f"{url}/to?http://10.0.0.1/", redirects=3)
    with pytest.raises(Blocked):
        fetch("GET", f"{url}/to?file:///etc/passwd", redirects=3)


def test_a_circle_of_redirects_ends(url):
    assert fetch("GET", f"{url}/round", redirects=4).status == 302
    assert len(Handler.seen) == 5


def test_what_opens_one_server_is_not_told_to_another(url, server):
    other = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    fetch(
        "POST",
        f"{url}/keep?http://127.0.0.1:{other.server_port}/ok",
        body=b"x",
        headers={"Authorization": "Bearer secret", "X-Fine": "1"},
        redirects=1,
    )
    other.shutdown()
    other.server_close()

    assert Handler.seen[0][2]["Authorization"] == "Bearer secret"
    assert "Authorization" not in Handler.seen[1][2]
    assert Handler.seen[1][2]["X-Fine"] == "1"
    assert Handler.seen[1][3] == b"x"


def test_a_body_without_end_is_cut(url):
    answer = fetch("GET", f"{url}/huge", max_bytes=1000)

    assert (len(answer.body), answer.is_cut) == (1000, True)


@pytest.mark.parametrize("where", ["trickle", "hang"])
def test_a_fetch_ends_with_its_time(url, where):
    began = time.monotonic()
    with pytest.raises(Unreachable, match="too long"):
        fetch("GET", f"{url}/{where}", timeout=0.4)
    assert time.monotonic() - began < 10  # Either would go on for longer.


def test_nobody_there_is_said_plainly(settings):
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable):
            fetch("GET", f"http://127.0.0.1:{port}/")
        with pytest.raises(Unreachable):
            open_tcp("127.0.0.1", port, timeout=1)
    with pytest.raises(Unreachable):
        fetch("GET", "http://no-such-name.invalid/")


def test_plain_connections_are_guarded_too(server, settings):
    with pytest.raises(Blocked):
        open_tcp("127.0.0.1", server.server_port)
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    open_tcp("127.0.0.1", server.server_port).close()


@pytest.fixture
def secured(server, settings, monkeypatch, tmp_path):
    """The same server behind TLS as ``tls.example``; the names that clients asked for are collected."""
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    key, ends = ec.generate_private_key(ec.SECP256R1()), now() + timedelta(days=20)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tls.example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends - timedelta(days=40))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("tls.example")]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "both.pem").write_bytes(private + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    names: list[str | None] = []
    context.sni_callback = lambda sock, asked, ctx: names.append(asked)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    trusting = ssl.create_default_context(cadata=certificate.decode())
    monkeypatch.setattr(http, "_tls", lambda: trusting)
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **kw: real("127.0.0.1", *args, **kw))
    return server.server_port, names, ends


def test_tls_asks_for_the_name_and_checks_it_though_it_connects_by_number(secured):
    port, names, ends = secured
    answer = fetch("GET", f"https://tls.example:{port}/ok")

    assert answer.body == b"hello"
    assert names == ["tls.example"]
    assert answer.certificate_ends_at == ends.replace(microsecond=0)
    with pytest.raises(Unreachable, match="certificate"):
        fetch("GET", f"https://other.example:{port}/ok")
