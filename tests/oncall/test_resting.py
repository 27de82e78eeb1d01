"""A page that can wait, and somebody in their quiet hours."""

from datetime import time

import pytest

from accounts import tokens
from accounts.actors import person
from incidents import lifecycle
from incidents.models import Severity
from notifications import resting
from notifications.models import Delivery
from oncall import simulating
from oncall.models import PageRun, Policy
from tests.oncall.conftest import NOON, rung

pytestmark = pytest.mark.django_db


@pytest.fixture
def rests(alice):
    """Alice, whose clock is UTC; noon lies in her quiet hours."""
    resting.keep(alice, begins=time(11), ends=time(12, 8))
    return alice


def test_it_reaches_them_afterwards_and_others_are_asked_meanwhile(opened, tick, rests):
    opened("SEV3")
    tick(6)
    assert rung() == ["Bob"]

    tick(3)
    assert rung() == ["Bob", "Alice"]


def test_who_answers_meanwhile_spares_them(opened, tick, rests, bob):
    incident = opened("SEV3")
    tick(6)
    lifecycle.acknowledge(incident.pk, actor=person(bob))
    tick(10)

    assert rung() == ["Bob"]
    assert not Delivery.objects.open().filter(recipient=rests, word="page").exists()


def test_what_is_urgent_rings_in_them(opened, tick, rests):
    opened("SEV1")
    tick()
    assert rung() == ["Alice"]


def test_raised_it_rings_at_once(opened, tick, rests, root):
    incident = opened("SEV3")
    tick(1)
    assert rung() == []

    lifecycle.set_severity(
        incident.pk, actor=person(root), severity=Severity.objects.get(name="SEV1"), reason="worse"
    )
    tick()
    assert rung()[0] == "Alice"
    assert PageRun.objects.get().status == "running"


def test_the_simulation_says_it(checkout, clock, client, root, rests):
    policy = Policy.objects.get()
    moments = simulating.simulate(policy, NOON, team=checkout.team, pages="business_hours")
    assert moments[0].resting == "Alice hears of it at 12:08, after quiet hours"
    assert moments[1].resting == ""
    assert simulating.simulate(policy, NOON, team=checkout.team)[0].resting == ""

    _row, plain = tokens.issue(root, name="t", scope="read")
    asked = {"at": NOON.isoformat(), "severity": "SEV3", "service": "checkout"}
    answer = client.get(
        f"/api/v1/policies/{policy.pk}/simulation/", asked, headers={"Authorization": f"Bearer {plain}"}
    )
    assert "after quiet hours" in answer.content.decode()
