"""Alerts a second, durable before the answer: Tocsin, its statements by pgbench, one INSERT by Django."""

import http.client
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import captured, ground

SOURCE = """
from accounts.actors import system
from catalog.models import Service
from detection import sources
service = Service.objects.catch_all()
print("key", sources.create(actor=system(), name="bench", kind="pagerduty", service=service)[1])
"""
TABLES = "CREATE TABLE bench_event (id bigserial PRIMARY KEY, body text NOT NULL)"


def event(key: str, dedup: str) -> str:
    payload = {"summary": "Checkout fails", "source": "bench", "severity": "critical"}
    return json.dumps({"routing_key": key, "event_action": "trigger", "dedup_key": dedup, "payload": payload})


def post(path: str, body: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def pgbench(port: int, script: Path) -> float:
    command = [ground.tools() / "pgbench", "-n", "-h", "127.0.0.1", "-p", str(port), "-U", "tocsin"]
    command += ["-c", str(ground.CONNECTIONS), "-T", str(int(ground.SECONDS)), "-M", "simple", "-f", script]
    ended = subprocess.run([*command, "postgres"], check=False, capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", ended.stdout)
    if ended.returncode or not found:
        sys.exit(ended.stdout + ended.stderr)
    return float(found[1])


def main() -> None:
    with ground.postgres() as pg_port, tempfile.TemporaryDirectory() as folder:
        env = ground.environment(Path(folder) / "data", pg_port)
        ground.manage(env, "prepare")
        key = ground.manage(env, "shell", "--verbosity", "0", "--command", SOURCE).split()[-1]
        here = ["psql", "-h", "127.0.0.1", "-p", str(pg_port), "-U", "tocsin", "-c", TABLES, "postgres"]
        subprocess.run(here, check=True, capture_output=True)
        own = captured.scripts(env, key, Path(folder))
        web, bare = ground.free_port(), ground.free_port()
        bare_env = {**env, "BENCH_PG_PORT": str(pg_port)}
        with (
            ground.running(ground.granian("config.wsgi:application", web), env, web),
            ground.running(ground.granian("benchmarks.bare:application", bare), bare_env, bare),
        ):

            def say(name: Callable[[int, int], str]) -> float:
                return ground.rate(
                    web, lambda c, n: post("/v2/enqueue", event(key, name(c, n))), expect=b"202"
                )

            warm(web, key)
            found = ground.interleaved(
                new=lambda: say(lambda c, n: f"new-{c}-{n}"),
                new_pgbench=lambda: pgbench(pg_port, own["new"]),
                repeated=lambda: say(lambda c, n: f"hot-{c}-{n % 10}"),
                repeated_pgbench=lambda: pgbench(pg_port, own["again"]),
                one_key=lambda: say(lambda c, n: "one"),
                one_key_pgbench=lambda: pgbench(pg_port, own["one"]),
                bare_insert=lambda: ground.rate(
                    bare, lambda c, n: post("/", event(key, f"{n}")), expect=b"202"
                ),
            )
            half = found["repeated"] / 2
            took = ground.paced(
                web,
                lambda c, n: post("/v2/enqueue", event(key, f"hot-{c}-{n % 10}")),
                expect=b"202",
                a_second=half,
            )
    tell(found)
    p50, p99 = took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000
    print(f"ingest repeated at {half:.0f} a second: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def warm(port: int, key: str) -> None:
    """Let every key that is going to be repeated be known, or its first firing is measured instead."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for dedup in ["one", *(f"hot-{c}-{n}" for c in range(ground.CONNECTIONS) for n in range(10))]:
        wire.request("POST", "/v2/enqueue", event(key, dedup), {"Content-Type": "application/json"})
        if (answer := wire.getresponse()).status != 202:
            sys.exit(f"the warm-up was answered {answer.status}")
        answer.read()


def tell(found: dict[str, float]) -> None:
    for name, value in found.items():
        print(f"ingest {name:17} {value:9.0f} a second")
    for name in ("new", "repeated", "one_key"):
        print(f"ingest {name} / bare Django insert       = {found[name] / found['bare_insert']:.2f}")
        print(f"ingest {name} / pgbench, same statements = {found[name] / found[name + '_pgbench']:.2f}")
    print(f"ingest one key / eighty keys = {found['one_key'] / found['repeated']:.2f}")
