"""Stand-ins for everybody's telephones: a signed webhook and a mail server that count what arrives."""

import json
import random
import threading
import time
from dataclasses import dataclass
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from tests.faults.house import free_port


@dataclass(frozen=True)
class Arrival:
    """One message, at the moment in which the receiver had it whole."""

    id: str
    at: float
    by: str
    link: str = ""


class Receivers:
    """Both servers. They are slow by chance, so that a kill finds somebody in the middle of sending."""

    def __init__(self, seed: int) -> None:
        self.arrivals: list[Arrival] = []
        self.changed = threading.Condition()
        self.chance = random.Random(seed)
        # Cleared: requests to /slow wait, and say from which port they came.
        self.gate = threading.Event()
        self.gate.set()
        self.waiting: list[int] = []
        owner = self

        class Hook(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                owner.hook(self)

            def log_message(self, *args: Any) -> None:
                return None

        ThreadingHTTPServer.request_queue_size = 128
        self.web = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        self.web.daemon_threads = True
        self.hook_url = f"http://127.0.0.1:{self.web.server_port}"
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        port = free_port()
        self.smtp = Controller(self, hostname="127.0.0.1", port=port)
        self.smtp.start()
        self.mail_url = f"smtp://127.0.0.1:{port}"

    def hook(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["content-length"])))
        if request.path.startswith("/slow") and not self.gate.is_set():
            self.waiting.append(request.client_address[1])
            self.gate.wait(60)
        link = body["data"].get("acknowledge_url") or ""
        self._arrived(Arrival(request.headers["webhook-id"], time.time(), "webhook", link))
        threading.Event().wait(self.chance.random() * 0.3)
        try:
            request.send_response(204)
            request.end_headers()
        except OSError:
            pass  # Killed while it waited for the answer: this one it will send again.

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content)
        self._arrived(Arrival(str(message["Message-ID"]).strip("<>").split("@")[0], time.time(), "mail"))
        return "250 taken"

    def _arrived(self, arrival: Arrival) -> None:
        with self.changed:
            self.arrivals.append(arrival)
            self.changed.notify_all()

    def links(self) -> list[str]:
        with self.changed:
            return [arrival.link for arrival in self.arrivals if arrival.link]

    def close(self) -> None:
        self.gate.set()
        self.web.shutdown()
        self.web.server_close()
        self.smtp.stop()
