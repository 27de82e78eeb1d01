"""Hours, pages and nights against figures worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.actors import person
from lib.refusal import Invalid
from notifications.models import Delivery
from oncall import answering, loads, schedules
from oncall.models import Layer, Page, PageRun, Schedule
from tests.oncall.conftest import NOON, schedule

pytestmark = pytest.mark.django_db
#: Two whole weeks, Monday to Monday; weekly hand-over on Monday at nine.
START, END = datetime(2026, 2, 2, 9, tzinfo=UTC), datetime(2026, 2, 16, 9, tzinfo=UTC)


def line(lines, user):
    return next(one for one in lines if one.user == user)


@pytest.fixture
def primary(clock, alice, bob):
    clock.move_to(START - timedelta(days=7))
    row = schedule("Primary", alice, bob)
    clock.move_to(NOON)
    return row


@pytest.fixture
def of_old(checkout):
    """The schedules of the world were there before anybody noted when they were made."""
    Schedule.objects.update(created_at=None)


def test_hours_and_their_share_outside_of_business_hours(primary, alice, bob):
    found = loads.load(START, END)

    both = [line(found.people, user) for user in (alice, bob)]
    assert [one.hours for one in both] == [168, 168]
    # Monday to Friday, 9 to 17: 40 of 168 hours are inside.
    assert [one.outside_share for one in both] == [round(100 * 128 / 168)] * 2
    assert [one.fairness for one in both] == ["1.0×", "1.0×"]


def test_who_holds_two_schedules_at_once_is_on_call_once(primary, alice, bob, clock):
    clock.move_to(START)
    schedule("Secondary", alice, bob)
    clock.move_to(NOON)

    found = loads.load(START, END)

    assert line(found.people, alice).hours == 168
    assert [line(lines, alice).hours for _one, lines in found.by_schedule] == [168, 168]


def test_nobody_held_a_schedule_before_it_was_made(alice, clock):
    """A rotation's first day lies in the past by default, so that its turns have begun."""
    clock.move_to(START + timedelta(days=7))
    made = schedule("New", alice)
    clock.move_to(END)
    assert line(loads.load(START, END).people, alice).hours == 168
    assert loads.load(START, START + timedelta(days=7)).people == []

    # The rotation's own first day counts where it is later.
    Layer.objects.update(first_day=(START + timedelta(days=10)).date())
    assert line(loads.load(START, END).people, alice).hours == 4 * 24

    # Of when it was made nothing is known for those that are older than the note of it.
    Schedule.objects.filter(pk=made.pk).update(created_at=None)
    Layer.objects.update(first_day=START.date())
    assert line(loads.load(START, END).people, alice).hours == 336


def test_an_override_moves_the_hours_and_the_fair_share(primary, alice, bob, carol, clock):
    clock.move_to(START)
    schedules.stand_in(
        primary.pk, actor=person(carol), user_id=carol.pk, start=START, end=START + timedelta(hours=84)
    )
    clock.move_to(END)

    found = loads.load(START, END)

    assert line(found.people, carol).hours == 84
    assert sum(one.hours for one in found.people) == 336
    assert line(found.people, carol).fairness == "0.8×"


def test_pages_and_nights_by_the_person_s_own_clock(opened, alice, clock):
    alice.time_zone = "America/New_York"
    alice.save()
    run = PageRun.objects.create(incident=opened(), policy_name="p", reason="opened", key="k", plan={})
    # 23:30, 02:00 and 06:59 of one night in New York, 07:00 in the morning after, and one at noon.
    for number, hour in enumerate([4.5, 7, 11 + 59 / 60, 12, 17]):
        at = datetime(2026, 2, 4, tzinfo=UTC) + timedelta(hours=hour)
        Page.objects.create(run=run, user=alice, rung=number, step=1, created_at=at)

    mine = line(loads.load(START, END).people, alice)

    assert mine.pages == 5
    assert len(mine.nights) == 1


def test_a_page_of_which_every_message_failed_rang_nobody(opened, alice, bob):
    run = PageRun.objects.create(incident=opened(), policy_name="p", reason="opened", key="k", plan={})
    at = datetime(2026, 2, 4, 12, tzinfo=UTC)
    for user, fates in ((alice, ["failed_at", "failed_at"]), (bob, ["failed_at", "sent_at"])):
        Page.objects.create(run=run, user=user, rung=0, step=1, created_at=at)
        for number, fate in enumerate(fates):
            Delivery.objects.create(
                word="page",
                recipient=user,
                run_key=run.pk,
                key=f"{user.pk}:{number}",
                channel="mail",
                **{fate: at},
            )

    found = loads.load(START, END).people

    assert [line(found, bob).pages] == [1]
    assert [one.pages for one in found if one.user == alice] in ([], [0])


def test_only_who_acknowledged_has_answered(opened, tick, alice, bob, of_old):
    opened()
    tick(6)
    answering.acknowledge(PageRun.objects.get().pk, actor=person(bob))

    found = loads.load(clock_start(), clock_start() + timedelta(days=1)).people

    assert [(line(found, who).pages, line(found, who).answered) for who in (alice, bob)] == [(1, 0), (1, 1)]
    assert line(found, alice).median_answer is None


def test_drills_do_not_count(opened, alice, of_old):
    incident = opened()
    run = PageRun.objects.create(incident=incident, policy_name="p", reason="opened", key="k", plan={})
    Page.objects.create(run=run, user=alice, rung=0, step=1, created_at=START)
    type(incident).objects.filter(pk=incident.pk).update(is_drill=True)

    assert line(loads.load(START, END).people, alice).pages == 0


def test_a_page_belongs_to_the_schedule_that_its_step_asked(opened, alice, drain, of_old):
    opened()
    drain()

    found = dict(loads.load(clock_start(), clock_start() + timedelta(days=1)).by_schedule)

    by_name = {one.name: lines for one, lines in found.items()}
    assert line(by_name["Primary"], alice).pages == 1
    assert all(one.pages == 0 for one in by_name["Secondary"])


def clock_start():
    return datetime(2026, 3, 2, 0, tzinfo=UTC)


def test_a_span_is_one(clock):
    with pytest.raises(Invalid):
        loads.period(END, START)
    with pytest.raises(Invalid, match="year"):
        loads.period(START, START + timedelta(days=367))


def test_the_page_the_csv_and_the_api_say_the_same(primary, alice, client):
    alice.name = "=Alice"
    alice.save()
    client.force_login(alice)
    asked = "?since=2026-02-02&until=2026-02-15"
    shown = client.get(f"/oncall/load/{asked}")
    assert shown.status_code == 200
    assert "What this does not count" in shown.content.decode()
    assert "'=Alice" in client.get(f"/oncall/load.csv{asked}").content.decode()
    assert client.get("/oncall/load/?since=2026-02-02&until=2020-01-01").status_code == 422
    assert client.get("/oncall/load.csv?since=x").status_code == 422
