import pytest
from rest_framework.test import APIClient

from accounts.actors import person
from catalog.models import Runbook, Service
from catalog.steps import steps
from incidents import lifecycle, runbooks
from incidents.kinds import EventKind
from incidents.replay import check_all
from lib.refusal import Forbidden, Invalid, Missing, Refused

BODY = "First things\n- [ ] Look at the pool\n- [ ] Restart one worker\n"


@pytest.fixture
def runbook(checkout) -> Runbook:
    return Runbook.objects.create(service=checkout, title="Pool exhausted", body=BODY)


@pytest.fixture
def first(runbook) -> str:
    return steps(runbook.body)[0].key


def test_each_tick_is_an_event_and_the_last_word_counts(opened, runbook, first, alice, bob):
    incident = opened()
    words = {"runbook_id": runbook.pk, "step": first}

    runbooks.tick(incident.pk, actor=person(alice), **words)
    runbooks.tick(incident.pk, actor=person(bob), **words)
    (book,) = runbooks.opened(incident)
    assert (book.done, book.count) == (1, 2)
    assert [line.tick and line.tick.by for line in book.steps] == ["Alice", None]

    runbooks.tick(incident.pk, actor=person(bob), is_done=False, **words)
    assert runbooks.opened(incident)[0].done == 0
    said = incident.timeline.filter(kind=EventKind.RUNBOOK_STEP).order_by("number")
    assert [(event.get("done"), event.text) for event in said] == [
        (True, "Look at the pool"),
        (False, "Look at the pool"),
    ]
    assert not list(check_all())


def test_what_is_not_there_or_over_is_refused(opened, runbook, first, alice, vera):
    incident, words = opened(), {"runbook_id": runbook.pk, "step": first}
    with pytest.raises(Invalid, match="no longer has this step"):
        runbooks.tick(incident.pk, actor=person(alice), runbook_id=runbook.pk, step="gone-1")
    other = Service.objects.create(slug="other", name="Other", team=runbook.service.team)
    foreign = Runbook.objects.create(service=other, title="Elsewhere", body=BODY)
    with pytest.raises(Missing):
        runbooks.tick(incident.pk, actor=person(alice), runbook_id=foreign.pk, step=first)
    with pytest.raises(Forbidden):
        runbooks.tick(incident.pk, actor=person(vera), **words)
    lifecycle.dismiss(incident.pk, actor=person(alice), reason="noise")
    with pytest.raises(Refused, match="closed"):
        runbooks.tick(incident.pk, actor=person(alice), **words)
    assert not incident.timeline.filter(kind=EventKind.RUNBOOK_STEP).exists()


def test_the_room_ticks_without_a_script_and_others_are_shown_it(client, opened, runbook, first, alice, vera):
    incident = opened()
    client.force_login(alice)
    answer = client.post(
        f"/incidents/{incident.number}/do/step/", {"runbook": runbook.pk, "step": first, "done": "1"}
    )
    assert answer.status_code == 302

    client.force_login(vera)
    live = client.get(f"/incidents/{incident.number}/live/1/", headers={"HX-Request": "true"})
    assert f'id="boxes-{runbook.pk}" hx-swap-oob="true"' in live.content.decode()
    assert "1 of 2 done" in live.content.decode()
    assert 'name="done"' not in live.content.decode()


def test_the_api_lists_steps_and_ticks_them(opened, runbook, first, alice):
    incident, api = opened(), APIClient()
    api.force_authenticate(alice)
    address = f"/api/v1/incidents/{incident.number}"
    answer = api.post(f"{address}/runbook-steps/", {"runbook": runbook.pk, "step": first}, format="json")
    assert answer.status_code == 200, answer.data

    (book,) = api.get(f"{address}/runbooks/").data
    assert book["steps"][0] == {
        "step": first,
        "text": "Look at the pool",
        "done_at": book["steps"][0]["done_at"],
        "done_by": "Alice",
    }
    assert book["steps"][1]["done_at"] is None
