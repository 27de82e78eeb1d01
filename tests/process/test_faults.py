"""The fault program with a small count; by hand it runs with thousands (`python3 -m tests.faults --help`)."""

import os
import subprocess
import sys

import pytest

from tests.faults import house

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(bool(house.missing()), reason="PostgreSQL or Redis is not installed here"),
    # The program brings its own databases, so once is enough.
    pytest.mark.skipif(not os.environ.get("DATABASE_URL"), reason="runs in the PostgreSQL half of the suite"),
]


def test_no_page_is_lost_or_doubled_or_late_after_an_answer_while_everything_dies():
    command = [sys.executable, "-m", "tests.faults", "--incidents", "12", "--seconds", "20", "--seed", "5"]
    ended = subprocess.run(command, cwd=house.ROOT, capture_output=True, text=True, check=False, timeout=240)

    assert ended.returncode == 0, ended.stdout + ended.stderr[-5000:]
    assert "lost                  0" in ended.stdout
    assert "after-ack             0" in ended.stdout
