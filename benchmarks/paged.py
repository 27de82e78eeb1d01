"""From an alert to a page at the mail server: a whole house (`up`), alerts at a fixed rate."""

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from benchmarks import ground
from benchmarks.ingest import event
from lib import patience

ALERTS = int(os.environ.get("BENCH_ALERTS", "120"))
A_SECOND = float(os.environ.get("BENCH_ALERTS_A_SECOND", "2"))
GOAL_VISIBLE, GOAL_SENT = 0.25, 2.0
# A service for each alert, as each is to open an incident of its own; no bundles, as each is to be a page.
MAKE = """
from accounts import tokens
from accounts.actors import system
from accounts.models import User
from catalog.models import Service
from detection import sources
from oncall.models import Coverage
from oncall.storm_models import StormPolicy
StormPolicy.objects.update_or_create(pk=1, defaults={"pages": 0})
first = Service.objects.catch_all()
policy = Coverage.objects.get(service=first).policy
print("token", tokens.issue(User.objects.get(role="admin"), name="bench", scope="read")[1])
for n in range(ALERTS + 1):
    service = Service.objects.create(name=f"Bench {n}", slug=f"bench-{n}", team=first.team)
    Coverage.objects.update_or_create(service=service, defaults={"policy": policy})
    print("key", sources.create(actor=system(), name=f"bench {n}", kind="pagerduty", service=service)[1])
"""


class Postbox:
    """Notes when the first mail about each alert arrived (by `time.monotonic`)."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        at = time.monotonic()
        for name in re.findall(rb"alert-\d+-", envelope.content or b""):
            self.came.setdefault(name.decode(), at)
        return "250 kept"


@contextlib.contextmanager
def _redis(env: dict[str, str]) -> Iterator[dict[str, str]]:
    """With Redis where there is one, as in production; else the broker of `up` itself, a folder."""
    if not shutil.which("redis-server"):
        yield env
        return
    port = ground.free_port()
    command = ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no"]
    with ground.running(command, env, port):
        yield {**env, "REDIS_URL": f"redis://127.0.0.1:{port}/0"}


def _ask(url: str, body: str | None = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(url, body.encode() if body else None, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def _one(base: str, key: str, token: str, name: str, due: float) -> tuple[float, float]:
    """Fire one alert when it is due; seconds from then to the answer, and to its incident in the API."""
    threading.Event().wait(max(due - time.monotonic(), 0))
    said = json.loads(event(key, name))
    said["payload"]["summary"] = f"{name} fails"
    _ask(f"{base}/v2/enqueue", json.dumps(said))
    answered = time.monotonic() - due

    def listed() -> bool:
        return any(name in one["title"] for one in _ask(f"{base}/api/v1/incidents/", token=token)["results"])

    patience.until(listed, f"{name} opens no incident", seconds=60, every=0.01)
    return answered, time.monotonic() - due


def main() -> None:
    postbox, smtp = Postbox(), ground.free_port()
    controller = Controller(postbox, hostname="127.0.0.1", port=smtp)
    controller.start()
    with (
        ground.postgres() as pg_port,
        tempfile.TemporaryDirectory() as folder,
        _redis(ground.environment(Path(folder) / "data", pg_port)) as env,
    ):
        env = {**env, "EMAIL_URL": f"smtp://127.0.0.1:{smtp}"}
        web = ground.free_port()
        ground.manage(env, "prepare")
        made = ground.manage(
            env, "shell", "--verbosity", "0", "--command", f"ALERTS = {ALERTS}\n{MAKE}"
        ).split()
        token, keys = made[1], made[3::2]
        with ground.running([sys.executable, "manage.py", "up", "--port", str(web)], env, web):
            found = _fire(f"http://127.0.0.1:{web}", keys, token, postbox)
    controller.stop()
    _tell(found, postbox)


def _fire(base: str, keys: list[str], token: str, postbox: Postbox) -> dict[str, tuple[float, float, float]]:
    """By alert: when it was due, seconds to the answer, seconds until it was listed."""
    patience.until(lambda: _quiet(base), "its promises are never kept", seconds=120, every=0.5)
    # The first one meets a cold house; it is not counted.
    _one(base, keys.pop(), token, "warm-up", time.monotonic())
    start = time.monotonic() + 5
    names = {f"alert-{n}-": start + n / A_SECOND for n in range(len(keys))}
    with ThreadPoolExecutor(16) as pool:
        asked = [
            pool.submit(_one, base, key, token, name, due)
            for key, (name, due) in zip(keys, names.items(), strict=True)
        ]
        answers = [one.result() for one in asked]
    patience.until(lambda: len(postbox.came) == len(keys), "a page is missing", seconds=120, every=0.2)
    return {name: (due, *answer) for (name, due), answer in zip(names.items(), answers, strict=True)}


def _quiet(base: str) -> bool:
    with contextlib.suppress(OSError):
        _ask(f"{base}/promises")
        return True
    return False


def _tell(found: dict[str, tuple[float, float, float]], postbox: Postbox) -> None:
    print(f"{len(found)} alerts at {A_SECOND:g} a second, each its own incident and page")
    columns = {
        "answered": ([one[1] for one in found.values()], None),
        "incident listed": ([one[2] for one in found.values()], GOAL_VISIBLE),
        "page at the mail server": ([postbox.came[name] - one[0] for name, one in found.items()], GOAL_SENT),
    }
    for name, (unsorted, goal) in columns.items():
        took = sorted(unsorted)
        p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
        print(
            f"{name:24} p50 {p50:.3f} s, p99 {p99:.3f} s, max {took[-1]:.3f} s"
            + (f" (goal {goal} s)" if goal else "")
        )
