"""Makes Tocsin's own environment on a bare machine.

Standard library only, and plain enough for any Python from 3.6: whoever types `python3 manage.py`
on an old machine must get an environment or a sentence, never a traceback.
"""

import contextlib
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Dict, Iterator, List, Optional

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PREFERRED = ("3.13", "3.12", "3.14")
# What Tocsin needs of a Python; Debian ships some without ensurepip, pyenv builds some without sqlite3.
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
PROBE = """
import sys, ssl, venv, ensurepip, sqlite3
assert sqlite3.sqlite_version_info >= (3, 37)
print("%d.%d" % sys.version_info[:2])
"""
# So many pips at once: most of their time they wait for the index or for the disk.
AT_ONCE = 2
# Set to ROOT in the re-executed process, so that a strange environment cannot make it run in circles.
MARK = "TOCSIN_BOOTSTRAPPED"


def ensure(development: bool = False) -> None:
    """Return in an interpreter that has every requirement; re-execute there when this one has not.

    ``TOCSIN_NO_BOOTSTRAP=1`` (containers, environments of one's own) skips all of it. Exits with
    one sentence when no new enough Python exists or the packages cannot be installed.
    """
    if os.environ.get("TOCSIN_NO_BOOTSTRAP") == "1":
        return
    is_second_time = os.environ.pop(MARK, None) == ROOT
    venv = os.path.join(ROOT, ".venv")
    if is_second_time:
        return
    with _alone():
        _make_environment(venv)
        _install(venv, "requirements-dev.txt" if development else "requirements.txt")
    if os.path.realpath(sys.prefix) == os.path.realpath(venv):
        return
    os.environ[MARK] = ROOT
    python = os.path.join(venv, "bin", "python")
    os.execv(python, [python, os.path.abspath(sys.argv[0]), *sys.argv[1:]])


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Two first starts at once take turns; the lock is on this very file and ends with the process."""
    if fcntl is None:
        sys.exit("Tocsin runs on Linux and macOS; on Windows use WSL or Docker.")
    with open(os.path.abspath(__file__), "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_environment(venv: str) -> None:
    python = os.path.join(venv, "bin", "python")
    # The link dangles when the Python it was made from has been removed.
    if os.path.exists(python) and _probe(python, VERSION) in PREFERRED:
        return
    found = find_python()
    if found is None:
        sys.exit(
            "Tocsin needs Python 3.12, 3.13 or 3.14 with venv and sqlite3, and found none; this is Python "
            "{}.{}. Install one (for example with your package manager, pyenv or uv), or name it: "
            "PYTHON=/path/to/python3.13 python3 manage.py ...".format(*sys.version_info[:2])
        )
    _say("making an environment with {} ...".format(found))
    shutil.rmtree(venv, ignore_errors=True)
    # A pip of its own would cost five seconds; the one of that Python can install into the environment.
    pip = ["--without-pip"] if _can_install_elsewhere(found) else []
    if subprocess.call([found, "-m", "venv", *pip, venv]) != 0:
        shutil.rmtree(venv, ignore_errors=True)
        sys.exit("Tocsin could not make its environment in {}; the lines above say why.".format(venv))


def find_python() -> Optional[str]:
    """The path of the best Python on this machine, or None.

    Every candidate is run, because shims exist that only print an error. ``$PYTHON`` wins when it
    is new enough.
    """
    found: Dict[str, str] = {}
    for path in _candidates():
        version = _probe(path, PROBE)
        if version not in PREFERRED:
            continue
        if path == os.environ.get("PYTHON") or version == PREFERRED[0]:
            return path
        found.setdefault(version, path)
    for version in PREFERRED:
        if version in found:
            return found[version]
    return None


def _candidates() -> Iterator[str]:
    home = os.path.expanduser("~")
    pyenv = os.environ.get("PYENV_ROOT") or os.path.join(home, ".pyenv")
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or os.path.join(home, ".local", "share", "uv", "python")
    names = ["python" + version for version in PREFERRED] + ["python3", "python"]
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    folders += ["/usr/local/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin", "/usr/bin"]
    paths: List[Optional[str]] = [os.environ.get("PYTHON"), sys.executable]
    paths += [os.path.join(folder, name) for name in names for folder in folders if folder]
    for pattern in (
        os.path.join(pyenv, "versions", "3.*", "bin", "python3"),
        os.path.join(uv, "cpython-3.*", "bin", "python3"),
        "/opt/homebrew/opt/python@3.*/bin/python3*",
        "/Library/Frameworks/Python.framework/Versions/3.*/bin/python3",
    ):
        paths += sorted(glob.glob(pattern), reverse=True)
    seen = set()
    for path in paths:
        if path and path not in seen and os.access(path, os.X_OK):
            seen.add(path)
            yield path


def _probe(python: str, code: str) -> str:
    """What the interpreter prints when it runs the code; "" when it cannot."""
    try:
        null = subprocess.DEVNULL
        process = subprocess.Popen(
            [python, "-I", "-c", code], stdin=null, stdout=subprocess.PIPE, stderr=null
        )
        try:
            out = process.communicate(timeout=20)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return ""
    except OSError:
        return ""
    return out.decode("ascii", "replace").strip() if process.returncode == 0 else ""


def _can_install_elsewhere(python: str) -> bool:
    """Has it a pip that knows ``--python`` (22.3 and later)?"""
    version = _probe(python, "import pip; print(pip.__version__)").split(".")[:2]
    return (
        len(version) == 2 and all(part.isdigit() for part in version) and [int(x) for x in version] >= [22, 3]
    )


def _pip(venv: str) -> List[str]:
    """The environment's own pip, else that of the Python from which it was made."""
    python = os.path.join(venv, "bin", "python")
    if _probe(python, "import pip; print(1)"):
        return [python, "-m", "pip"]
    base = _probe(python, "import sys; print(sys._base_executable)")
    if base and _can_install_elsewhere(base):
        return [base, "-m", "pip", "--python", python]
    subprocess.call([python, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
    return [python, "-m", "pip"]


def _install(venv: str, name: str) -> None:
    """Install the pins unless exactly these are installed already."""
    names = [name, *_extras()]
    missing = [each for each in names if not _is_installed(venv, each)]
    if not missing:
        return
    _say("installing the packages of {} ...".format(" and ".join(missing)))
    command = [*_pip(venv), "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    # The pins are whole, so that nothing has to be resolved: several pips take a share of them each.
    command += ["--no-deps", "--require-hashes"]
    environment = dict(os.environ)
    # Python compiles what it imports when it does; all of it at once would cost ten seconds here. Where it
    # is told never to, pip has to, or every start would take seconds longer.
    if environment.pop("PYTHONDONTWRITEBYTECODE", None) is None:
        command.append("--no-compile")
    with _shares(missing) as shares:
        running = [_start([*command, "-r", share], environment) for share in shares]
        said = [process.communicate()[0] for process in running]
    if any(process.returncode != 0 for process in running):
        sys.stderr.write(b"".join(said).decode("utf-8", "replace"))
        sys.exit(
            "Tocsin could not install its packages; pip's lines above say why. "
            "When the package index can be reached, run the same command again."
        )
    # The development pins contain the others, at the same versions.
    contained = {"requirements.txt"} if name != "requirements.txt" else set()
    for each in sorted(contained.union(missing)):
        with open(_stamp(venv, each), "w") as file:
            file.write(_checksum(each))


def _extras() -> List[str]:
    """Pins that only some installations want."""
    return ["requirements-apprise.txt"] if os.environ.get("TOCSIN_APPRISE") == "1" else []


@contextlib.contextmanager
def _shares(names: List[str]) -> Iterator[List[str]]:
    """The pins dealt out to as many files as pips shall run at once; a pin and its hashes stay together."""
    # By package: an extra repeats pins of the others, and two pips must not write the same one.
    pins: Dict[str, str] = {}
    for name in names:
        with open(os.path.join(ROOT, name)) as file:
            package = ""
            for line in file:
                if line[:1].isalnum():
                    package = line.partition("==")[0]
                    pins[package] = ""
                if package:
                    pins[package] += line
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, "pins-{}.txt".format(number)) for number in range(AT_ONCE)]
        for number, path in enumerate(paths):
            with open(path, "w") as file:
                file.write("".join(list(pins.values())[number::AT_ONCE]))
        yield paths


def _start(command: List[str], environment: Dict[str, str]) -> "subprocess.Popen[bytes]":
    null, pipe = subprocess.DEVNULL, subprocess.PIPE
    return subprocess.Popen(command, stdin=null, stdout=pipe, stderr=subprocess.STDOUT, env=environment)


def _is_installed(venv: str, name: str) -> bool:
    try:
        with open(_stamp(venv, name)) as file:
            return file.read() == _checksum(name)
    except OSError:
        return False


def _stamp(venv: str, name: str) -> str:
    return os.path.join(venv, "." + name + ".sha256")


def _checksum(name: str) -> str:
    with open(os.path.join(ROOT, name), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _say(sentence: str) -> None:
    sys.stderr.write("tocsin: " + sentence + "\n")
    sys.stderr.flush()
