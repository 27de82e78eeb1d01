from datetime import UTC, datetime, timedelta

import pytest

from accounts.actors import person
from accounts.models import User
from catalog.models import Membership, Service
from incidents import lifecycle, roles
from incidents.models import Severity
from incidents.overdue import miss_overdue
from notifications import briefing
from notifications.models import Delivery
from oncall import reacting
from oncall.models import Coverage, LayerMember, ManagementCoverage, PageRun, Policy
from tests.oncall.conftest import policy, rung, schedule

pytestmark = pytest.mark.django_db
SATURDAY = datetime(2026, 3, 7, 10, 0, tzinfo=UTC)


def sev(name):
    return Severity.objects.get(name=name)


@pytest.fixture
def tick_with_clocks(tick, clock, drain):
    """As `tick`, with the sweep of deadlines."""

    def go(minutes):
        for _ in range(round(minutes * 2)):
            miss_overdue()
            tick(0.5)

    return go


def test_a_sev3_on_a_saturday_rings_on_monday_at_nine_in_the_teams_zone(opened, tick, clock):
    clock.move_to(SATURDAY)
    incident = opened("SEV3")
    tick(10)
    assert rung() == []
    assert "nothing rings before Mon 09 Mar, 09:00" in incident.timeline.get(kind="paged").get("reason")

    clock.move_to(datetime(2026, 3, 9, 7, 59, 30, tzinfo=UTC))  # 08:59:30 in Copenhagen
    tick()
    assert rung() == []
    tick(0.5)
    assert rung() == ["Alice"]


def test_a_sev3_that_nobody_answers_does_not_ring_after_hours(opened, tick, clock):
    clock.move_to(datetime(2026, 3, 2, 15, 53, tzinfo=UTC))  # 16:53 in Copenhagen
    opened("SEV3")
    tick(30)
    assert rung() == ["Alice", "Bob"]


def test_a_sev4_pages_nobody(opened, tick):
    opened("SEV4")
    tick(20)
    assert not PageRun.objects.exists()


def test_raising_a_waiting_sev3_to_sev1_rings_at_once_and_never_rings_out(opened, tick, clock, root):
    clock.move_to(SATURDAY)
    incident = opened("SEV3")
    tick()
    lifecycle.set_severity(incident.pk, actor=person(root), severity=sev("SEV1"), reason="everything is down")
    tick()
    assert rung() == ["Alice"]
    tick(90)
    assert PageRun.objects.get().status == "running"


def test_raising_a_sev4_starts_the_pager(opened, tick, root):
    incident = opened("SEV4")
    tick(1)
    lifecycle.set_severity(incident.pk, actor=person(root), severity=sev("SEV2"), reason="it spreads")
    tick()
    assert rung() == ["Alice"]


def test_raising_what_somebody_already_answers_wakes_nobody_anew(opened, tick, root, alice):
    incident = opened("SEV2")
    tick()
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    lifecycle.declare(incident.pk, actor=person(alice))
    lifecycle.set_severity(incident.pk, actor=person(root), severity=sev("SEV1"), reason="worse")
    tick(6)
    assert rung() == ["Alice"]


def test_lowering_stops_pages_only_where_the_new_severity_does_not_page_now(opened, tick, root, clock):
    incident = opened("SEV1")
    tick(1)
    lifecycle.set_severity(
        incident.pk, actor=person(root), severity=sev("SEV3"), reason="smaller than thought"
    )
    tick(5)
    assert rung() == ["Alice", "Bob"]  # Monday noon: SEV3 pages in business hours, which it is.

    lifecycle.set_severity(incident.pk, actor=person(root), severity=sev("SEV4"), reason="cosmetic")
    tick(10)
    assert rung() == ["Alice", "Bob"]
    assert PageRun.objects.get().status == "cancelled"


def test_lowering_at_night_waits_for_the_morning(opened, tick, root, clock):
    clock.move_to(datetime(2026, 3, 2, 22, 0, tzinfo=UTC))
    incident = opened("SEV1")
    tick(1)
    lifecycle.set_severity(incident.pk, actor=person(root), severity=sev("SEV3"), reason="can wait")
    tick(20)
    assert rung() == ["Alice"]
    clock.move_to(datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
    tick()
    assert rung() == ["Alice", "Bob"]


def test_reports_that_page_nobody_ring_only_once_somebody_declares(opened, tick, root):
    incident = opened(pages=False)
    tick(10)
    assert rung() == []
    lifecycle.declare(incident.pk, actor=person(root))
    tick()
    assert rung() == ["Alice"]


def test_a_retrospective_incident_never_pages(opened, tick, clock):
    over = lifecycle.Retrospective(resolved_at=datetime(2026, 3, 2, 11, tzinfo=UTC))
    opened(retrospective=over, detected_at=datetime(2026, 3, 2, 10, tzinfo=UTC))
    tick(5)
    assert not PageRun.objects.exists()


def test_a_person_who_cannot_be_asked_is_said_in_words_that_are_true(opened, tick, checkout, alice, bob):
    Coverage.objects.update(policy=policy("Ladder", (0, alice), (5, bob)))
    drill = opened(is_drill=True, participant_ids=[bob.pk])
    alice.is_active = False
    alice.save()
    real = opened()
    tick()
    for incident, said in (
        (drill, "Ladder, step 1: Alice takes no part in this drill."),
        (real, "Ladder, step 1: Alice cannot be reached."),
    ):
        assert incident.timeline.get(kind="page_failed").text == said


def test_a_step_that_reaches_nobody_waits_for_nothing_and_says_so(opened, tick, alice):
    LayerMember.objects.filter(user=alice).delete()
    incident = opened()
    tick()
    assert rung() == ["Bob"]
    assert "Primary reaches nobody" in incident.timeline.get(kind="page_failed").text


def test_a_switched_off_account_is_a_gap(opened, tick, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    opened()
    tick()
    assert rung() == ["Bob"]


def test_a_policy_that_reaches_nobody_goes_to_the_admins_without_waiting(opened, tick, checkout):
    LayerMember.objects.all().delete()
    Membership.objects.all().delete()
    opened()
    tick()
    assert rung() == ["Root"]
    tick(15)
    assert rung() == ["Root", "Root"]


def test_management_is_paged_once_per_opening_after_thirty_minutes(opened, tick_with_clocks, alice, mona):
    incident = opened("SEV1")
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    lifecycle.declare(incident.pk, actor=person(alice))
    tick_with_clocks(29)
    assert not PageRun.objects.filter(reason="management").exists()
    tick_with_clocks(2)
    run = PageRun.objects.get(reason="management")
    assert [page.user for page in run.pages.all()] == [mona]
    reacting.loop_in_management(incident.pk, opening=1)
    tick_with_clocks(30)
    assert PageRun.objects.filter(reason="management").count() == 1
    assert incident.timeline.filter(kind="management_informed").count() == 1


def test_management_is_the_teams_policy_else_all_managers(opened, tick, checkout, carol):
    ManagementCoverage.objects.create(team=checkout.team, policy=policy("Board", (0, carol)))
    incident = opened()
    run = reacting.loop_in_management(incident.pk, opening=1)
    assert [page.user for page in run.pages.all()] == [carol]


def test_an_acknowledgement_by_the_on_call_does_not_answer_for_management(opened, tick, alice, mona):
    incident = opened()
    run = reacting.loop_in_management(incident.pk, opening=1)
    tick()
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    tick(6)
    run.refresh_from_db()
    assert run.status == "running"
    lifecycle.acknowledge(incident.pk, actor=person(mona))
    tick()
    run.refresh_from_db()
    assert run.acknowledged_by == mona


def test_a_mitigated_incident_tells_management_instead_of_paging(opened, tick, mailoutbox, alice, mona):
    incident = opened()
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    lifecycle.mitigate(incident.pk, actor=person(alice))
    assert reacting.loop_in_management(incident.pk, opening=1) is None
    tick()
    [mail] = [mail for mail in mailoutbox if mail.to == [mona.email]]
    assert "Mitigated, not resolved yet" in mail.subject


def test_being_alone_pages_the_next_step_and_not_oneself(opened, tick, alice):
    incident = opened(actor=person(alice), declare=True, responding=True)
    tick()
    roles.alone(incident.pk, actor=person(alice))
    tick()
    assert rung() == ["Bob"]


def test_a_drill_pages_only_who_takes_part_and_says_drill_first(opened, tick, alice, bob, mailoutbox):
    opened(is_drill=True, participant_ids=[bob.pk])
    tick(4)
    assert rung() == ["Bob"]
    assert mailoutbox[0].body.startswith("DRILL SEV1 checkout")
    assert mailoutbox[0].subject.startswith("DRILL")


def test_a_drill_never_reaches_management(opened, tick_with_clocks, bob):
    opened(is_drill=True, participant_ids=[bob.pk], declare=True)
    tick_with_clocks(40)
    assert not PageRun.objects.filter(reason="management").exists()


def test_a_real_page_to_somebody_in_a_drill_ends_the_drill(opened, tick, alice):
    drill = opened(is_drill=True, participant_ids=[alice.pk])
    tick()
    opened()
    tick()
    drill.refresh_from_db()
    assert drill.status == "dismissed"


def test_a_private_incident_is_paged_without_title_or_service_and_lets_its_people_in(
    opened, tick, alice, bob, mailoutbox
):
    from incidents.models import Incident

    incident = opened(is_private=True)
    tick()
    [mail] = mailoutbox
    text = mail.subject + mail.body + mail.alternatives[0].content
    assert f"SEV1 Private incident {incident.reference}" in mail.body
    assert "Error rate" not in text
    assert "checkout" not in text.lower()
    assert Incident.objects.visible_to(alice).filter(pk=incident.pk).exists()
    assert not Incident.objects.visible_to(bob).filter(pk=incident.pk).exists()


def test_a_failed_message_moves_the_ladder_on_at_once(opened, tick, alice, bob):
    hook = alice.contact_methods.create(
        kind="webhook",
        address="http://127.0.0.1:9/",
        secret="whsec_" + "c2VjcmV0" * 5,
        verified_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    alice.reach_rules.create(urgency="high", method=hook)
    incident = opened()
    tick()
    assert rung() == [
        "Bob"
    ]  # Nothing goes to an inner address: the only line of Alice's order fails for good.
    assert "failed" in incident.timeline.filter(kind="page_failed").first().text


def test_the_plan_of_a_run_survives_an_edit_of_its_policy(opened, tick, checkout):
    opened()
    tick(1)
    checkout.coverage.policy.steps.all().delete()
    tick(10)
    assert rung() == ["Alice", "Bob", "Mona"]


def test_adding_a_service_with_another_policy_pages_its_on_call_too(opened, tick, checkout, carol, root):
    from oncall.models import Coverage

    search = Service.objects.create(slug="search", name="Search", team=checkout.team)
    Coverage.objects.create(service=search, policy=policy("Search", (0, schedule("Search", carol))))
    incident = opened()
    tick()
    lifecycle.set_scope(incident.pk, actor=person(root), service_ids=[checkout.pk, search.pk])
    tick()
    assert rung() == ["Alice", "Carol"]


def test_who_is_the_only_one_here_is_told_once_that_help_reaches_nobody(opened, tick, alice, root):
    User.objects.exclude(pk=alice.pk).update(is_active=False)
    incident = opened()
    tick()
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    roles.alone(incident.pk, actor=person(alice))
    tick(30)

    run = PageRun.objects.get(reason="help")
    assert (run.status, run.pages.count()) == ("running", 0)
    alone = incident.timeline.get(kind="break_glass").number
    said = incident.timeline.filter(kind="page_failed", number__gt=alone).values_list("text", flat=True)
    assert [*said] == [
        "Help was asked for, and nobody else here can be reached. Who is added now is asked next."
    ]

    User.objects.filter(pk=root.pk).update(is_active=True)
    tick(20)
    assert [page.user for page in run.pages.all()][:1] == [root]


def test_a_gap_is_said_in_the_first_round_only(opened, tick, checkout, bob):
    LayerMember.objects.filter(user=bob).delete()
    Policy.objects.update(repeat=2)
    incident = opened()
    tick(60)

    assert rung().count("Alice") > 1
    assert (
        incident.timeline.filter(kind="page_failed", text__contains="Secondary reaches nobody").count() == 1
    )


def test_management_gets_a_brief_of_two_lines_with_the_page(opened, tick, alice, mona, clock):
    incident = opened("SEV1", actor=person(alice), declare=True)
    lifecycle.set_scope(incident.pk, actor=person(alice), users_affected_share=30)
    roles.take(incident.pk, actor=person(alice), role_slug="incident_commander")
    lifecycle.post_update(incident.pk, actor=person(alice), text="Rolling back.\nTwo of five done.")
    clock.shift(timedelta(minutes=31))
    reacting.loop_in_management(incident.pk, opening=1)
    tick()
    row = Delivery.objects.filter(recipient=mona, word="page").latest("pk")
    first, second = row.body.splitlines()[-2:]

    assert first == "Users have been hurt for 31 min, about 30 % of them, Checkout."
    assert second == ("Alice commands. At 13:00: Rolling back. Two of five done. Next update by 13:15.")
    assert first in row.html and second in row.html


def test_the_brief_says_what_is_not_known(opened, alice):
    incident = opened("SEV1", actor=person(alice), declare=True)

    assert briefing.brief(incident) == [
        "Users have been hurt for 0 s, how many is not known yet, Checkout.",
        "Nobody commands yet. No update yet. Next update by 13:15.",
    ]


def test_a_private_incident_has_no_brief(opened, alice):
    incident = opened("SEV1", actor=person(alice), declare=True, is_private=True)

    assert briefing.brief(incident) == []
