"""A schedule that is changed: before the change it is what it was, after it what it is."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts import erasing, people, tokens
from accounts.actors import person
from oncall import loads, rota, rotations, schedules
from oncall.models import Layer, Override, PastLayer, Schedule
from tests.oncall.conftest import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def who(schedule, at):
    return schedules.who(Schedule.objects.get(pk=schedule.pk), at).user


def test_a_change_never_rewrites_the_past(kept, alice, bob, carol, clock):
    schedule = kept()
    clock.shift(DAY)
    changed_at = now()
    kept(schedule, user_ids=(carol.pk,))
    assert who(schedule, NOON - 3 * DAY) == alice.pk and who(schedule, changed_at - DAY / 2) == bob.pk
    assert who(schedule, changed_at - timedelta(microseconds=1)) == bob.pk
    assert who(schedule, changed_at) == who(schedule, changed_at + 30 * DAY) == carol.pk

    clock.shift(DAY)
    kept(schedule, user_ids=(alice.pk,), zone="Europe/Copenhagen")
    assert [who(schedule, NOON + n * DAY / 2) for n in (1, 3, 5)] == [bob.pk, carol.pk, alice.pk]
    assert PastLayer.objects.count() == 2 and Layer.objects.count() == 1


def test_keeping_it_unchanged_or_renaming_a_layer_is_no_change(kept, clock):
    schedule = kept()
    clock.shift(DAY)
    kept(schedule)
    kept(schedule, name="Renamed")
    assert not PastLayer.objects.exists() and Layer.objects.get().name == "Renamed"
    assert Layer.objects.get().since is None


def test_a_layer_taken_away_stays_in_the_past_and_a_new_one_begins_now(kept, mona, alice, carol, clock):
    schedule = kept()
    above = rotations.Rotation("Cover", NOON.date() - 7 * DAY, NOON.time(), 1, (carol.pk,))
    below = rotations.Rotation.of(Layer.objects.get())

    def save(*turns):
        words = {"name": "Primary", "time_zone": "UTC", "team": None}
        rotations.save(actor=person(mona), schedule_id=schedule.pk, rotations=turns, **words)

    clock.shift(DAY)
    save(below, above)
    assert who(schedule, now() - DAY / 2) != carol.pk and who(schedule, now()) == carol.pk
    clock.shift(DAY)
    save(below)
    assert who(schedule, now()) != carol.pk and who(schedule, now() - DAY / 2) == carol.pk


def test_the_hours_of_a_person_are_those_that_were_true(kept, alice, bob, carol, clock):
    schedule = kept(days=1)  # A day each, from a week ago.
    clock.shift(2 * DAY)
    kept(schedule, user_ids=(carol.pk,))
    clock.shift(2 * DAY)
    hours = {line.user: line.hours for line in loads.load(NOON, NOON + 4 * DAY).people}
    assert hours == {alice: 24.0, bob: 24.0, carol: 48.0}


def test_whoever_is_switched_off_after_the_change_keeps_the_past(kept, alice, carol, clock):
    schedule = kept()
    clock.shift(DAY)
    kept(schedule, user_ids=(carol.pk,))
    alice.is_active = False
    alice.save()
    assert who(schedule, NOON - 3 * DAY) == alice.pk


def test_the_page_and_the_api_tell_how_it_was(kept, mona, alice, bob, carol, client, clock):
    schedule = kept()
    clock.shift(DAY)
    kept(schedule, user_ids=(carol.pk,))
    client.force_login(mona)
    assert "How it was before" in client.get(f"/oncall/schedules/{schedule.pk}/").content.decode()
    table = client.get("/oncall/").content.decode()
    assert "until 03 Mar" in table

    _row, token = tokens.issue(mona, name="t", scope="read")
    auth = {"Authorization": f"Bearer {token}"}
    [row] = client.get(f"/api/v1/schedules/{schedule.pk}/history/", headers=auth).json()
    assert row["people"] == [alice.email, bob.email] and row["since"] is None
    since = (NOON - DAY).isoformat().replace("+00:00", "Z")
    shifts = client.get(f"/api/v1/schedules/{schedule.pk}/shifts/?from={since}", headers=auth).json()
    assert [one["user"] for one in shifts[:3]] == [alice.email, bob.email, carol.email]


def test_a_moment_between_two_statements_is_never_without_a_rotation(kept, carol, clock):
    schedule = kept()
    stale = Schedule.objects.prefetch_related("layers__members__user").get(pk=schedule.pk)
    list(stale.layers.all())
    clock.shift(DAY)
    kept(schedule, user_ids=(carol.pk,))
    for at in (now() - timedelta(seconds=1), now(), now() + DAY):
        assert rota.who(schedules.load(stale, since=at), at).user is not None


@pytest.mark.parametrize("how", ["off", "erased"])
def test_whoever_leaves_keeps_turns_and_overrides_and_has_no_new_ones(kept, root, alice, bob, clock, how):
    schedule = kept(days=1)
    Override.objects.create(schedule=schedule, user=bob, start=NOON - 3 * DAY, end=NOON + 3 * DAY)
    hours = [NOON - DAY * 6 + timedelta(hours=6) * step for step in range(24)]
    before = [who(schedule, at) for at in hours]
    assert set(before) == {alice.pk, bob.pk}

    if how == "off":
        people.change(bob.pk, actor=person(root), is_active=False)
    else:
        erasing.erase(bob.pk, actor=person(root))
    clock.shift(timedelta(hours=1))

    assert [who(schedule, at) for at in hours] == before
    assert {who(schedule, NOON + timedelta(hours=step)) for step in range(72)} == {alice.pk}
    if how == "off":
        people.change(bob.pk, actor=person(root), is_active=True)
        clock.shift(timedelta(hours=1))
        assert [who(schedule, at) for at in hours] == before
        assert who(schedule, NOON + timedelta(minutes=30)) == alice.pk
        assert {who(schedule, now() + DAY * step) for step in range(4)} == {alice.pk, bob.pk}
