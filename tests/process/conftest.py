"""Real processes of `manage.py up`, each with a data directory and a port of its own."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from lib import patience

ALERTMANAGER = shutil.which("prometheus-alertmanager")
ROOT = Path(__file__).resolve().parent.parent.parent


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal; whoever ended between the look and the signal needs none."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class House:
    """One `manage.py up`, its lines, and the processes below it."""

    def __init__(self, data: Path, port: int, *arguments: str, **environment: str) -> None:
        self.data, self.port = data, port
        self.lines: list[str] = []
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
        for key in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL"):
            inherited.pop(key, None)
        self.environment = {
            **inherited,
            "TOCSIN_DATA_DIR": str(data),
            "TOCSIN_NO_BOOTSTRAP": "1",
            **environment,
        }
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(port), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def wait_until_up(self) -> "House":
        patience.until(
            lambda: "Tocsin is at" in self.said or self.process.poll() is not None,
            "it does not start",
            seconds=120,
        )
        assert self.process.poll() is None, self.said
        return self

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def pids(self, what: str) -> list[int]:
        """The processes of this house whose command line contains the words."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (folder / "environ").read_bytes()
                status = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if what in command and str(self.data).encode() in environment and status != "Z":
                found.append(int(folder.name))
        return found

    def manage(self, *arguments: str) -> str:
        ended = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def end(self, number: int = signal.SIGTERM, *, within: float = 30) -> int:
        self.process.send_signal(number)
        code = self.process.wait(within)
        self.reader.join(5)
        return code

    def password(self) -> str:
        found = re.search(r"Sign in as \S+ with (\S+)", self.said)
        assert found, self.said
        return found.group(1)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that has been migrated, because that takes longer than everything else here."""
    data = tmp_path_factory.mktemp("prepared") / "data"
    environment = {**os.environ, "TOCSIN_DATA_DIR": str(data), "TOCSIN_NO_BOOTSTRAP": "1"}
    for key in ("DATABASE_URL", "REDIS_URL"):
        environment.pop(key, None)
    command = [sys.executable, str(ROOT / "manage.py"), "prepare"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return data


@pytest.fixture
def start(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., House]]:
    """Start a house; the same data and port every time unless told otherwise."""
    houses: list[House] = []
    own_port = free_port()

    def begin(*arguments: str, is_new: bool = False, port: int = own_port, **environment: str) -> House:
        data = tmp_path / "data"
        if not is_new and not data.exists():
            shutil.copytree(request.getfixturevalue("prepared"), data)
        houses.append(House(data, port, *arguments, **environment))
        return houses[-1]

    yield begin
    for house in houses:
        if house.process.poll() is None:
            house.process.terminate()
            try:
                house.process.wait(15)
            except subprocess.TimeoutExpired:
                house.process.kill()
        for pid in house.pids(""):
            kill(pid)


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Starts the real one with one webhook; returns its own address."""
    running: list[subprocess.Popen[bytes]] = []

    def start(hook: str) -> str:
        port = free_port()
        route = {"receiver": "tocsin", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"}
        receiver = {"name": "tocsin", "webhook_configs": [{"url": hook}]}
        (tmp_path / "am.yml").write_text(yaml.safe_dump({"route": route, "receivers": [receiver]}))
        log = (tmp_path / "am.log").open("w")
        command = [
            str(ALERTMANAGER),
            f"--config.file={tmp_path / 'am.yml'}",
            f"--storage.path={tmp_path / 'am'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]
        running.append(subprocess.Popen(command, stdout=log, stderr=log))
        return f"http://127.0.0.1:{port}"

    yield start
    for process in running:
        process.terminate()
        process.wait(60)


def is_there(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False
