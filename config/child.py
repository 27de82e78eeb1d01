"""One child process of `up`: its output, its end, its restarts. Standard library only."""

import collections
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

KEPT_LINES = 60
# Three restarts a minute, each a little later; whoever dies a fourth time has a reason that stays.
RESTARTS = 3
WINDOW_SECONDS = 60.0
PR_SET_PDEATHSIG = 1


class Flood(Exception):
    """A child died too often to be restarted again."""


class Child:
    """A process in a session of its own, so that its whole family can be ended with it."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], cwd: Path) -> None:
        self.name = name
        self.command = command
        self.environment = environment
        self.cwd = cwd
        self.lines: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        self.deaths: collections.deque[float] = collections.deque()
        self.process: subprocess.Popen[bytes] | None = None
        self.due_at = 0.0
        self.end_by: float | None = None

    def start(self) -> None:
        self.process = start(self.command, self.environment, self.cwd, stdout=subprocess.PIPE)
        threading.Thread(target=self._read, args=[self.process], daemon=True).start()

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            self.lines.append(line)
            print(f"{self.name:6} | {line}", flush=True)

    def revive(self) -> None:
        """Start it again when it has died, a little later each time.

        Raises:
            Flood: it has died more than three times within a minute.
        """
        if self.process is None:
            if time.monotonic() >= self.due_at:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        self.kill()  # What it left behind would hold the port.
        self.process = None
        at = time.monotonic()
        self.deaths.append(at)
        while self.deaths[0] < at - WINDOW_SECONDS:
            self.deaths.popleft()
        if len(self.deaths) > RESTARTS:
            raise Flood(f"{self.name} ended {len(self.deaths)} times within a minute; its last lines:")
        wait = 0.5 * 2 ** (len(self.deaths) - 1)
        self.due_at = at + wait
        print(f"{self.name} ended ({_how(code)}); starting it again in {wait:g} s", flush=True)

    def tail(self) -> list[str]:
        """The last lines it said."""
        return list(self.lines)

    def ask_to_end(self) -> None:
        self._signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Wait for its end, at most so long after the first call to any child's wait."""
        if self.process:
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End the whole family at once."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return
            self.process.wait()

    def _signal(self, number: int) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)


def start(
    command: list[str], environment: dict[str, str], cwd: Path, stdout: int | None = None
) -> "subprocess.Popen[bytes]":
    """Start a process that ends when its parent does, even by kill -9."""
    return subprocess.Popen(
        command,
        env=environment,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT if stdout else None,
        start_new_session=True,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )


def run_once(command: list[str], environment: dict[str, str], *, cwd: Path) -> int:
    """Run a process to its end, with our own output; it ends with us too."""
    process = start(command, environment, cwd)
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    # SIGTERM and not SIGKILL, so that the web server takes its own workers with it.
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
