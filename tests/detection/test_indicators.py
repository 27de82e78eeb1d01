"""Before and after the mitigation: what checks and alerts said, drawn and in a table."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts import tokens
from accounts.actors import system
from detection import indicators, probes
from detection.probes import Finding
from incidents import lifecycle
from incidents.models import Incident

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def mended(shop, fire, clear, only):
    """Ten bad minutes, mitigated, ten good ones: a check a minute, and an alert that clears."""
    check = probes.create(actor=system(), name="Front page", service=shop, url="https://shop.example/")
    with time_machine.travel(NOON, tick=False) as clock:
        fire()
        for _ in range(10):
            clock.shift(MINUTE)
            probes.record(check.pk, Finding("HTTP 500 instead of 200-299", 500, timedelta(seconds=2)))
        incident = only()
        lifecycle.mitigate(incident.pk, actor=system())
        for _ in range(10):
            clock.shift(MINUTE)
            probes.record(check.pk, Finding("", 200, timedelta(milliseconds=80)))
        clear()
        clock.shift(MINUTE)
        incident.refresh_from_db()
        yield incident


def test_it_compares_the_two_sides_of_the_mitigation(mended):
    shown = indicators.of(mended)

    [check] = shown.checks
    assert (check.before.share, check.before.time) == ("100 %", "2,000 ms")
    assert (check.after.share, check.after.time) == ("0 %", "80 ms")
    assert (shown.firing_before, shown.firing_after) == (2, 0)
    assert str(check.picture).count('class="hit"') == 10
    assert "<title>" in check.picture and "V" in shown.alerts_picture


def test_the_room_shows_it_and_a_reopening_takes_it_away(mended, client, alice):
    client.force_login(alice)
    panel = f"/detection/panel/{mended.number}/"
    page = client.get(panel).content.decode()
    assert "Before and after" in page and "2,000 ms" in page and "Quiet since" in page
    # In the room it takes its place beside what was done, which the room keeps free.
    part = client.get(panel, headers={"HX-Request": "true"}).content.decode()
    assert part.index('<div id="indicator" hx-swap-oob="true">') < part.index("2,000 ms")
    room = client.get(mended.get_absolute_url()).content.decode()
    assert room.index("What was done") < room.index('<div id="indicator">') < room.index('id="h-chairs"')

    lifecycle.reopen(mended.pk, actor=system(), reason="Users hurt again.")
    assert "Before and after" not in client.get(panel).content.decode()


def test_without_checks_and_alerts_there_is_nothing_to_compare(shop, house):
    incident = lifecycle.open_incident(title="By hand", actor=system(), service_ids=[shop.pk])
    assert indicators.of(incident) is None
    lifecycle.mitigate(incident.pk, actor=system())
    incident.refresh_from_db()
    assert indicators.of(incident) is None


def test_machines_read_the_same_figures_and_of_private_incidents_nothing(mended, client, alice):
    _row, plain = tokens.issue(alice, name="t", scope="read")
    key = {"Authorization": f"Bearer {plain}"}
    url = f"/api/v1/indicators/{mended.number}/"

    said = client.get(url, headers=key).json()
    assert [one["check"] for one in said["checks"]] == ["Front page"]
    assert said["checks"][0]["before"] == {"asked": 10, "failed": 10, "typical_seconds": 2.0}
    assert (said["firing_before"], said["firing_after"]) == (2, 0)

    Incident.objects.filter(pk=mended.pk).update(is_private=True)
    assert client.get(url, headers=key).status_code == 404
    assert client.get("/api/v1/indicators/999999/", headers=key).status_code == 404
