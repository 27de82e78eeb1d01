"""A bare copy of the project and somebody's Python, as old as 3.6: the real environment, the real pins."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process.conftest import ROOT

pytestmark = pytest.mark.process
# The oldest Python of this machine that may call us, else the one that runs the tests.
CALLERS = sorted(Path.home().glob(".pyenv/versions/3.[6-9].*/bin/python3"), key=lambda path: path.parts[-3])
CALLER = CALLERS[0] if CALLERS else Path(sys.base_prefix) / "bin" / "python3"


def test_an_old_python_makes_an_environment_of_a_new_one_and_keeps_it(tmp_path):
    project = tmp_path / "tocsin"
    shutil.copytree(
        ROOT, project, ignore=shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache")
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
    environment["TOCSIN_DATA_DIR"] = str(tmp_path / "data")

    def manage(*arguments):
        command = [CALLER, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, timeout=300
        )

    first = manage("version")
    second = manage("version")

    assert first.returncode == 0, first.stderr
    assert "making an environment" in first.stderr
    assert first.stdout.startswith("6.")
    assert (second.returncode, second.stderr) == (0, "")
    assert (project / ".venv/.requirements.txt.sha256").exists()
    assert not (project / ".venv/.requirements-dev.txt.sha256").exists()
