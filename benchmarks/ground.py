"""Throw-away servers, the real commands of Tocsin, and a load of keep-alive requests."""

import contextlib
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from lib import patience

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = 3.0
CONNECTIONS = 8


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def tools() -> Path:
    """The newest PostgreSQL of this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        sys.exit("The benchmarks need PostgreSQL (Debian: apt install postgresql).")
    return found[-1]


@contextlib.contextmanager
def postgres() -> Iterator[int]:
    """A PostgreSQL with its usual durability; yields its port."""
    folder, port = Path(tempfile.mkdtemp(prefix="tocsin-bench-")), free_port()
    run_as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    subprocess.run(
        [*run_as, tools() / "initdb", "-D", data, "-U", "tocsin", "-A", "trust"], check=True, stdout=-3
    )
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
    control = [*run_as, tools() / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], check=True, stdout=-3)
    try:
        yield port
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, stdout=-3)
        shutil.rmtree(folder, ignore_errors=True)


def environment(data: Path, pg_port: int) -> dict[str, str]:
    """What a process of Tocsin gets."""
    return {
        **os.environ,
        "TOCSIN_NO_BOOTSTRAP": "1",
        "TOCSIN_DATA_DIR": str(data),
        "DATABASE_URL": f"postgresql://tocsin@127.0.0.1:{pg_port}/postgres",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def manage(env: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(ended.stdout + ended.stderr)
    return ended.stdout


@contextlib.contextmanager
def running(command: list[str], env: dict[str, str], port: int = 0) -> Iterator[int]:
    """A process for the length of the block; with a port, from when it answers there; yields its id."""
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=-3, stderr=-3)
    try:
        if port:
            patience.until(lambda: listens(port), f"{command[0]} does not answer", seconds=60)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def granian(application: str, port: int) -> list[str]:
    """The web server as docker-compose.yml starts it, with one worker."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--no-ws"]
    return [*command, "--workers", "1", "--blocking-threads", "8", "--log-level", "critical", application]


Request = Callable[[int, int], bytes]


def rate(port: int, request: Request, *, expect: bytes, seconds: float = SECONDS) -> float:
    """Answers a second over a few keep-alive connections; any other answer ends the benchmark."""
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[int | str] = context.Queue()

    def work(connection: int) -> None:
        try:
            results.put(_drive(port, request, expect, seconds, connection))
        except Exception as error:
            results.put(f"{type(error).__name__}: {error}")

    drivers = [context.Process(target=work, args=[at]) for at in range(CONNECTIONS)]
    for driver in drivers:
        driver.start()
    counts = [results.get(timeout=seconds + 60) for _ in drivers]
    for driver in drivers:
        driver.join()
    if failed := [count for count in counts if isinstance(count, str)]:
        sys.exit(failed[0])
    return sum(int(count) for count in counts) / seconds


def paced(
    port: int, request: Request, *, expect: bytes, a_second: float, seconds: float = 2 * SECONDS
) -> list[float]:
    """Seconds each answer took at a fixed rate, counted from when its request was due: an open loop.

    A server that falls behind is asked no more slowly for it, as a slow closed loop would.
    """
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[list[float] | str] = context.Queue()
    step = CONNECTIONS / a_second
    start = time.monotonic() + 0.5

    def work(connection: int) -> None:
        took, due = [], start + step * connection / CONNECTIONS
        pause = threading.Event()
        try:
            with socket.create_connection(("127.0.0.1", port), 10) as wire:
                reader = wire.makefile("rb")
                while due < start + seconds:
                    pause.wait(max(due - time.monotonic(), 0))
                    wire.sendall(request(connection, time.time_ns()))
                    status = reader.readline()
                    _body(reader)
                    if expect not in status:
                        raise ValueError(f"unexpected answer: {status!r}")
                    took.append(time.monotonic() - due)
                    due += step
            results.put(took)
        except Exception as error:
            results.put(f"{type(error).__name__}: {error}")

    drivers = [context.Process(target=work, args=[at]) for at in range(CONNECTIONS)]
    for driver in drivers:
        driver.start()
    found = [results.get(timeout=seconds + 120) for _ in drivers]
    if failed := [one for one in found if isinstance(one, str)]:
        sys.exit(failed[0])
    return sorted(took for one in found for took in one if not isinstance(one, str))


def _drive(port: int, request: Request, expect: bytes, seconds: float, connection: int) -> int:
    count, base = 0, time.time_ns()
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        reader = wire.makefile("rb")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            wire.sendall(request(connection, base + count))
            status = reader.readline()
            body = _body(reader)
            if expect not in status:
                raise ValueError(f"unexpected answer: {status!r} {body[:200]!r}")
            count += 1
    return count


def _body(reader: BinaryIO) -> bytes:
    length, is_chunked = 0, False
    while (line := reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.lower().partition(b":")
        if name == b"content-length":
            length = int(value)
        is_chunked |= name == b"transfer-encoding" and b"chunked" in value
    if not is_chunked:
        return reader.read(length)
    body = b""
    while size := int(reader.readline(), 16):
        body += reader.read(size)
        reader.readline()
    reader.readline()
    return body


def interleaved(**measures: Callable[[], float]) -> dict[str, float]:
    """Each measured five times in turn; medians, because a shared machine has bad moments."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(ROUNDS):
        for name, measure in measures.items():
            found[name].append(measure())
    return {name: statistics.median(values) for name, values in found.items()}


def calibration() -> float:
    """Millions of additions a second, before and after: whether the machine was the same."""
    started, total = time.perf_counter(), 0
    for number in range(5_000_000):
        total += number
    return 5 / (time.perf_counter() - started)
