"""`manage.py up`: web, worker, beat and watch in one terminal.

Standard library only: the supervisor loads no Django, so that it starts at once, stays small, and
a mistake in a room cannot take it down.
"""

import argparse
import fcntl
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType

from config.child import Child, Flood, run_once

ROOT = Path(__file__).resolve().parent.parent
# All children together must be gone within 10 seconds; a hanging handler is safe to cut off.
PATIENCE_SECONDS = 6.0
START_SECONDS = 60.0


class Stopped(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `up` can be told; shared with Django's help."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
    parser.add_argument("--demo", action="store_true", help="fill an empty installation with a lifelike year")


def main(arguments: list[str]) -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="manage.py up")
    add_arguments(parser)
    asked = parser.parse_args(arguments)
    return run(asked.host, asked.port, is_demo=asked.demo)


def run(host: str, port: int, *, is_demo: bool = False) -> int:
    """Prepare, start everything, and stay until told to stop; returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    children: list[Child] = []
    try:
        problem = _why_not(host, port)
        if problem:
            _say(problem)
            return 1
        environment = _environment(host, port)
        lock = _only_one(environment)
        if lock is None:
            _say(f"Tocsin is running already with the data in {environment['TOCSIN_DATA_DIR']}.")
            return 1
        if code := _prepare(environment, is_demo=is_demo):
            _say("Tocsin could not prepare its database; the lines above say why.")
            return code
        children = _children(host, port, environment)
        return _watch_over(children, host, port, environment["TOCSIN_BASE_URL"])
    except Stopped:
        _say("stopping ...")
        return 0
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _end(children)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _why_not(host: str, port: int) -> str:
    """A sentence when nobody can listen there, else nothing."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the web server does: a closed connection that still lingers is no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OverflowError:
        return f"{port} is not a port; choose one from 1024 to 65535."
    except PermissionError:
        return f"Port {port} is reserved for root; choose one from 1024 up, for example --port 8000."
    except OSError as error:
        if isinstance(error, socket.gaierror):
            return f"{host} is not an address of this machine ({error.strerror})."
        return f"Port {port} on {host} is taken by another program ({error.strerror}); try --port {port + 1}."
    return ""


def _environment(host: str, port: int) -> dict[str, str]:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
        "TOCSIN_NO_BOOTSTRAP": "1",
        # Celery warns everybody who runs it as root, as every container on a bare machine does.
        "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS") or "ignore:You're running the worker",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    # Five processes that compile everything anew would make each start seconds longer.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if host not in ("127.0.0.1", "localhost", "::1") and "TOCSIN_BASE_URL" not in environment:
        # Whoever opens it to a network and says no name may call it by any.
        environment.setdefault("TOCSIN_ALLOWED_HOSTS", "*")
    environment.setdefault("TOCSIN_BASE_URL", f"http://{shown}:{port}")
    data = Path(os.environ.get("TOCSIN_DATA_DIR") or ROOT / "var").resolve()
    environment["TOCSIN_DATA_DIR"] = str(data)
    return environment


def _only_one(environment: dict[str, str]) -> int | None:
    """A lock on the data directory that ends with this process; None when another one holds it."""
    data = Path(environment["TOCSIN_DATA_DIR"])
    data.mkdir(parents=True, exist_ok=True)
    lock = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    # What an earlier run left in the file broker is only rings that nobody heard.
    for ring in (data / "broker").glob("*"):
        ring.unlink(missing_ok=True)
    return lock


def _prepare(environment: dict[str, str], *, is_demo: bool) -> int:
    demo = ["--demo"] if is_demo else []
    return run_once([sys.executable, str(ROOT / "manage.py"), "prepare", *demo], environment, cwd=ROOT)


def _children(host: str, port: int, environment: dict[str, str]) -> list[Child]:
    threads = environment.get("TOCSIN_WEB_THREADS", "8")
    web = ["granian", "--interface", "wsgi", "--host", host, "--port", str(port), "--no-ws"]
    web += ["--workers", environment.get("TOCSIN_WEB_WORKERS", "1"), "--blocking-threads", threads]
    web += ["--log-level", "error", "--workers-kill-timeout", "4", "config.wsgi:application"]
    worker = [
        "celery",
        "-A",
        "config.celery",
        "--quiet",
        "worker",
        "--pool",
        "threads",
        "-Q",
        "page,bulk,tick",
    ]
    worker += ["--concurrency", environment.get("TOCSIN_WORKER_THREADS", "8"), "--loglevel", "WARNING"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    beat = ["celery", "-A", "config.celery", "--quiet", "beat", "--scheduler", "celery.beat.Scheduler"]
    beat += ["--loglevel", "WARNING", "--pidfile="]
    # Beat needs names and intervals only; without Django it starts in half a second and 40 MB.
    without_django = {key: value for key, value in environment.items() if key != "DJANGO_SETTINGS_MODULE"}
    # Each ends with us even where the kernel's word of our death does not reach it.
    ward = [sys.executable, "-m", "config.ward", str(os.getpid())]
    return [
        Child("web", [*ward, *web], environment, ROOT),
        Child("worker", [*ward, *worker], environment, ROOT),
        Child("beat", [*ward, *beat], without_django, ROOT),
        Child("watch", [*ward, str(ROOT / "manage.py"), "watch"], environment, ROOT),
    ]


def _watch_over(children: list[Child], host: str, port: int, base_url: str) -> int:
    """Keep every child alive; say the address once the web answers."""
    pause = threading.Event()
    for child in children:
        child.start()
    is_announced = False
    while True:
        for child in children:
            try:
                child.revive()
            except Flood as flood:
                _say(str(flood))
                for line in child.tail():
                    _say(f"{child.name} | {line}")
                return 1
        if not is_announced and _answers(host, port):
            _say(f"Tocsin is at {base_url}/  (Ctrl-C stops it)")
            is_announced = True
        pause.wait(0.1)


def _answers(host: str, port: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        with socket.create_connection((reachable, port), timeout=1) as connection:
            connection.settimeout(10)
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.") and True
    except OSError:
        return False


def _end(children: list[Child]) -> None:
    for child in children:
        child.ask_to_end()
    for child in children:
        child.wait(PATIENCE_SECONDS)
    for child in children:
        child.kill()


def _say(sentence: str) -> None:
    print(sentence, flush=True)
