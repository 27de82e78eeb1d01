"""A small house: one team in Copenhagen, one service, and outages that people can learn from."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts import actors
from catalog.models import Membership, Service, Team
from incidents import defaults, lifecycle, notes, roles
from incidents.models import Incident, Severity
from postmortems.models import Postmortem

# 14:00 of the template's outage, in Copenhagen.
ALERT_AT = datetime(2024, 1, 22, 13, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def checkout(db) -> Service:
    """The checkout service of a team in Copenhagen."""
    defaults.install()
    team = Team.objects.create(slug="shop", name="Shop", time_zone="Europe/Copenhagen")
    return Service.objects.create(slug="checkout", name="Checkout", team=team, tier=1)


@pytest.fixture
def manager(checkout, mona):
    """Mona leads the shop team."""
    Membership.objects.create(team=checkout.team, user=mona, is_manager=True)
    return mona


@pytest.fixture
def outage(checkout, alice) -> Callable[..., Incident]:
    """The template's outage, minute by minute: 14:00 alert … 14:25 restored."""

    def play(*, severity: str = "SEV1", is_private: bool = False, is_drill: bool = False) -> Incident:
        who = actors.person(alice)
        with time_machine.travel(ALERT_AT, tick=False) as clock:
            incident = lifecycle.open_incident(
                title="Elevated error rate",
                actor=who if is_private or is_drill else actors.source("Alertmanager"),
                service_ids=[checkout.pk],
                severity=Severity.objects.get(name=severity),
                source="monitoring_alert",
                is_private=is_private,
                is_drill=is_drill,
                participant_ids=[alice.pk],
            )
            clock.shift(3 * MINUTE)
            lifecycle.acknowledge(incident.pk, actor=who)
            clock.shift(MINUTE)
            lifecycle.declare(incident.pk, actor=who, responding=True)
            roles.take(incident.pk, actor=who, role_slug="incident_commander")
            clock.move_to(ALERT_AT + 15 * MINUTE)
            notes.add_note(incident.pk, actor=who, text="Bad deploy", kind="cause_identified")
            clock.move_to(ALERT_AT + 20 * MINUTE)
            notes.add_note(incident.pk, actor=who, text="Rollback initiated", kind="action_taken")
            clock.move_to(ALERT_AT + 25 * MINUTE)
            lifecycle.mitigate(incident.pk, actor=who, text="Error rate is back to normal")
            clock.move_to(ALERT_AT + 40 * MINUTE)
            lifecycle.resolve(incident.pk, actor=who)
        incident.refresh_from_db()
        return incident

    return play


@pytest.fixture
def opened(outage, drain) -> Callable[..., Postmortem]:
    """The document that opened itself at the end of the outage."""

    def play(**kwargs) -> Postmortem:
        incident = outage(**kwargs)
        with time_machine.travel(ALERT_AT + 41 * MINUTE, tick=False):
            assert drain() > 0
        return Postmortem.objects.get(incident=incident)

    return play
