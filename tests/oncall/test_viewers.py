"""A viewer may only read: nobody is paged who could not answer."""

from datetime import date, time, timedelta

import pytest
from django.utils.timezone import now

from accounts.actors import person
from accounts.models import Role, User
from catalog.models import Membership
from lib.refusal import Invalid, Refused
from notifications.models import Delivery
from oncall import answering, plans, policies, reacting, schedules
from oncall.models import LayerMember, Page, PageRun, Policy, Schedule
from oncall.rotations import Rotation
from oncall.rotations import save as save_schedule

pytestmark = pytest.mark.django_db


def keep(actor, *aims):
    return policies.save(
        actor=person(actor),
        policy_id=None,
        name="Readers",
        repeat=1,
        round_length=timedelta(minutes=15),
        rungs=[policies.Rung(timedelta(0), aims)],
    )


def test_a_policy_does_not_name_a_viewer(checkout, mona, vera):
    with pytest.raises(Invalid, match="Nobody could be reached"):
        keep(mona, f"person:{vera.pk}")
    with pytest.raises(Refused, match="may only read"):
        keep(mona, f"person:{vera.pk}", f"person:{mona.pk}")
    assert not Policy.objects.filter(name="Readers").exists()


def test_a_team_of_viewers_reaches_nobody(checkout, team, mona, vera):
    Membership.objects.exclude(user=mona).delete()
    Membership.objects.filter(team=team).delete()
    Membership.objects.create(team=team, user=vera)
    with pytest.raises(Invalid, match="Nobody could be reached"):
        keep(mona, f"team:{team.pk}")


def test_a_viewer_is_not_asked_for_help_by_name(opened, root, vera):
    incident = opened()
    with pytest.raises(Refused, match="Vera may only read"):
        reacting.page_somebody(incident.pk, actor=person(root), target=vera.email, reason="we need you")
    assert not incident.timeline.filter(kind="page_asked").exists()


def test_a_page_is_not_handed_to_a_viewer(opened, tick, alice, vera):
    opened()
    tick()
    run = PageRun.objects.get()
    with pytest.raises(Refused, match="Vera may only read"):
        answering.hand_to(run.pk, actor=person(alice), user_id=vera.pk)
    run.refresh_from_db()
    assert run.is_running
    assert PageRun.objects.count() == 1


def test_a_viewer_takes_no_shift(checkout, mona, vera, clock):
    row = Schedule.objects.get(name="Primary")
    span = {"start": now() + timedelta(hours=1), "end": now() + timedelta(hours=2)}
    with pytest.raises(Refused, match="may only read"):
        schedules.stand_in(row.pk, actor=person(mona), user_id=vera.pk, **span)
    with pytest.raises(Refused, match="may only read"):
        save_schedule(
            actor=person(mona),
            schedule_id=None,
            name="New",
            time_zone="UTC",
            team=None,
            rotations=[Rotation("All", date(2026, 3, 2), time(9), 7, (mona.pk, vera.pk))],
        )
    assert not Schedule.objects.filter(name="New").exists()


def test_who_became_a_viewer_is_passed_over_and_the_next_is_asked_at_once(opened, drain, alice, bob, tick):
    User.objects.filter(pk=alice.pk).update(role=Role.VIEWER)
    incident = opened()
    tick()
    assert [page.user for page in Page.objects.filter(run__incident=incident)] == [bob]
    assert not Delivery.objects.filter(word="page", recipient=alice).exists()
    assert incident.timeline.filter(kind="page_failed", text__contains="reaches nobody").exists()


def test_all_of_a_team_are_asked_but_for_the_viewers(checkout, team, bob, vera):
    for user in (bob, vera):
        Membership.objects.create(team=team, user=user)
    aim = {"kind": "team", "id": team.pk, "name": "Payments"}
    assert vera not in plans.people([aim], team)
    assert bob in plans.people([aim], team)


def test_a_schedule_with_somebody_who_became_a_viewer_can_still_be_changed(checkout, mona, alice):
    row = Schedule.objects.get(name="Primary")
    User.objects.filter(pk=alice.pk).update(role=Role.VIEWER)
    save_schedule(
        actor=person(mona),
        schedule_id=row.pk,
        name="Primary, renamed",
        time_zone="UTC",
        team=None,
        rotations=[Rotation("All", date(2026, 3, 2), time(9), 7, (alice.pk, mona.pk))],
    )
    assert LayerMember.objects.filter(layer__schedule=row).count() == 2
