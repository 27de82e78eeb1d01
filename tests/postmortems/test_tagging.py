"""Tags: what the library finds a document by, and what it must not show."""

import pytest

from accounts import actors
from catalog.models import Mitigation
from incidents.models import MitigationAttempt
from lib.refusal import Forbidden, Invalid
from postmortems import opening, tagging


def test_what_helped_is_a_tag_from_the_start(outage, alice):
    incident = outage()
    undo = Mitigation.objects.create(slug="undo", name="Roll back")
    MitigationAttempt.objects.create(
        incident=incident, mitigation=undo, started_at=incident.detected_at, outcome="helped"
    )
    postmortem = opening.open_by_hand(incident.pk, actor=actors.person(alice))
    assert tagging.of(postmortem) == {"cause": [], "factor": [], "mitigation": ["roll back"]}


def test_tags_are_tidied_and_only_the_named_kinds_are_replaced(opened, alice, vera):
    postmortem, who = opened(), actors.person(alice)
    tagging.set_tags(
        postmortem.pk, actor=who, tags={"cause": ["Deploy", " deploy ", ""], "factor": ["no  canary"]}
    )
    tagging.set_tags(postmortem.pk, actor=who, tags={"factor": ["noisy alert"]})

    assert tagging.of(postmortem) == {"cause": ["deploy"], "factor": ["noisy alert"], "mitigation": []}
    with pytest.raises(Forbidden):
        tagging.set_tags(postmortem.pk, actor=actors.person(vera), tags={"cause": []})
    for bad in ({"mood": ["x"]}, {"cause": ["x" * 61]}, {"cause": [str(n) for n in range(21)]}):
        with pytest.raises(Invalid):
            tagging.set_tags(postmortem.pk, actor=who, tags=bad)


def test_the_library_finds_by_tag_and_hides_those_of_private_incidents(opened, client, alice, bob):
    postmortem = opened(is_private=True)
    client.force_login(alice)
    client.post(f"/postmortems/{postmortem.pk}/tags/", {"cause": "Leaked key, stolen laptop", "factor": ""})
    shown = client.get("/postmortems/", {"tag": "leaked key"}).content.decode()
    assert postmortem.get_absolute_url() in shown and "stolen laptop" in shown

    client.force_login(bob)
    for query in ({}, {"tag": "leaked key"}, {"q": "leaked"}):
        hidden = client.get("/postmortems/", query).content.decode()
        assert postmortem.get_absolute_url() not in hidden and "stolen laptop" not in hidden
