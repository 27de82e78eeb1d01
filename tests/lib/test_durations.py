"""Durations, written and read."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.durations import clock, parse, words
from lib.refusal import Invalid


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (timedelta(seconds=20), "20 s"),
        (timedelta(minutes=13, seconds=59), "13 min"),
        (timedelta(hours=1, minutes=5), "1 h 5 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=2, hours=3, minutes=9), "2 d 3 h"),
        (timedelta(days=1, minutes=9), "1 d"),
        (timedelta(minutes=-2), "2 min"),
        (timedelta(0), "0 s"),
        (None, "–"),
    ],
)
def test_a_duration_in_words(amount, text):
    assert words(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (timedelta(minutes=4, seconds=12), "4:12"),
        (timedelta(hours=1, minutes=4, seconds=12), "1:04:12"),
        (timedelta(seconds=-5), "-0:05"),
        (timedelta(milliseconds=-5), "0:00"),
    ],
)
def test_a_duration_on_a_clock(amount, text):
    assert clock(amount) == text


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("15 min", timedelta(minutes=15)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1 h and 5 min", timedelta(hours=1, minutes=5)),
        ("90", timedelta(minutes=90)),
        ("2 Days", timedelta(days=2)),
        ("1.5 h", timedelta(minutes=90)),
    ],
)
def test_a_duration_is_read(text, amount):
    assert parse(text) == amount


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "min", "-5 min", "99999999 days", "5 min!"])
def test_what_is_no_duration_is_refused_with_a_sentence(text):
    with pytest.raises(Invalid):
        parse(text)


@given(st.integers(0, 3_600 * 24 * 300))
def test_words_are_read_back_within_their_smaller_unit(seconds):
    amount = timedelta(seconds=seconds)
    back = parse(words(amount))

    assert back <= amount
    assert amount - back < (timedelta(minutes=1) if amount < timedelta(days=1) else timedelta(hours=1))
