from datetime import UTC, datetime

import pytest

from accounts.actors import person
from catalog.models import Service
from incidents import lifecycle, notes, roles
from lib.refusal import Refused
from notifications.models import Delivery
from oncall import answering, paging, reacting
from oncall.models import Coverage, PageRun
from tests.oncall.conftest import policy, rung, schedule

pytestmark = pytest.mark.django_db


def the_run(reason="opened"):
    return PageRun.objects.get(reason=reason)


def test_acknowledging_in_the_room_stops_the_run_of_whoever_it_asked(opened, tick, alice):
    incident = opened()
    tick(1)
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    tick(9)

    assert rung() == ["Alice"]
    assert the_run().acknowledged_by == alice


def test_the_secondary_answers_for_the_schedule_before_being_paged(opened, tick, bob):
    incident = opened()
    tick(1)
    lifecycle.acknowledge(incident.pk, actor=person(bob))
    tick(8)

    assert rung() == ["Alice"]
    assert the_run().status == "acknowledged"


def test_a_stranger_acknowledging_the_incident_does_not_silence_those_who_were_asked(opened, tick, carol):
    incident = opened()
    tick(1)
    lifecycle.acknowledge(incident.pk, actor=person(carol))
    tick(5)

    assert incident.page_runs.get().status == "running"
    assert rung() == ["Alice", "Bob"]


def test_a_second_services_on_call_is_still_paged_after_the_first_one_acknowledged(
    opened, checkout, tick, alice, carol
):
    search = Service.objects.create(slug="search", name="Search", team=checkout.team)
    Coverage.objects.create(service=search, policy=policy("Search", (0, schedule("Search", carol))))
    incident = opened(service_ids=[checkout.pk, search.pk])
    tick()
    assert sorted(rung()) == ["Alice", "Carol"]
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    notes.add_note(incident.pk, actor=person(alice), text="Looking")
    tick(16)

    assert "Bob" not in rung()
    assert rung().count("Carol") >= 2
    lifecycle.acknowledge(incident.pk, actor=person(carol))
    before = len(rung())
    tick(5)
    assert len(rung()) == before


def test_an_acknowledgement_not_yet_heard_already_holds_back_rungs_and_messages(
    opened, tick, clock, alice, drain
):
    incident = opened()
    drain()  # The run and its messages are there, nothing is sent.
    lifecycle.acknowledge(incident.pk, actor=person(alice))

    from notifications import delivery

    assert delivery.sweep() == 0
    clock.shift(30)
    PageRun.objects.update(next_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert paging.sweep() == 0
    tick()
    assert rung() == []


def test_declaring_as_the_on_call_pages_nobody(opened, tick, alice):
    opened(actor=person(alice), declare=True, responding=True)
    tick(5)

    assert rung() == []
    assert the_run().acknowledged_by == alice


def test_acknowledged_and_then_silence_pages_again_after_ten_minutes_at_sev1(opened, tick, alice):
    incident = opened()
    tick()
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    tick(9.5)
    assert rung() == ["Alice"]
    tick(1)
    assert rung() == ["Alice", "Alice"]
    again = the_run("timeout")
    assert "Alice acknowledged 10 min ago" in again.note


@pytest.mark.parametrize("sign", ["declare", "role", "note", "mitigate"])
def test_a_sign_of_work_keeps_the_acknowledgement_alive(opened, tick, alice, sign):
    incident = opened()
    tick()
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    tick(5)
    match sign:
        case "declare":
            lifecycle.declare(incident.pk, actor=person(alice))
        case "role":
            roles.take(incident.pk, actor=person(alice), role_slug="technical_lead")
        case "note":
            notes.add_note(incident.pk, actor=person(alice), text="Reading the logs")
        case "mitigate":
            lifecycle.mitigate(incident.pk, actor=person(alice))
    tick(15)

    assert not PageRun.objects.filter(reason="timeout").exists()


@pytest.mark.parametrize("end", ["resolve", "dismiss"])
def test_nothing_more_goes_out_once_the_incident_is_over(opened, tick, root, end):
    incident = opened()
    tick(1)
    if end == "resolve":
        lifecycle.resolve(incident.pk, actor=person(root))
    else:
        lifecycle.dismiss(incident.pk, actor=person(root), reason="a test")
    tick(10)

    assert rung() == ["Alice"]
    assert the_run().status == "cancelled"


def test_runs_of_a_merged_incident_stop_only_when_the_target_is_acknowledged(opened, tick, root, alice):
    target, source = opened(), opened()
    tick()
    lifecycle.merge(source.pk, actor=person(root), into=target.pk)
    tick(5)
    assert source.page_runs.get().status == "running"
    lifecycle.acknowledge(target.pk, actor=person(alice))
    tick()

    assert source.page_runs.get().status == "cancelled"
    assert target.page_runs.get().status == "acknowledged"


def test_escalate_now_asks_the_next_step_at_once(opened, tick, alice):
    opened()
    tick(1)
    answering.escalate(the_run().pk, actor=person(alice))
    tick()

    assert rung() == ["Alice", "Bob"]


def test_escalating_after_the_acknowledgement_goes_on_with_who_comes_next(opened, tick, alice):
    opened()
    tick()
    answering.acknowledge(the_run().pk, actor=person(alice))
    answering.escalate(the_run().pk, actor=person(alice))
    tick()

    assert rung() == ["Alice", "Bob"]


def test_handing_over_asks_the_other_at_once_and_then_climbs_on(opened, tick, alice, carol):
    opened()
    tick(1)
    answering.hand_to(the_run().pk, actor=person(alice), user_id=carol.pk)
    tick()
    assert rung() == ["Alice", "Carol"]
    tick(5)
    assert rung() == ["Alice", "Carol", "Bob"]
    assert the_run().status == "cancelled"


def test_the_room_says_that_the_on_call_is_still_asked(opened, tick, carol, client):
    incident = opened()
    tick(1)
    client.force_login(carol)
    address = f"{incident.get_absolute_url()}do/acknowledge/"
    answer = client.post(address, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    shown = client.get(incident.get_absolute_url()).content.decode()
    assert "The on-call of Payments (Alice) is still being asked" in shown


def test_a_second_word_stops_the_pager_that_began_after_the_first(opened, tick, alice, bob):
    incident = opened()
    tick(1)
    lifecycle.acknowledge(incident.pk, actor=person(bob))
    tick(12)
    assert the_run("timeout").status == "running"
    lifecycle.acknowledge(incident.pk, actor=person(bob))
    tick()
    assert the_run("timeout").status == "acknowledged"


def test_a_page_is_handed_over_once_and_keeps_its_reason(opened, tick, alice, bob, carol, root):
    incident = opened()
    reacting.page_somebody(incident.pk, actor=person(root), target=bob.email, reason="DB expert")
    tick(1)
    manual = the_run("manual")
    answering.hand_to(manual.pk, actor=person(root), user_id=carol.pk)
    with pytest.raises(Refused, match="Carol has it now") as refused:
        answering.hand_to(manual.pk, actor=person(root), user_id=alice.pk)
    tick()

    assert (refused.value.code, refused.value.status) == ("handed", 409)
    run = the_run("handed")
    assert (run.policy_name, run.note) == ("Carol", "DB expert (handed over by Root)")
    assert "DB expert" in Delivery.objects.get(word="page", recipient=carol).body
    told = Delivery.objects.get(word="news", recipient=bob)
    assert "Carol is asked instead of you" in told.body

    answering.hand_to(run.pk, actor=person(carol), user_id=alice.pk)
    last = PageRun.objects.filter(reason="handed").first()
    assert (last.policy_name, last.note) == ("Alice", "DB expert (handed over by Carol)")
    with pytest.raises(Refused, match="Alice has it now"):
        answering.hand_to(manual.pk, actor=person(root), user_id=bob.pk)


def test_answering_twice_says_who_was_first(opened, tick, alice, bob):
    opened()
    tick()
    answering.acknowledge(the_run().pk, actor=person(alice))
    with pytest.raises(Refused, match="Alice has acknowledged this already"):
        answering.acknowledge(the_run().pk, actor=person(bob))


def test_a_reopening_pages_anew_and_an_old_acknowledgement_does_not_answer_it(opened, tick, alice, root):
    incident = opened()
    tick()
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    lifecycle.mitigate(incident.pk, actor=person(alice))
    tick(1)
    lifecycle.reopen(incident.pk, actor=person(root), reason="errors are back")
    tick()

    assert rung() == ["Alice", "Alice"]
