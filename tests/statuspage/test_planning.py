"""Maintenance begins and ends by the clock, and is left out of what counts."""

from datetime import timedelta

import pytest
import time_machine

from accounts import actors
from lib.refusal import Forbidden, Invalid, Refused
from statuspage import planning, publishing, reading
from statuspage.models import Maintenance
from tests.statuspage.conftest import NOON

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def plan(shop, mona):
    def schedule(**words):
        given = {
            "actor": actors.person(mona),
            "title": "Account pages pause",
            "scheduled_for": NOON + HOUR,
            "scheduled_until": NOON + 2 * HOUR,
            "body": "You stay signed in.",
            "components": [shop["search"]],
        }
        return planning.schedule(**{**given, **words})

    return schedule


def test_it_begins_and_ends_by_itself(plan, shop):
    with time_machine.travel(NOON, tick=False) as clock:
        work = plan()
        assert planning.move_by_the_clock() == 0
        clock.shift(HOUR)
        assert planning.move_by_the_clock() == 1
        assert reading.shown_statuses()[shop["search"].pk] == "under_maintenance"
        assert planning.move_by_the_clock() == 0
        clock.shift(HOUR)
        assert planning.move_by_the_clock() == 1
    work.refresh_from_db()
    assert (work.status, work.completed_at) == ("completed", NOON + 2 * HOUR)
    assert reading.shown_statuses()[shop["search"].pk] == "operational"
    assert work.updates.count() == 3


def test_trouble_in_a_maintenance_is_shown_but_does_not_count(plan, shop, mona):
    with time_machine.travel(NOON, tick=False) as clock:
        plan()
        clock.shift(HOUR)
        planning.move_by_the_clock()
        notice = publishing.open_notice(
            actor=actors.person(mona),
            title="Search fails",
            body="Search fails.",
            components={shop["search"].pk: "major_outage"},
        )
        clock.shift(HOUR)
        planning.move_by_the_clock()
        publishing.post_update(notice.pk, actor=actors.person(mona), body="It is back.", status="resolved")
        view = reading.snapshot().by_id[shop["search"].public_id]
    assert view.uptime == 100


def test_a_maintenance_can_be_called_off(plan, mona):
    with time_machine.travel(NOON, tick=False) as clock:
        work = plan()
        planning.post_update(work.pk, actor=actors.person(mona), status="completed", body="Not needed.")
        clock.shift(HOUR)
        assert planning.move_by_the_clock() == 0
        with pytest.raises(Refused):
            planning.post_update(work.pk, actor=actors.person(mona), status="in_progress", body="After all.")


def test_only_managers_announce(plan, alice):
    with pytest.raises(Forbidden):
        plan(actor=actors.person(alice))


@pytest.mark.parametrize(
    "words",
    [
        {"scheduled_until": NOON},
        {"scheduled_for": NOON - 5 * HOUR, "scheduled_until": NOON - HOUR},
        {"title": " "},
        {"body": ""},
    ],
)
def test_what_cannot_be_is_refused(plan, words):
    with time_machine.travel(NOON, tick=False), pytest.raises(Invalid):
        plan(**words)
    assert not Maintenance.objects.exists()
