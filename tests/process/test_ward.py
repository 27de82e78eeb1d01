"""A child of `up` ends with it, whatever becomes of the kernel's word."""

import subprocess
import sys
from pathlib import Path

import pytest

from config import ward
from lib import patience
from tests.process.conftest import ROOT

pytestmark = pytest.mark.process


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_asks_once_and_ends_by_force_when_the_parent_is_another():
    parents, done = iter([7, 7, 1]), []

    ward.watch(
        7,
        lambda seconds: done.append(seconds),
        of=lambda: next(parents),
        signal_family=lambda number: done.append(number.name),
    )

    assert done == [1.0, 1.0, "SIGTERM", 8.0, "SIGKILL"]


DEAF = """
import ctypes, os, pathlib, signal, sys, threading
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
threading.Event().wait()
"""


def test_a_child_that_is_deaf_ends_after_its_parent_all_the_same(tmp_path):
    program, told = tmp_path / "deaf.py", tmp_path / "pid"
    program.write_text(DEAF)
    shell = (
        "import os, subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-m', 'config.ward', str(os.getpid()), *sys.argv[1:]],"
        " start_new_session=True)\n"
        "input()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", shell, str(program), str(told)], cwd=ROOT, stdin=subprocess.PIPE
    )
    pid = int(patience.until(lambda: told.exists() and told.read_text(), "it does not start", seconds=120))
    assert lives(pid)

    starter.kill()
    starter.wait()

    patience.until(lambda: not lives(pid), "the deaf child lives on", seconds=120)
