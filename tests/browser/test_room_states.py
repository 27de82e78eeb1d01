"""The room in each of its states, light and dark; `TOCSIN_PICTURES=docs/images` keeps the pictures there."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils.timezone import now
from playwright.sync_api import expect

from accounts.actors import person, system
from accounts.models import User
from catalog.models import Deploy, Service, Team
from config.context import RINGING
from incidents import lifecycle, roles, todos
from incidents.models import Incident, Severity
from outbox import pulse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 780}
# Of one picture; a page of documentation shows several.
MAX_BYTES = 160_000
# The room as it is before its last step, minutes ago; what happened after it follows step by step.
AGO = 26


class Outage:
    """One outage told by the minute; every step is said at its time."""

    def __init__(self, alice: User, bob: User, carol: User) -> None:
        self.alice, self.bob, self.began = person(alice), person(bob), now() - timedelta(minutes=AGO)
        self.bob_user, self.carol = bob, person(carol)
        team = Team.objects.create(slug="payments", name="Payments", time_zone="UTC")
        self.service = Service.objects.create(slug="checkout", name="Checkout", team=team)
        bank = Service.objects.create(slug="bank", name="Bank gateway", team=team)
        self.service.depends_on.add(bank)
        Deploy.objects.create(
            service=self.service, version="2024.48.1", author="carol", at=self.began - timedelta(minutes=9)
        )

    def at(self, minute: int, verb: Callable[..., object], *args: object, **words: object) -> None:
        with time_machine.travel(self.began + timedelta(minutes=minute), tick=False):
            verb(*args, **words)

    def open(self, **words: object) -> Incident:
        told: dict[str, Any] = {"title": "Checkout fails for everyone", "actor": system(), **words}
        first = Severity.objects.get(rank=1)
        with time_machine.travel(self.began, tick=False):
            self.incident = lifecycle.open_incident(service_ids=[self.service.pk], severity=first, **told)
        return self.incident

    def declared(self, **words: object) -> Incident:
        incident = self.open(**words)
        self.at(2, lifecycle.acknowledge, incident.pk, actor=self.alice)
        self.at(4, lifecycle.set_scope, incident.pk, actor=self.alice, users_affected_share=30)
        self.at(5, lifecycle.declare, incident.pk, actor=self.alice)
        self.at(6, roles.take, incident.pk, actor=self.alice, role_slug="incident_commander")
        self.at(7, roles.take, incident.pk, actor=self.bob, role_slug="technical_lead")
        if not words:
            # All chairs are taken by the third who came.
            self.at(8, roles.take, incident.pk, actor=self.carol, role_slug="comms_lead")
        self.at(9, todos.add, incident.pk, actor=self.alice, text="Call the bank", owner_id=self.bob_user.pk)
        self.at(
            12, lifecycle.post_update, incident.pk, actor=self.alice, text="Rolling back release 2024.48.1."
        )
        return incident

    def mitigated(self) -> Incident:
        incident = self.declared()
        self.at(19, lifecycle.mitigate, incident.pk, actor=self.bob, text="Rolled back; payments pass again.")
        return incident

    def resolved(self) -> Incident:
        incident = self.mitigated()
        self.at(25, lifecycle.resolve, incident.pk, actor=self.bob, text="The pool's limit is raised.")
        return incident

    def private(self) -> Incident:
        return self.declared(
            title="Somebody reads the mail of customers", is_private=True, actor=self.alice,
            participant_ids=[self.bob_user.pk],
        )  # fmt: skip

    def drill(self) -> Incident:
        return self.declared(title="The bank does not answer", is_drill=True, actor=self.alice)


STATES = {
    "triage": (Outage.open, "Triage"),
    "declared": (Outage.declared, "Active, not mitigated"),
    "mitigated": (Outage.mitigated, "Mitigated"),
    "resolved": (Outage.resolved, "Resolved"),
    "private": (Outage.private, "Private"),
    "drill": (Outage.drill, "DRILL"),
}


@pytest.mark.parametrize("state", STATES)
def test_the_room(enter, live_server, defaults, alice, bob, carol, state, tmp_path):
    build, words = STATES[state]
    incident = build(Outage(alice, bob, carol))
    for name in RINGING:
        pulse.run(name, lambda: None)
    folder = Path(os.environ.get("TOCSIN_PICTURES", tmp_path))
    for scheme, view in (("light", WIDE), ("dark", WIDE), ("light", NARROW), ("dark", NARROW)):
        page = enter(alice, color_scheme=scheme, viewport=view)
        page.goto(live_server.url + incident.get_absolute_url())
        expect(page.locator("#head")).to_contain_text(words)
        expect(page.locator("#panel-postmortem > p.small > a")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        if view is WIDE:
            name = f"room-{state}.png" if scheme == "light" else f"room-{state}-dark.png"
            page.screenshot(path=folder / name)
            assert (folder / name).stat().st_size < MAX_BYTES
        page.context.close()
