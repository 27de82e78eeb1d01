from datetime import timedelta

import pytest
from django.core.cache import cache

from lib import limits

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _empty():
    cache.clear()


def test_the_one_too_many_is_over_and_others_are_counted_apart():
    assert [limits.is_over("a", "x", most=2, span=MINUTE) for _ in range(4)] == [False, False, True, True]
    assert not limits.is_over("a", "y", most=2, span=MINUTE)
    assert not limits.is_over("b", "x", most=2, span=MINUTE)


def test_anything_may_be_a_name_and_a_span_that_ended_between_two_calls_counts_for_nobody(monkeypatch):
    assert not limits.is_over("a", "\ud800 \n\x00" + "x" * 9_000, most=1, span=MINUTE)

    class Gone:
        def add(self, key, value, timeout):
            return True

        def incr(self, key):
            raise ValueError(key)

    monkeypatch.setattr(limits, "cache", Gone())
    assert not limits.is_over("a", "x", most=0, span=MINUTE)
