"""Two hundred watch one room, each asking every two seconds, while an event comes every second or none."""

import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import ground

WATCHERS = int(os.environ.get("BENCH_WATCHERS", "200"))
SECONDS = float(os.environ.get("BENCH_WATCHING", "20"))
#: As the page asks, on the average (`hx-trigger` of templates/incidents/detail.html says it to each).
EVERY = 2.0
GOAL_CPU, GOAL_P99 = 0.30, 0.050
# The room, and a session for every watcher: one session two hundred times would share its row.
MAKE = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.actors import system
from accounts.models import Role, User
from catalog.models import Service
from incidents import lifecycle
from incidents.models import Severity
room = lifecycle.open_incident(
    actor=system(), title="bench", service_ids=[Service.objects.catch_all().pk],
    severity=Severity.objects.order_by("rank").first(), declare=True,
)
print("room", room.pk, room.number, room.timeline.order_by("-number").first().number)
for n in range(WATCHERS):
    user = User(email=f"watcher{n}@example.com", name=f"Watcher {n}", role=Role.RESPONDER)
    user.set_unusable_password()
    user.save()
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session.save()
    print("session", session.session_key)
"""
TALK = """
import threading
from accounts.actors import system
from incidents import updates
pause = threading.Event()
while not pause.wait(1):
    updates.post_update(ROOM, actor=system(), text="Still looking.")
"""
Answer = tuple[float, int]


class Watcher:
    """One page: asks for what is newer than it knows, over one connection, from ``start`` on."""

    def __init__(self, port: int, number: int, after: int, session: str) -> None:
        self.port, self.number, self.after, self.session = port, number, after, session
        self.answers: list[Answer] = []
        self.pause = EVERY

    async def watch(self, start: float, end: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        due = start
        while due < end:
            await asyncio.sleep(max(due - time.monotonic(), 0))
            writer.write(self._request())
            status, body = await _read(reader)
            # From when it was due, not from when it was sent: a server that is behind is not excused.
            self.answers.append((time.monotonic() - due, status))
            if status == 200:
                self._learn(body)
            elif status != 204:
                sys.exit(f"a poll was answered {status}: {body[:200]!r}")
            # News puts a new element in the page, whose two seconds begin then; else the timer goes on.
            due = (time.monotonic() if status == 200 else due) + self.pause
        writer.close()

    def _request(self) -> bytes:
        path = f"/incidents/{self.number}/live/{self.after}/"
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nHX-Request: true\r\n"
        return f"{head}Cookie: sessionid={self.session}\r\n\r\n".encode()

    def _learn(self, body: bytes) -> None:
        found = re.search(rb"/live/(\d+)/", body)
        if not found:
            sys.exit(f"a poll's answer does not say how to go on: {body[:200]!r}")
        self.after = int(found[1])
        again = re.search(rb'hx-trigger="every (\d+)ms" hx-target="this"', body)
        self.pause = int(again[1]) / 1000 if again else EVERY


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    length = re.search(rb"content-length: (\d+)", head.lower())
    if length:
        return status, await reader.readexactly(int(length[1]))
    if b"chunked" not in head.lower():
        return status, b""
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return status, body


async def _crowd(watchers: list[Watcher]) -> None:
    """Everybody for so long, spread evenly over the two seconds, as people come in."""
    start = time.monotonic() + 0.5
    step = EVERY / len(watchers)
    await asyncio.gather(
        *(one.watch(start + at * step, start + at * step + SECONDS) for at, one in enumerate(watchers))
    )


def processor(root: int) -> float:
    """Seconds of processor time that a process and its children have used so far (Linux)."""
    spent, tick, family = 0.0, os.sysconf("SC_CLK_TCK"), {root}
    rows = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The command's name in brackets may hold blanks; what counts comes after it.
            rows[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
    for pid in sorted(rows):
        if pid in family or int(rows[pid][1]) in family:
            family.add(pid)
            spent += (int(rows[pid][11]) + int(rows[pid][12])) / tick
    return spent


def measure(name: str, web: int, watchers: list[Watcher]) -> None:
    for one in watchers:
        one.answers.clear()
    began, before = time.monotonic(), processor(web)
    asyncio.run(_crowd(watchers))
    share = (processor(web) - before) / (time.monotonic() - began)
    answers = [answer for one in watchers for answer in one.answers]
    took = sorted(seconds for seconds, _ in answers)
    news = sum(status == 200 for _, status in answers)
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    met = "met" if share <= GOAL_CPU and p99 <= GOAL_P99 else "not met"
    print(
        f"watchers {name:5} {len(took)} polls, {news} with news: p50 {p50 * 1000:.1f} ms, "
        f"p99 {p99 * 1000:.1f} ms; the server used {share * 100:.0f} % of one core; goal {met}"
    )


def main() -> None:
    with ground.postgres() as pg_port, tempfile.TemporaryDirectory() as folder:
        env = ground.environment(Path(folder) / "data", pg_port)
        ground.manage(env, "prepare")
        made = f"WATCHERS = {WATCHERS}\n{MAKE}"
        said = ground.manage(env, "shell", "--verbosity", "0", "--command", made).splitlines()
        room, number, last = next(line.split()[1:] for line in said if line.startswith("room "))
        sessions = [line.split()[1] for line in said if line.startswith("session ")]
        port = ground.free_port()
        with ground.running(ground.granian("config.wsgi:application", port), env, port) as web:
            watchers = [Watcher(port, int(number), int(last), session) for session in sessions]
            measure("warm", web, watchers)
            measure("idle", web, watchers)
            talk = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command"]
            with ground.running([*talk, TALK.replace("ROOM", room)], env):
                measure("busy", web, watchers)
