"""Production as plain processes: PostgreSQL, Redis, web, two workers, two beats, two watches."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

from lib import patience

ROOT = Path(__file__).resolve().parent.parent.parent
CELERY = ["-m", "celery", "-A", "config.celery", "--quiet"]
WORKER = [*CELERY, "worker", "--pool", "threads", "--concurrency", "4", "-Q", "page,bulk,tick"]
WORKER += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
BEAT = [*CELERY, "beat", "--scheduler", "celery.beat.Scheduler", "--pidfile=", "--loglevel", "WARNING"]
WATCH = ["manage.py", "watch"]
#: A worker whose clock is an hour ahead; it has to refuse its work.
AHEAD = ["-m", "tests.faults.shifted", "3600", *WORKER[1:]]
KILLED = ("web", "worker1", "worker2", "beat1", "beat2", "watch1", "watch2")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def postgres_tools() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return found[-1] if found else None


def missing() -> list[str]:
    """What this machine lacks."""
    lacks = [] if postgres_tools() else ["postgresql"]
    return lacks + ([] if shutil.which("redis-server") else ["redis-server"])


class House:
    """Starts, kills and stops only what it started itself."""

    def __init__(self, code: Path = ROOT) -> None:
        self.code = code
        self.folder = Path(tempfile.mkdtemp(prefix="tocsin-faults-"))
        self.folder.chmod(0o755)
        self.ports = {name: free_port() for name in ("postgres", "redis", "web")}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.lock = threading.RLock()
        self.tools = postgres_tools() or Path()
        self.url = f"http://127.0.0.1:{self.ports['web']}"

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
        return {
            **inherited,
            "DATABASE_URL": f"postgresql://tocsin@127.0.0.1:{self.ports['postgres']}/postgres",
            "REDIS_URL": f"redis://127.0.0.1:{self.ports['redis']}/0",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(self.code),
            "PYTHONWARNINGS": "ignore:You're running the worker",
            "PYTHONUNBUFFERED": "1",
            "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8",
            "TOCSIN_BASE_URL": self.url,
            "TOCSIN_DATA_DIR": str(self.folder / "data"),
            "TOCSIN_NO_BOOTSTRAP": "1",
            "TOCSIN_WEB_THREADS": "4",
            "TOCSIN_WORKER_THREADS": "4",
            **more,
        }

    # PostgreSQL ---------------------------------------------------------------------------------------

    def _as_postgres(self, *command: object) -> list[str]:
        run_as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        return [*run_as, *map(str, command)]

    def start_postgres(self) -> None:
        home = self.folder / "postgres"
        home.mkdir()
        if os.getuid() == 0:
            shutil.chown(home, "postgres")
        made = self._as_postgres(self.tools / "initdb", "-D", home / "data", "-U", "tocsin", "-A", "trust")
        subprocess.run([*made, "-E", "UTF8", "--no-sync"], check=True, capture_output=True)
        self.postgres("start")

    def postgres(self, verb: str) -> None:
        """`start`, `restart` or `stop`, the last two as a power cut would."""
        home = self.folder / "postgres"
        options = f"-p {self.ports['postgres']} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
        command = [self.tools / "pg_ctl", "-D", home / "data", "-w", "-l", home / "log"]
        command += ["-m", "immediate", "-o", f"{options} -c max_connections=200", verb]
        subprocess.run(self._as_postgres(*command), check=True, stdout=subprocess.DEVNULL)

    def cut_connections(self) -> None:
        there = ["-h", "127.0.0.1", "-p", self.ports["postgres"], "-U", "tocsin", "-d", "postgres"]
        ask = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
        command = self._as_postgres(self.tools / "psql", *there, "-qc", ask)
        subprocess.run(command, check=False, capture_output=True)

    # The others ---------------------------------------------------------------------------------------

    def _command(self, name: str) -> list[str]:
        kind = name.rstrip("12")
        if kind == "redis":
            return ["redis-server", "--port", str(self.ports["redis"]), "--save", "", "--appendonly", "no"]
        web = ["-m", "granian", "--interface", "wsgi", "--port", str(self.ports["web"]), "--no-ws"]
        web += ["--workers", "1", "--blocking-threads", "4", "--log-level", "warning"]
        python = {
            "web": [*web, "config.wsgi:application"],
            "worker": WORKER,
            "beat": BEAT,
            "watch": WATCH,
            "ahead": AHEAD,
        }
        return [sys.executable, *python[kind]]

    def start(self, name: str, **more: str) -> None:
        with self.lock, (self.folder / f"{name}.log").open("ab") as log:
            if name in self.processes:
                return
            self.processes[name] = subprocess.Popen(
                self._command(name),
                cwd=self.folder if name == "redis" else self.code,
                env=self.environment(**self.extra, **more),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own, so that a kill takes the web server's workers with it.
                start_new_session=True,
            )

    extra: dict[str, str] = {}

    def signal(self, name: str, number: int) -> None:
        with self.lock:
            process = self.processes.get(name)
            if process and process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)

    def kill(self, name: str) -> None:
        with self.lock:
            self.signal(name, signal.SIGKILL)
            if process := self.processes.pop(name, None):
                process.wait(10)

    def died(self) -> list[str]:
        """Who ended without being killed by us."""
        with self.lock:
            return [name for name, process in self.processes.items() if process.poll() is not None]

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def manage(self, *arguments: str) -> str:
        ended = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.code,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        if ended.returncode:
            raise RuntimeError(ended.stdout + ended.stderr)
        return ended.stdout

    def open(self) -> None:
        """Databases, migration; the processes follow when there is something to do."""
        self.start_postgres()
        self.start("redis")
        self.manage("prepare")

    def start_all(self) -> None:
        for name in ("redis", *KILLED):
            self.start(name)
        patience.until(lambda: self.get("/readyz") == 200, "the web never became ready", seconds=60)

    def close(self, *, keep: bool = False) -> None:
        with self.lock:
            for name in list(self.processes):
                self.signal(name, signal.SIGCONT)
                self.kill(name)
        with contextlib.suppress(subprocess.CalledProcessError):
            self.postgres("stop")
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
