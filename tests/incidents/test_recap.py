"""In short: each sentence is a fact of the timeline, corrected where it was, silent where it was redacted."""

import re

import pytest
from django.test import Client

from accounts import tokens
from accounts.actors import person
from catalog.models import Mitigation
from incidents import lifecycle, mitigating, notes, people, recap, roles, scope
from incidents.models import Severity
from tests.incidents.conftest import fresh


@pytest.fixture
def over(opened, alice, bob, clock):
    """Open for 25 minutes, and told of."""
    who = person(alice)
    incident = opened(rank=2, actor=who, title="Checkout fails", source="customer_report")
    clock.shift(180)
    lifecycle.acknowledge(incident.pk, actor=who)
    lifecycle.declare(incident.pk, actor=who)
    scope.set_scope(incident.pk, actor=who, users_affected=1200)
    lifecycle.set_severity(
        incident.pk, actor=who, severity=Severity.objects.get(rank=1), reason="All of Europe"
    )
    lifecycle.post_update(incident.pk, actor=who, text="Looking at the release.")
    rollback = Mitigation.objects.create(slug="rollback", name="Roll back")
    attempt = mitigating.start(incident.pk, actor=who, mitigation_id=rollback.pk)
    clock.shift(22 * 60)
    mitigating.finish(incident.pk, actor=who, attempt_id=attempt.pk, outcome="helped")
    lifecycle.mitigate(incident.pk, actor=who, text="Rolled back to 4.1.")
    clock.shift(3600)
    lifecycle.resolve(incident.pk, actor=who, text="Release 4.3")
    return fresh(incident)


def test_an_incident_is_told_in_facts(over):
    at = over.detected_at

    assert recap.of(over)[:1] == [f"Noticed on {at:%d %b %Y, %H:%M} (UTC): Customer report."]
    assert recap.of(over)[1:] == [
        "Acknowledged after 3 min by Alice.",
        "Severity: SEV2, then SEV1.",
        "Affected: Checkout; 1,200 users.",
        "Tried: Roll back (helped).",
        f"Users no longer hurt from {over.mitigated_at:%H:%M} on, after 25 min: “Rolled back to 4.1”.",
        f"Resolved at {over.resolved_at:%H:%M}: “Release 4.3”.",
        "Updates: 1 to the team, 0 to the public.",
        recap.of(over)[-1],
    ]
    assert re.fullmatch(r"Promised updates in time: \d+ of \d+, \d+ %\.", recap.of(over)[-1])


def test_what_is_redacted_is_not_quoted_and_a_reopening_is_told(over, alice):
    event = over.timeline.get(kind="mitigated")
    notes.redact(over.pk, actor=person(alice), event_number=event.number, reason="A secret")
    lifecycle.reopen(over.pk, actor=person(alice), reason="again")

    said = " ".join(recap.of(fresh(over)))
    assert "4.1" not in said
    assert "It was reopened once." in said and "Users no longer hurt" not in said


def test_one_who_was_alone_is_a_condition(opened, alice):
    incident = opened(rank=1, actor=person(alice), declare=True)
    roles.alone(incident.pk, actor=person(alice))

    assert "There were too few people for the chairs" in recap.of(fresh(incident))[-1]


def test_room_page_paper_and_api_tell_the_same(over, alice):
    sentences = recap.of(over)
    client = Client()
    client.force_login(alice)
    where = over.get_absolute_url()
    header = {"Authorization": f"Bearer {tokens.issue(alice, name='t', scope='read')[1]}"}
    told = client.get(f"/api/v1/incidents/{over.number}/recap/", headers=header).json()

    assert told == {"sentences": sentences, "text": " ".join(sentences)}
    assert f'hx-get="{where}in-short/"' in client.get(where).content.decode()
    assert "Acknowledged after 3 min by Alice." in client.get(f"{where}in-short/").content.decode()
    fragment = client.get(f"{where}in-short/", headers={"HX-Request": "true"}).content.decode()
    assert "1,200 users" in fragment and "<html" not in fragment
    assert "1,200 users" in client.get(f"{where}document.md").content.decode()


def test_a_private_one_is_told_to_its_people_alone(over, alice, bob):
    people.make_private(over.pk, actor=person(alice), reason="theirs")
    client = Client()
    client.force_login(bob)

    assert client.get(f"{over.get_absolute_url()}in-short/").status_code == 404
