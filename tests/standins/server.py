"""The common part: notes what arrives; a knob makes the next answers fail, hang or break off."""

import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


class Asked:
    """One request as it arrived."""

    def __init__(self, handler, body):
        self.method, self.path, self.body = handler.command, handler.path, body
        self.headers = {name.lower(): value for name, value in handler.headers.items()}

    @property
    def form(self):
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def json(self):
        return json.loads(self.body)


class StandIn:
    """Answers with ``self.answer(asked)`` unless a knob is set."""

    def __init__(self):
        self.asked, self.failing, self.free = [], [], threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(self, body)
                stand_in.asked.append(asked)
                knob = stand_in.failing.pop(0) if stand_in.failing else None
                if knob == "hang":
                    stand_in.free.wait(30)
                    return
                if knob == "reset":
                    # With a linger of nothing the close is a reset and no goodbye.
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                    return
                status, headers, content = knob or stand_in.answer(asked)
                content = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=[0.05], daemon=True).start()

    def answer(self, asked):
        return 204, {}, b""

    def fail(self, *knobs):
        """``"hang"``, ``"reset"`` or ``(status, headers, body)`` for the next requests, one each."""
        self.failing += [knob if isinstance(knob, str | tuple) else (knob, {}, b"") for knob in knobs]

    def stop(self):
        self.free.set()
        self.server.shutdown()
        self.server.server_close()
