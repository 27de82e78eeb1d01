"""By which names the house answers, and what it says to the others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import supervisor

ROOT = Path(__file__).resolve().parents[2]


SAY = "import json; from config import settings; print(json.dumps(settings.ALLOWED_HOSTS))"


def hosts(tmp_path, **environment):
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json; from config import settings; print(json.dumps(settings.ALLOWED_HOSTS))",
        ],
        cwd=ROOT,
        env={**inherited, "TOCSIN_DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        check=True,
    )
    return json.loads(said.stdout)


OWN = ["localhost", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, OWN),
        ({"TOCSIN_BASE_URL": "https://tocsin.example.com"}, [*OWN, "tocsin.example.com"]),
        ({"TOCSIN_BASE_URL": "http://tocsin.example.com:8000/"}, [*OWN, "tocsin.example.com"]),
        ({"TOCSIN_BASE_URL": "http://[2001:db8::7]:8000"}, [*OWN, "[2001:db8::7]"]),
        ({"TOCSIN_ALLOWED_HOSTS": "a.example, b.example,"}, ["a.example", "b.example"]),
    ],
)
def test_the_names_are_ours_unless_others_are_given(tmp_path, environment, expected):
    assert hosts(tmp_path, **environment) == expected


@pytest.mark.parametrize(
    ("host", "given", "expected"),
    [
        ("127.0.0.1", {}, None),
        ("::1", {}, None),
        ("0.0.0.0", {}, "*"),
        ("192.0.2.7", {}, "*"),
        ("0.0.0.0", {"TOCSIN_BASE_URL": "https://tocsin.example.com"}, None),
        ("0.0.0.0", {"TOCSIN_ALLOWED_HOSTS": "a.example"}, "a.example"),
    ],
)
def test_up_answers_to_any_name_only_where_it_is_opened_without_one(monkeypatch, host, given, expected):
    for key in ("TOCSIN_BASE_URL", "TOCSIN_ALLOWED_HOSTS"):
        monkeypatch.delenv(key, raising=False)
    for key, value in given.items():
        monkeypatch.setenv(key, value)

    assert supervisor._environment(host, 8000).get("TOCSIN_ALLOWED_HOSTS") == expected


def test_another_name_is_told_what_to_set(client, db):
    for url in ("/", "/accounts/login/", "/in/prometheus/", "/api/v1/incidents/"):
        answer = client.get(url, headers={"Host": "evil.example"})
        assert answer.status_code == 400
        assert b"TOCSIN_ALLOWED_HOSTS" in answer.content and b"evil" not in answer.content
    assert answer.json()["code"] == "unknown_host"


def test_health_is_told_to_whoever_knows_an_address_only(client, db):
    for url, status in (("/healthz", 200), ("/readyz", 200)):
        assert client.get(url, headers={"Host": "10.1.2.3:8000"}).status_code == status
    assert client.get("/promises", headers={"Host": "10.1.2.3:8000"}).status_code in (200, 503)
