"""The engine against a minute-by-minute walk along the clock on the wall."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.refusal import Invalid
from oncall import rota, windows

COPENHAGEN = "Europe/Copenhagen"
ZONES = ["UTC", COPENHAGEN, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]


def layer(people=(1, 2), zone=COPENHAGEN, first=date(2026, 3, 2), at=time(9), days=7, key=1):
    return rota.Layer(key, "L", zone, first, at, days, tuple(people))


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_hands_change_at_the_same_wall_clock_time_on_both_sides_of_summer_time():
    one = layer(days=7)
    # 29 March 2026: clocks go forward between these two Mondays.
    assert one.turn(3) == utc(2026, 3, 23, 8)
    assert one.turn(4) == utc(2026, 3, 30, 7)


def test_a_hand_over_in_the_missing_hour_is_the_moment_of_the_jump():
    one = layer(first=date(2026, 3, 29), at=time(2, 30), days=1)
    assert one.turn(0) == utc(2026, 3, 29, 1)


def test_a_hand_over_in_the_doubled_hour_is_the_first_of_the_two():
    one = layer(first=date(2026, 10, 25), at=time(2, 30), days=1)
    assert one.turn(0) == utc(2026, 10, 25, 0, 30)


def test_before_the_first_turn_there_is_nobody():
    schedule = rota.Rota((layer(),))
    assert rota.who(schedule, utc(2026, 3, 2, 7, 59)).user is None
    assert rota.who(schedule, utc(2026, 3, 2, 8)).user == 1


def test_the_newest_override_wins_and_never_leaks_outside_its_span():
    older = rota.Override(1, 7, utc(2026, 3, 3), utc(2026, 3, 4))
    newer = rota.Override(2, 8, utc(2026, 3, 3, 12), utc(2026, 3, 3, 18))
    schedule = rota.Rota((layer(),), (older, newer))

    found = rota.shifts(schedule, utc(2026, 3, 2, 12), utc(2026, 3, 4, 12))

    assert [(shift.user, shift.start) for shift in found] == [
        (1, utc(2026, 3, 2, 12)),
        (7, utc(2026, 3, 3)),
        (8, utc(2026, 3, 3, 12)),
        (7, utc(2026, 3, 3, 18)),
        (1, utc(2026, 3, 4)),
    ]


def test_a_higher_layer_covers_a_lower_one_where_it_has_somebody():
    schedule = rota.Rota((layer((1,)), layer((2,), first=date(2026, 3, 9), key=2)))
    assert rota.who(schedule, utc(2026, 3, 5)).user == 1
    assert rota.who(schedule, utc(2026, 3, 10)).user == 2


def test_now_and_next_skip_hand_overs_to_oneself():
    schedule = rota.Rota((layer((1, 1, 2)),))
    here, after = rota.now_and_next(schedule, utc(2026, 3, 3))
    assert (here.user, here.end) == (1, utc(2026, 3, 16, 8))
    assert after.user == 2


def test_an_empty_rotation_is_one_long_gap():
    [gap] = rota.gaps(rota.Rota((layer(()),)), utc(2026, 3, 2), utc(2026, 3, 9))
    assert (gap.start, gap.end) == (utc(2026, 3, 2), utc(2026, 3, 9))


def night(start="20:00", end="08:00", days=range(7)):
    return rota.Window(time.fromisoformat(start), time.fromisoformat(end), frozenset(days))


def test_a_night_belongs_to_the_day_on_which_it_begins():
    fridays = replace(layer((1,)), windows=(night(days=[4]),))
    friday = utc(2026, 3, 6, 18, 59)  # 19:59 in Copenhagen
    assert rota.who(rota.Rota((fridays,)), friday).user is None
    found = rota.layer_shifts(fridays, utc(2026, 3, 2), utc(2026, 3, 16))
    assert [(one.start, one.end) for one in found] == [
        (utc(2026, 3, 6, 19), utc(2026, 3, 7, 7)),
        (utc(2026, 3, 13, 19), utc(2026, 3, 14, 7)),
    ]


def test_a_weekend_of_two_whole_days_is_one_shift():
    weekend = replace(layer((1,)), windows=(night("00:00", "00:00", [5, 6]),))
    [one] = rota.layer_shifts(weekend, utc(2026, 3, 4), utc(2026, 3, 12))
    assert (one.start, one.end) == (utc(2026, 3, 6, 23), utc(2026, 3, 8, 23))


def test_twelve_hour_turns_change_at_the_same_times_of_day_all_year():
    one = layer((1, 2), first=date(2026, 3, 2), at=time(8), days=0)
    one = replace(one, hours=12)
    zone = ZoneInfo(COPENHAGEN)
    clocks = {one.turn(number).astimezone(zone).time() for number in range(730)}
    assert clocks == {time(8), time(20)}
    # Between them lie the night of the change forward (11 h) and the one back (13 h).
    lengths = {one.turn(n + 1) - one.turn(n) for n in range(730)}
    assert lengths == {timedelta(hours=11), timedelta(hours=12), timedelta(hours=13)}


def test_a_leap_day_is_a_day_like_any_other():
    one = layer((1, 2, 3), zone="UTC", first=date(2028, 2, 28), days=1)
    assert [rota.who(rota.Rota((one,)), utc(2028, month, day, 12)).user for month, day in
            [(2, 28), (2, 29), (3, 1)]] == [1, 2, 3]  # fmt: skip


def test_a_zone_that_skips_a_whole_day_skips_its_turn():
    # Samoa went over the date line: 30 December 2011 never was.
    one = layer((1, 2, 3), zone="Pacific/Apia", first=date(2011, 12, 29), at=time(0), days=1)
    found = rota.shifts(rota.Rota((one,)), one.turn(0), one.turn(3))
    assert [shift.user for shift in found] == [1, 3]
    assert found[0].end - found[0].start == timedelta(days=1)


def test_day_and_night_layers_meet_without_a_gap_or_an_overlap_across_the_doubled_hour():
    days = replace(layer((1,), key=1), windows=(night("02:30", "14:30"),))
    nights = replace(layer((2,), key=2), windows=(night("14:30", "02:30"),))
    found = rota.shifts(rota.Rota((days, nights)), utc(2026, 10, 24), utc(2026, 10, 27))
    assert None not in {one.user for one in found}
    # 02:30 comes twice on the 25th; hands change at its first showing.
    assert (1, utc(2026, 10, 25, 0, 30)) in {(one.user, one.start) for one in found}


def test_who_says_which_layers_have_nobody_then():
    base, nights = layer((1,), key=1), replace(layer((2,), key=2), windows=(night(),))
    answer = rota.who(rota.Rota((base, nights)), utc(2026, 3, 4, 12))
    assert (answer.user, answer.layer, answer.passed) == (1, base, (nights,))


def walk(one: rota.Layer, start: datetime, minutes: int) -> list[int | None]:
    """Naive: minute by minute, along the furthest that the clock on the wall has shown."""
    zone = ZoneInfo(one.zone)
    first = datetime.combine(one.first_day, one.hand_over)
    at, wall, found = start - timedelta(hours=3), datetime.min, []
    while at < start + timedelta(minutes=minutes):
        # Where the clocks go back, the wall has been further already.
        wall = max(wall, at.astimezone(zone).replace(tzinfo=None))
        turn = (wall - first) // one.length
        is_on = not one.windows or any(is_inside(window, wall) for window in one.windows)
        if at >= start:
            found.append(one.people[turn % len(one.people)] if turn >= 0 and one.people and is_on else None)
        at += timedelta(minutes=1)
    return found


def is_inside(window: rota.Window, wall: datetime) -> bool:
    for begins in (wall.date(), wall.date() - timedelta(days=1)):
        start = datetime.combine(begins, window.start)
        end = datetime.combine(begins + timedelta(days=window.end <= window.start), window.end)
        if begins.weekday() in window.days and start <= wall < end:
            return True
    return False


MINUTE = st.times().map(lambda t: t.replace(second=0, microsecond=0, tzinfo=None))
WINDOWS = st.lists(
    st.builds(rota.Window, MINUTE, MINUTE, st.frozensets(st.integers(0, 6), min_size=1)), max_size=3
).map(tuple)
TURNS = st.one_of(
    st.tuples(st.integers(1, 3), st.just(0)), st.tuples(st.integers(0, 1), st.sampled_from([1, 5, 8, 12]))
)
LAYERS = st.builds(
    lambda zone, at, turn, people, windows, back: rota.Layer(
        1, "L", zone, back, at, turn[0], tuple(people), turn[1], windows
    ),
    st.sampled_from(ZONES),
    MINUTE,
    TURNS,
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    WINDOWS,
    # Days around changes of the clocks in all those zones, and around a leap day.
    st.sampled_from([date(2026, 3, 27), date(2026, 10, 23), date(2026, 4, 3), date(2028, 2, 27)]),
)


@settings(max_examples=40, deadline=None)
@given(one=LAYERS, offset=st.integers(-1440, 3000), span=st.integers(1, 2880))
def test_every_minute_has_the_holder_of_a_minute_by_minute_walk(one, offset, span):
    start = datetime.combine(one.first_day, time(0), tzinfo=UTC) + timedelta(minutes=offset)
    end = start + timedelta(minutes=span)

    expected = walk(one, start, span)
    found = rota.shifts(rota.Rota((one,)), start, end)

    assert (found[0].start, found[-1].end) == (start, end)
    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    for m in range(span):
        at = start + timedelta(minutes=m)
        # Exactly one shift covers a moment, so a layer has at most one holder.
        [holder] = [shift.user for shift in found if shift.start <= at < shift.end]
        assert holder == expected[m]
        if m % 11 == 0:
            assert rota.who(rota.Rota((one,)), at).user == holder


HELD = st.tuples(st.integers(-1440, 4000), st.integers(1, 3000))


@settings(max_examples=30, deadline=None)
@given(one=LAYERS, held=HELD, offset=st.integers(-1440, 3000), span=st.integers(1, 2880))
def test_a_layer_has_its_holders_only_while_it_holds(one, held, offset, span):
    midnight = datetime.combine(one.first_day, time(0), tzinfo=UTC)
    since, until = (midnight + timedelta(minutes=sum(held[:n])) for n in (1, 2))
    start = midnight + timedelta(minutes=offset)
    expected = walk(one, start, span)
    schedule = rota.Rota((replace(one, since=since, until=until),))
    found = rota.shifts(schedule, start, start + timedelta(minutes=span))
    for m in range(span):
        at = start + timedelta(minutes=m)
        [holder] = [shift.user for shift in found if shift.start <= at < shift.end]
        assert holder == (expected[m] if since <= at < until else None)
        if m % 11 == 0:
            assert rota.who(schedule, at).user == holder


@settings(max_examples=20, deadline=None)
@given(before=LAYERS, after=LAYERS, cut=st.integers(0, 2880))
def test_two_versions_that_meet_are_each_what_they_are_alone(before, after, cut):
    start = utc(2026, 3, 28)
    at = start + timedelta(minutes=cut)
    both = rota.Rota((replace(before, key=-1, until=at), replace(after, key=1, since=at)))
    end = start + timedelta(days=2)
    found = rota.shifts(both, start, end)
    alone = [rota.shifts(rota.Rota((one,)), start, end) for one in (before, after)]
    for m in range(0, 2880, 7):
        moment = start + timedelta(minutes=m)
        wanted = alone[0] if moment < at else alone[1]
        [here] = [shift.user for shift in found if shift.start <= moment < shift.end]
        assert here == next(shift.user for shift in wanted if shift.start <= moment < shift.end)


EVE = datetime(2026, 3, 28, tzinfo=UTC)
OVERRIDES = st.lists(st.tuples(st.integers(-600, 3000), st.integers(1, 900)), max_size=6).map(
    lambda spans: tuple(
        rota.Override(
            key,
            100 + key,
            utc(2026, 3, 28) + timedelta(minutes=a),
            utc(2026, 3, 28) + timedelta(minutes=a + b),
        )
        for key, (a, b) in enumerate(spans)
    )
)


@settings(max_examples=25, deadline=None)
@given(layers=st.lists(LAYERS, max_size=3), overrides=OVERRIDES)
def test_layers_and_overrides_together_are_what_asking_minute_by_minute_gives(layers, overrides):
    schedule = rota.Rota(tuple(replace(one, key=key) for key, one in enumerate(layers)), overrides)
    start = utc(2026, 3, 28)
    found = rota.shifts(schedule, start, start + timedelta(days=2))
    for shift in found:
        # Nobody stands in outside of the span that was given.
        if shift.override is not None:
            own = overrides[shift.override]
            assert own.start <= shift.start < shift.end <= own.end
            assert shift.user == own.user
    for m in range(0, 2880, 35):
        at = start + timedelta(minutes=m)
        [here] = [shift for shift in found if shift.start <= at < shift.end]
        covering = [one for one in overrides if one.start <= at < one.end]
        holders = [walk(one, at, 1)[0] for one in schedule.layers] if m % 210 == 0 else None
        if covering:
            assert here.user == covering[-1].user
        elif holders is not None:
            assert here.user == next((one for one in reversed(holders) if one is not None), None)
        assert here.user == rota.who(schedule, at).user


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(ZONES), at=MINUTE, days=st.integers(1, 9), number=st.integers(0, 400))
def test_the_local_time_of_a_hand_over_is_stable(zone, at, days, number):
    one = layer(zone=zone, first=date(2026, 1, 5), at=at, days=days)
    local = one.turn(number).astimezone(ZoneInfo(zone))
    wanted = datetime.combine(one.first_day + timedelta(days=days * number), at)
    exists = wanted.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
    if exists.replace(tzinfo=None) == wanted:
        assert local.replace(tzinfo=None) == wanted
    else:
        # The clocks jump over it: the first moment after the jump.
        assert wanted < local.replace(tzinfo=None) <= wanted + timedelta(hours=1)


@pytest.mark.parametrize(
    ("line", "spelt"),
    [
        ("Mon-Fri 20:00-08:00", "Mon-Fri 20:00-08:00"),
        ("sat, sunday 0:00 - 24:00", "Sat,Sun 00:00-24:00"),
        ("Fri-Mon 18:00-09:00", "Mon,Fri-Sun 18:00-09:00"),
        ("22:00-06:00", "22:00-06:00"),
        ("daily 09:00-17:00", "09:00-17:00"),
    ],
)
def test_hours_are_read_and_written_as_people_say_them(line, spelt):
    assert windows.spell(windows.parse(line)) == spelt
    assert windows.parse(spelt) == windows.parse(line)


@pytest.mark.parametrize("line", ["nights", "Mon 25:00-08:00", "Moo 09:00-17:00", "Mon 9-17"])
def test_unclear_hours_are_refused_with_an_example(line):
    with pytest.raises(Invalid, match="Write it like"):
        windows.parse(line)
