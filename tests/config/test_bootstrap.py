import hashlib
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config import bootstrap

ROOT = Path(__file__).resolve().parent.parent.parent
PIN = re.compile(r"^([a-z0-9._-]+)(?:\[.*\])?==(\S+)", re.IGNORECASE | re.MULTILINE)


def script(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with nothing on it but the Pythons that a test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.delenv("PYTHON", raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    monkeypatch.setattr(bootstrap.glob, "glob", in_folder(tmp_path, bootstrap.glob.glob))
    monkeypatch.setattr(bootstrap.os, "access", only_below(tmp_path, os.access))
    return tmp_path


def in_folder(folder, original):
    return lambda pattern: original(pattern) if pattern.startswith(str(folder)) else []


def only_below(folder, original):
    # Otherwise the Pythons in /usr/bin of the machine that runs the test would be found.
    return lambda path, mode: str(path).startswith(str(folder)) and original(path, mode)


def test_each_candidate_is_run_and_a_shim_that_fails_is_passed_over(machine):
    script(machine / "bin/python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    good = script(machine / "bin/python3.12", "echo 3.12")

    assert bootstrap.find_python() == str(good)


def test_313_is_preferred_to_312_and_312_to_314(machine):
    script(machine / "bin/python3.14", "echo 3.14")
    script(machine / "bin/python3.12", "echo 3.12")
    assert bootstrap.find_python() == str(machine / "bin/python3.12")

    script(machine / "pyenv/versions/3.13.7/bin/python3", "echo 3.13")
    assert bootstrap.find_python() == str(machine / "pyenv/versions/3.13.7/bin/python3")


def test_the_python_that_is_named_wins(machine, monkeypatch):
    script(machine / "bin/python3.13", "echo 3.13")
    named = script(machine / "mine/python", "echo 3.14")
    monkeypatch.setenv("PYTHON", str(named))

    assert bootstrap.find_python() == str(named)


def test_too_old_and_too_new_are_not_taken(machine):
    script(machine / "bin/python3", "echo 3.11")
    script(machine / "bin/python", "echo 3.15")

    assert bootstrap.find_python() is None


def test_a_python_that_cannot_make_environments_is_not_taken(machine):
    # As Debian's python3 without python3-venv: the probe imports ensurepip and fails.
    script(machine / "bin/python3.13", "exit 1")

    assert bootstrap.find_python() is None


def test_the_stamp_is_the_checksum_of_the_pins(tmp_path):
    assert not bootstrap._is_installed(str(tmp_path), "requirements.txt")
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()
    (tmp_path / ".requirements.txt.sha256").write_text(digest)
    assert bootstrap._is_installed(str(tmp_path), "requirements.txt")

    (tmp_path / ".requirements.txt.sha256").write_text("of older pins")
    assert not bootstrap._is_installed(str(tmp_path), "requirements.txt")


def test_the_development_pins_contain_the_others():
    production = dict(PIN.findall((ROOT / "requirements.txt").read_text()))
    development = dict(PIN.findall((ROOT / "requirements-dev.txt").read_text()))

    assert len(production) > 30
    assert production.items() <= development.items()


def test_an_extra_only_adds_to_the_others():
    extra = dict(PIN.findall((ROOT / "requirements-apprise.txt").read_text()))
    production = dict(PIN.findall((ROOT / "requirements.txt").read_text()))
    development = dict(PIN.findall((ROOT / "requirements-dev.txt").read_text()))

    assert "apprise" in extra
    assert not extra.keys() & production.keys()
    assert extra.items() <= development.items()


def test_an_extra_is_installed_only_where_it_is_wanted(monkeypatch):
    monkeypatch.delenv("TOCSIN_APPRISE", raising=False)
    assert bootstrap._extras() == []

    monkeypatch.setenv("TOCSIN_APPRISE", "1")
    assert bootstrap._extras() == ["requirements-apprise.txt"]


def test_every_pin_is_dealt_out_once_and_keeps_its_hashes():
    whole = PIN.findall((ROOT / "requirements.txt").read_text())

    with bootstrap._shares(["requirements.txt", "requirements-apprise.txt"]) as paths:
        texts = [Path(path).read_text() for path in paths]

    dealt = [pin for text in texts for pin in PIN.findall(text)]
    assert len(texts) == bootstrap.AT_ONCE
    assert len({name for name, _ in dealt}) == len(dealt) > len(whole)
    assert set(whole) <= set(dealt)
    assert all(text.count("==") and "--hash=sha256:" in text.partition("==")[2] for text in texts)


PINS = ["requirements.txt", "requirements-dev.txt", "requirements-apprise.txt"]


@pytest.mark.parametrize("name", PINS)
def test_the_pins_name_no_address(name):
    text = (ROOT / name).read_text()

    assert "://" not in text
    assert "--hash=sha256:" in text


def test_it_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("TOCSIN_NO_BOOTSTRAP", "1")
    monkeypatch.setattr(bootstrap, "ROOT", "/nonexistent")

    assert bootstrap.ensure() is None


OLD = [path for path in sorted(Path.home().glob(".pyenv/versions/3.[67].*/bin/python3")) if path.exists()]


@pytest.mark.parametrize(
    "python", OLD or [None], ids=lambda path: path.parent.parent.name if path else "none"
)
def test_an_old_python_gets_a_sentence_and_no_traceback(python, tmp_path):
    if python is None:
        pytest.skip("no Python 3.6 or 3.7 is here to try it with")
    for name in ("manage.py", "config/__init__.py", "config/bootstrap.py", "requirements.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    # /usr/bin may hold a new one, which would rightly be taken; hide it by taking none at all.
    (tmp_path / "config/bootstrap.py").write_text(
        (ROOT / "config/bootstrap.py")
        .read_text()
        .replace('PREFERRED = ("3.13", "3.12", "3.14")', "PREFERRED = ('9',)")
    )

    ended = subprocess.run(
        [python, "manage.py", "up"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("Tocsin needs Python 3.12")
    assert len(ended.stderr.splitlines()) == 1
