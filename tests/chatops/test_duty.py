"""`/inc who`: who is paged at a moment, and why, by the asker's clock."""

from datetime import UTC, datetime

import pytest
import time_machine

from chatops import duty
from lib.refusal import Invalid
from oncall import policies
from oncall.models import Coverage, Layer, LayerMember, Policy, Schedule, Step, Target

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def ladder(house, bob):
    schedule = Schedule.objects.create(name="Nights & days")
    layer = Layer.objects.create(schedule=schedule, name="Round")
    LayerMember.objects.create(layer=layer, user=bob, position=0)
    policy = Policy.objects.create(name="Shop")
    Target.objects.create(
        step=Step.objects.create(policy=policy, position=0), kind="schedule", schedule=schedule
    )
    Coverage.objects.update_or_create(service=house, defaults={"policy": policy})
    return schedule


def test_a_service_and_a_schedule_answer_with_the_person_and_the_trace(inc, ladder, house):
    with time_machine.travel(NOON, tick=False):
        by_service, by_schedule = inc("who checkout at 03:00"), inc("who nights & days at 2026-03-09 03:00")

        _person, trace = policies.why(house, datetime(2026, 3, 3, 3, tzinfo=UTC))
    assert by_service.startswith("Tue 03 Mar 03:00 UTC: Bob")
    assert all(line.replace("&", "&amp;") in by_service for line in trace)
    assert by_schedule.startswith("Mon 09 Mar 03:00 UTC: Bob") and "Round" in by_schedule


def test_without_a_name_the_incidents_service_is_meant_and_without_words_its_chairs(inc, ladder, opened):
    incident = opened()
    assert "Bob" in inc(f"who {incident.reference} at 03:00".replace(f"{incident.reference} ", ""))
    assert "nobody yet" in inc(f"who {incident.reference}")


def test_where_nothing_is_open_it_says_who_is_on_call(inc, ladder):
    assert "• Nights &amp; days: Bob" in inc("who")


def test_what_nobody_knows_is_said(inc, ladder):
    assert "no service and no schedule of the name “nothing”" in inc("who nothing at 03:00")
    assert "Give a time as 03:00" in inc("who checkout at 99:99")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("14:00", datetime(2026, 3, 2, 13, 0, tzinfo=UTC)),
        ("12:30", datetime(2026, 3, 3, 11, 30, tzinfo=UTC)),
        ("tomorrow 03:00", datetime(2026, 3, 3, 2, 0, tzinfo=UTC)),
        ("2026-07-01 03:00", datetime(2026, 7, 1, 1, 0, tzinfo=UTC)),
        ("2026-07-01t03:00", datetime(2026, 7, 1, 1, 0, tzinfo=UTC)),
    ],
)
def test_times_are_the_askers(alice, words, expected):
    alice.time_zone = "Europe/Copenhagen"
    with time_machine.travel(NOON, tick=False):
        assert duty.moment(words, alice) == expected


@pytest.mark.parametrize("words", ["", "soon", "25:00", "tomorrow", "2026-13-01 03:00"])
def test_what_is_no_time_is_refused(alice, words):
    with pytest.raises(Invalid, match="Give a time"):
        duty.moment(words, alice)
