"""The very clients that people have: Debian's Alertmanager, and PagerDuty's own library from PyPI."""

import json
import shutil
import socket
import subprocess
import urllib.request
from datetime import timedelta

import pdpyras
import pytest
import yaml
from django.utils.timezone import now

from accounts.actors import system
from catalog import defaults as catalog_defaults
from catalog.models import Service, Team
from detection import sources
from detection.models import Alert
from incidents import defaults as incident_defaults
from incidents.models import Incident
from lib import patience

ALERTMANAGER = shutil.which("prometheus-alertmanager")

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def key(transactional_db):
    catalog_defaults.install()
    incident_defaults.install()
    team = Team.objects.create(slug="shop-team", name="Shop team")
    Service.objects.create(slug="shop", name="Shop", team=team)
    return sources.create(actor=system(), name="Tool", kind="alertmanager")[1]


@pytest.fixture
def alertmanager(tmp_path, live_server, key):
    """Starts the real one with a receiver of the given configuration; returns how to tell it an alert."""
    if ALERTMANAGER is None:
        pytest.skip("Debian's prometheus-alertmanager is not installed")
    running = []

    def start(receiver):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        route = {"receiver": "tocsin", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"}
        config = {"route": route, "receivers": [{"name": "tocsin", **receiver}]}
        (tmp_path / "am.yml").write_text(yaml.safe_dump(config))
        command = [
            ALERTMANAGER,
            f"--config.file={tmp_path / 'am.yml'}",
            f"--storage.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]
        log = (tmp_path / "am.log").open("w")
        running.append(subprocess.Popen(command, stdout=log, stderr=log))
        base = f"http://127.0.0.1:{port}"
        patience.until(lambda: _answers(f"{base}/-/ready"), "Alertmanager does not start", seconds=20)
        return lambda **fields: _tell(base, **fields)

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def _tell(base, *, over=False):
    at = now()
    alert = {
        "labels": {"alertname": "HighErrorRate", "service": "shop", "severity": "critical"},
        "annotations": {"summary": "34 % of requests fail", "runbook_url": "https://wiki.example/r"},
        "startsAt": (at - timedelta(minutes=1)).isoformat(),
        "endsAt": (at - timedelta(seconds=1) if over else at + timedelta(minutes=5)).isoformat(),
        "generatorURL": "http://prometheus.example/graph",
    }
    request = urllib.request.Request(
        f"{base}/api/v2/alerts",
        json.dumps([alert]).encode(),
        {"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200


def test_alertmanager_speaks_by_its_webhook(alertmanager, live_server, key):
    tell = alertmanager({"webhook_configs": [{"url": f"{live_server.url}/in/{key}/alertmanager"}]})
    tell()
    patience.until(Alert.objects.exists, "it did not come true", seconds=20)

    alert = Alert.objects.select_related("incident__severity").get()
    assert (alert.service.slug, alert.summary) == ("shop", "34 % of requests fail")
    assert alert.incident.severity.name == "SEV1" and alert.runbook_url == "https://wiki.example/r"

    tell(over=True)
    patience.until(
        lambda: Alert.objects.filter(status="resolved").exists(), "it did not come true", seconds=20
    )
    assert Incident.objects.get().status == "dismissed"


def test_alertmanager_speaks_as_it_does_to_pagerduty(alertmanager, live_server, key):
    receiver = {
        "url": f"{live_server.url}/v2/enqueue",
        "routing_key": key,
        "severity": "warning",
        "details": {"service": "shop"},
    }
    tell = alertmanager({"pagerduty_configs": [receiver]})
    tell()
    patience.until(Alert.objects.exists, "it did not come true", seconds=20)

    alert = Alert.objects.select_related("incident__severity").get()
    assert alert.service.slug == "shop" and alert.incident.severity.name == "SEV3"
    assert len(alert.dedup_key) == 64 and alert.details["num_firing"] == "1"

    tell(over=True)
    patience.until(
        lambda: Alert.objects.filter(status="resolved").exists(), "it did not come true", seconds=20
    )


def test_pagerdutys_library_triggers_acknowledges_and_resolves(live_server, key):
    session = pdpyras.EventsAPISession(key)
    session.url = live_server.url

    dedup_key = session.trigger("Disk full", "db-1", severity="error", custom_details={"service": "shop"})
    assert Alert.objects.get().dedup_key == dedup_key
    assert session.acknowledge(dedup_key) == dedup_key
    assert Incident.objects.get().acknowledged_at
    assert session.resolve(dedup_key) == dedup_key
    assert Incident.objects.get().signals_clear_at


def test_pagerdutys_library_tells_of_changes(live_server, key):
    session = pdpyras.ChangeEventsAPISession(key)
    session.url = live_server.url
    session.submit("Deploy 7", source="ci", custom_details={"service": "shop", "version": "v7"})

    assert Service.objects.get(slug="shop").deploys.get().version == "v7"


def test_pagerdutys_library_hears_of_a_wrong_key(live_server, key):
    session = pdpyras.EventsAPISession("0" * 32)
    session.url = live_server.url

    with pytest.raises(pdpyras.PDClientError):
        session.trigger("Disk full", "db-1")
