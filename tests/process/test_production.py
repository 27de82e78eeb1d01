"""The very commands of docker-compose.yml, on Debian's PostgreSQL, Redis and nginx."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from lib import patience
from tests.process.conftest import ROOT, free_port

pytestmark = pytest.mark.process
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").exists() else []
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
NEEDED = ("redis-server", "nginx")


class Production:
    """What `docker compose up` would run, as plain processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Not below pytest's folder, which the user postgres may not enter.
        self.postgres_data = Path(tempfile.mkdtemp(prefix="tocsin-postgres-"))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {name: free_port() for name in ("postgres", "redis", "web", "nginx")}
        for name in ("data", "static", "status", "nginx"):
            (folder / name).mkdir()
        self.values = {
            "POSTGRES_PASSWORD": "unused",
            "TOCSIN_SECRET_KEY": "for this test only",
            "TOCSIN_BASE_URL": f"http://127.0.0.1:{self.ports['nginx']}",
            "TOCSIN_ADMIN_PASSWORD": "a long enough secret",
        }

    def start_postgres(self) -> None:
        data, tools = self.postgres_data, POSTGRES[-1]
        if os.getuid() == 0:
            shutil.chown(data, "postgres")
        run_as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        made = [*run_as, tools / "initdb", "-D", data, "-U", "tocsin", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*made, "--no-sync"], check=True, capture_output=True)
        command = [*run_as, tools / "postgres", "-D", data, "-k", data, "-p", str(self.ports["postgres"])]
        self._start("postgres", [*command, "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"], {})
        there = ["-h", "127.0.0.1", "-p", str(self.ports["postgres"])]
        ready = [tools / "pg_isready", *there]
        patience.until(lambda: not subprocess.run(ready, capture_output=True).returncode, "no PostgreSQL")
        subprocess.run(
            [tools / "createdb", *there, "-U", "tocsin", "tocsin"], check=True, capture_output=True
        )

    def start_redis(self) -> None:
        command = [
            *SERVICES["redis"]["command"],
            "--port",
            str(self.ports["redis"]),
            "--dir",
            str(self.folder),
        ]
        self._start("redis", command, {})

    def environment(self, name: str) -> dict[str, str]:
        """The service's environment with its variables filled in and its hosts on this machine."""

        def fill(match: re.Match[str]) -> str:
            return self.values.get(match[1], "" if match[2].startswith(":?") else match[2][2:])

        given = {
            key: self._local(re.sub(r"\$\{(\w+)(:[-?][^}]*)\}", fill, value))
            for key, value in SERVICES[name]["environment"].items()
        }
        image = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TOCSIN_NO_BOOTSTRAP": "1",
            "TOCSIN_DATA_DIR": str(self.folder / "data"),
            "TOCSIN_STATIC_ROOT": str(self.folder / "static"),
            "TOCSIN_STATUS_DIR": str(self.folder / "status"),
            "PYTHONUNBUFFERED": "1",
        }
        return {**image, **given}

    def _local(self, text: str) -> str:
        text = text.replace("@postgres:5432", f"@127.0.0.1:{self.ports['postgres']}")
        text = text.replace("redis://redis:6379", f"redis://127.0.0.1:{self.ports['redis']}")
        return text.replace("web:8000", f"127.0.0.1:{self.ports['web']}")

    def run(self, name: str) -> str:
        """Run a one-shot service to its end."""
        command = SERVICES[name]["command"]
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(name),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def start(self, name: str) -> None:
        command = list(SERVICES[name]["command"])
        if "--port" in command:
            command[command.index("--port") + 1] = str(self.ports["web"])
            command[command.index("--host") + 1] = "127.0.0.1"
        self._start(name, command, self.environment(name))

    def start_nginx(self) -> None:
        site = (ROOT / "docker/nginx.conf").read_text()
        site = self._local(site).replace("listen 8080", f"listen 127.0.0.1:{self.ports['nginx']}")
        site = site.replace("/etc/nginx/tocsin-proxy.conf", str(ROOT / "docker/proxy.conf"))
        site = site.replace("/srv/static/", f"{self.folder}/static/").replace(
            "/srv/status/", f"{self.folder}/status/"
        )
        folder = self.folder / "nginx"
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log stderr warn; worker_processes 1;\n"
            + ("user root;\n" if os.getuid() == 0 else "")
            + "events {}\nhttp { access_log off; "
            + "".join(
                f"{kind}_temp_path {folder}/{kind}; "
                for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            + "include /etc/nginx/mime.types;\n"
            + site
            + "}\n"
        )
        self._start("nginx", ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)], {})

    def _start(self, name: str, command: list[object], environment: dict[str, str]) -> None:
        log = (self.folder / f"{name}.log").open("wb")
        self.processes[name] = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT if environment else self.folder,
            env=environment or None,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def stop(self, name: str, number: int = signal.SIGTERM) -> int:
        process = self.processes.pop(name)
        process.send_signal(number)
        try:
            return process.wait(15)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def stop_all(self) -> None:
        if postgres := self.processes.pop("postgres", None):
            # The process that was started may be runuser, which passes no signal on.
            as_postgres = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
            stop = [POSTGRES[-1] / "pg_ctl", "-D", self.postgres_data, "-m", "immediate", "stop"]
            subprocess.run([*as_postgres, *stop], capture_output=True, check=True)
            postgres.wait(15)
        for name in list(self.processes):
            self.stop(name)
        shutil.rmtree(self.postgres_data)

    def get(self, path: str, via: str = "nginx") -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[via]}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""


@pytest.fixture
def production(tmp_path):
    missing = [name for name in NEEDED if not shutil.which(name)] + ([] if POSTGRES else ["postgresql"])
    if missing:
        pytest.skip(f"not installed here: {', '.join(missing)} (.ci/run installs them)")
    house = Production(tmp_path)
    yield house
    house.stop_all()


def test_the_commands_of_the_compose_file_make_a_house_that_keeps_its_promises(production):
    production.start_postgres()
    production.start_redis()

    assert "Sign in as admin@localhost" in production.run("migrate")
    assert "Sign in" not in production.run("migrate"), "the second time it was new again"

    for name in ("web", "worker-page", "worker", "beat", "watch"):
        production.start(name)
    production.start_nginx()

    patience.until(lambda: production.get("/readyz")[0] == 200, "never ready", seconds=120)
    patience.until(lambda: production.get("/promises")[0] == 200, "promises not kept", seconds=120)
    assert production.get("/static/css/app.css")[0] == 200
    assert "sign" in production.get("/accounts/login/")[1].lower()
    patience.until(
        lambda: production.get("/status/")[0] == 200, "the status site is not written", seconds=120
    )

    # The public page needs nobody: with everything else gone it goes on answering.
    for name in ("web", "worker-page", "worker", "beat", "watch", "redis"):
        code = production.stop(name)
        assert code in (0, -signal.SIGTERM), (name, code, production.log(name))
    assert production.get("/status/")[0] == 200
    assert production.get("/readyz")[0] in (502, 504)
