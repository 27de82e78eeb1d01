"""A real `up`, a real Alertmanager, and kill -9 between the alert and the page: it goes out exactly once."""

import json
import signal
import urllib.request
from collections.abc import Callable
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from lib import patience
from tests.process.conftest import ALERTMANAGER, House, is_there, kill

ADMIN = "admin@localhost"

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(ALERTMANAGER is None, reason="Debian's prometheus-alertmanager is not installed"),
]


def call(url: str, body: Any = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def pages(house: House) -> list[str]:
    """The subjects of the mails that are pages, as they lie in the mail folder."""
    found = []
    for path in sorted(Path(house.data, "mail").glob("*.eml")):
        mail = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        if "Elevated error rate" in str(mail["Subject"]):
            found.append(str(mail["Subject"]))
    return found


def kill_all(house: House) -> None:
    for pid in house.pids(""):
        kill(pid)
    house.process.wait(60)


def test_a_page_survives_kill_minus_nine_and_goes_out_once(
    start: Callable[..., House], alertmanager: Callable[[str], str]
) -> None:
    house = start().wait_until_up()
    base = f"http://127.0.0.1:{house.port}"
    token = house.manage("token", ADMIN, "--scope", "admin").strip()
    source = call(f"{base}/api/v1/sources/", {"name": "Prometheus", "kind": "alertmanager"}, token)
    manager = alertmanager(f"{base}/in/{source['key']}/alertmanager")
    patience.until(lambda: is_there(f"{manager}/-/ready"), "Alertmanager does not start", seconds=120)

    # Nobody works off what is owed: worker, beat and watch hold still.
    for what in ("celery", "manage.py watch"):
        for pid in house.pids(what):
            kill(pid, signal.SIGSTOP)
    alert = {
        "labels": {"alertname": "HighErrorRate", "severity": "critical"},
        "annotations": {"summary": "Elevated error rate"},
    }
    call(f"{manager}/api/v2/alerts", [alert])
    patience.until(
        lambda: call(f"{base}/api/v1/incidents/?status=open", token=token)["results"],
        "the alert does not become an incident",
        seconds=120,
    )
    assert pages(house) == []
    kill_all(house)

    again = start().wait_until_up()
    patience.until(lambda: pages(again), "the page does not go out", seconds=120)
    patience.until(lambda: again.get("/promises") == 200, "something stays owed", seconds=120)
    assert len(pages(again)) == 1

    # The workers die once more, with the page behind them: it is not sent again.
    for what in ("celery", "granian"):
        for pid in again.pids(what):
            kill(pid)
    patience.until(lambda: again.get("/readyz") == 200, "the web does not come back", seconds=120)
    patience.until(lambda: again.get("/promises") == 200, "something stays owed", seconds=120)
    number = call(f"{base}/api/v1/incidents/?status=open", token=token)["results"][0]["number"]
    call(f"{base}/api/v1/incidents/{number}/acknowledge/", {}, token)
    patience.until(
        lambda: call(f"{base}/api/v1/pages/", token=token)["results"][0]["status"] == "acknowledged",
        "the run does not hear of the acknowledgement",
        seconds=120,
    )
    assert len(pages(again)) == 1
    assert "hold" in again.manage("verify_timeline")
