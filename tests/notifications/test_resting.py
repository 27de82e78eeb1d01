"""Quiet hours: what can wait waits for the person's morning, by their own clock; what is urgent does not."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from lib.refusal import Invalid
from notifications import contacts, resting
from notifications.models import Delivery, Urgency, Word

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)


def owed(user, urgency, run_key=7):
    return contacts.tell(
        user, Word.PAGE, key=f"{urgency}-{run_key}", subject="s", body="b", urgency=urgency, run_key=run_key
    )


@pytest.fixture
def rests(alice):
    alice.time_zone = "Europe/Copenhagen"
    alice.save()
    resting.keep(alice, begins=time(22), ends=time(7))
    return alice


def test_what_can_wait_is_due_when_they_end_and_what_is_urgent_at_once(rests):
    with time_machine.travel(NIGHT, tick=False):
        low, high = owed(rests, Urgency.LOW), owed(rests, Urgency.HIGH)

        assert [row.due_at for row in low] == [datetime(2026, 3, 3, 6, 0, tzinfo=UTC)]
        assert [row.due_at for row in high] == [NIGHT]


def test_outside_of_them_it_is_due_at_once(rests):
    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC), tick=False) as clock:
        assert owed(rests, Urgency.LOW)[0].due_at == datetime(2026, 3, 2, 12, tzinfo=UTC)
        clock.move_to(datetime(2026, 3, 3, 6, tzinfo=UTC))
        assert resting.ends_at(rests) is None


def test_what_becomes_urgent_meanwhile_goes_out_in_its_own_order(rests):
    with time_machine.travel(NIGHT, tick=False) as clock:
        (row,) = owed(rests, Urgency.LOW)
        Delivery.objects.filter(pk=row.pk).update(data={**row.data, "delay": 120})
        clock.shift(60)

        assert resting.wake([7]) == 1
        assert resting.wake([7]) == 0
        row.refresh_from_db()
        assert row.due_at == NIGHT + timedelta(seconds=180)


def test_what_was_called_off_stays_so(rests):
    with time_machine.travel(NIGHT, tick=False):
        (row,) = owed(rests, Urgency.LOW)
        Delivery.objects.filter(pk=row.pk).update(cancelled_at=NIGHT)

        assert resting.wake([7]) == 0


@pytest.mark.parametrize(
    ("begins", "ends", "sentence"),
    [(time(22), None, "Give both"), (None, time(7), "Give both"), (time(7), time(7), "whole day")],
)
def test_half_of_them_or_a_whole_day_is_refused_and_changes_nothing(rests, begins, ends, sentence):
    with pytest.raises(Invalid, match=sentence):
        resting.keep(rests, begins=begins, ends=ends)

    assert resting.hours(rests) == (time(22), time(7))


def test_they_are_kept_on_ones_own_page(client, alice):
    client.force_login(alice)
    url = reverse("notifications:rest")

    assert client.post(url, {"quiet_from": "22:00", "quiet_until": "06:30"}).status_code == 302
    assert resting.hours(alice) == (time(22), time(6, 30))
    assert b'value="06:30"' in client.get(reverse("notifications:contacts")).content
    answer = client.post(url, {"quiet_from": "22:00", "quiet_until": ""})
    assert answer.status_code == 422 and b"Give both" in answer.content
    client.post(url, {"quiet_from": "", "quiet_until": ""})
    assert resting.hours(alice) is None


class EveryMinuteTest(TestCase):
    """Against the plain question: is it between the two on the person's clock?"""

    @given(
        at=st.one_of(
            st.datetimes(datetime(2026, 3, 27), datetime(2026, 3, 31)),
            st.datetimes(datetime(2026, 10, 23), datetime(2026, 10, 27)),
            st.datetimes(datetime(2026, 6, 1), datetime(2026, 6, 3)),
        ),
        begins=st.times(),
        ends=st.times(),
        zone=st.sampled_from(["Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    )
    def test_they_hold_exactly_when_the_clock_says_so(self, at, begins, ends, zone):
        begins, ends = begins.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0)
        if begins == ends:
            return
        user, _ = User.objects.get_or_create(email="rest@example.org", defaults={"name": "R"})
        user.time_zone = zone
        resting.keep(user, begins=begins, ends=ends)
        moment = at.replace(tzinfo=UTC)

        local = moment.astimezone(ZoneInfo(zone))
        clock = local.time()
        inside = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
        end = resting.ends_at(user, moment)
        # The same instant, whatever zone it is written in.
        assert end == resting.ends_at(user, local)

        # In the hour that does not exist a bound lies on the next one that does.
        skips = any(
            (moment + timedelta(hours=h)).astimezone(ZoneInfo(zone)).utcoffset() != local.utcoffset()
            for h in (-3, 3)
        )
        assert skips or (end is not None) == inside
        assert end is None or moment < end <= moment + timedelta(hours=25)
