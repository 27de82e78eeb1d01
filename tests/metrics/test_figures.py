"""The arithmetic, against a second opinion: Python's own statistics, and plain resampling."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import figures

LENGTHS = st.lists(st.floats(0, 1e7, allow_nan=False), min_size=1, max_size=60).map(sorted)


def test_p90_of_one_to_four_is_three_point_seven():
    assert figures.percentile([1, 2, 3, 4], 0.9) == pytest.approx(3.7)


def test_p90_of_ten_lies_between_the_ninth_and_the_tenth():
    # Place (10 - 1) * 0.9 = 8.1: a tenth of the way from 90 to 200.
    assert figures.percentile([10, 20, 30, 40, 50, 60, 70, 80, 90, 200], 0.9) == pytest.approx(101)


def test_nothing_has_no_middle():
    assert figures.median([]) is None
    assert figures.mean([]) is None
    assert figures.percentile([], 0.9) is None
    assert figures.interval([]) is None


@given(LENGTHS)
def test_mean_and_median_agree_with_pythons_statistics(lengths):
    assert figures.mean(lengths) == pytest.approx(statistics.fmean(lengths))
    assert figures.median(lengths) == pytest.approx(statistics.median(lengths))


@given(LENGTHS.filter(lambda lengths: len(lengths) > 1))
def test_every_tenth_agrees_with_pythons_inclusive_quantiles(lengths):
    tenths = statistics.quantiles(lengths, n=10, method="inclusive")

    assert [figures.percentile(lengths, place / 10) for place in range(1, 10)] == pytest.approx(tenths)


@given(LENGTHS)
def test_an_interval_holds_the_median_and_stays_inside_of_what_was_seen(lengths):
    edges = figures.interval(lengths, draws=60)

    if len(lengths) < figures.FEWEST:
        assert edges is None
    else:
        assert lengths[0] <= edges[0] <= edges[1] <= lengths[-1]


@pytest.mark.parametrize("count", [7, 8, 30])
def test_the_quick_bootstrap_agrees_with_plain_resampling(count):
    dice = random.Random(3)
    lengths = sorted(dice.lognormvariate(7, 1) for _ in range(count))
    plain = sorted(statistics.median(dice.choices(lengths, k=count)) for _ in range(8_000))
    quick = sorted(figures.resampled_medians(lengths, draws=8_000))

    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        # Compared by rank: how much of one lies below a quantile of the other.
        value = figures.percentile(quick, share)
        below = sum(one < value for one in plain) / len(plain)
        upto = sum(one <= value for one in plain) / len(plain)
        assert below - 0.03 <= share <= upto + 0.03


def test_the_same_question_gets_the_same_answer():
    lengths = [60.0, 120.0, 240.0, 300.0, 900.0]

    assert figures.interval(lengths) == figures.interval(list(lengths))
    assert figures.change(lengths, lengths) == figures.change(lengths, lengths)


def test_halving_forty_steady_spans_is_real():
    before = [1_000.0 + 10 * place for place in range(40)]
    after = [length / 2 for length in before]

    change = figures.change(after, before)

    assert change.is_real
    assert change.ratio == pytest.approx(-0.5)
    assert change.low < -0.5 < change.high < 0


def test_seven_scattered_spans_cannot_tell():
    change = figures.change([60, 120, 300, 900, 1800, 3600, 7200], [50, 130, 400, 800, 2000, 3000, 9000])

    assert change.is_known
    assert not change.is_real
    assert abs(change.ratio) < change.noise


@given(LENGTHS, LENGTHS)
def test_a_change_is_real_exactly_when_it_is_larger_than_the_noise(after, before):
    change = figures.change(after, before)

    if change.is_known and abs(abs(change.ratio) - change.noise) > 1e-9:
        assert change.is_real == (abs(change.ratio) > change.noise)


def test_two_spans_on_a_side_are_too_few():
    change = figures.change([60, 70], [600, 700, 800, 900])

    assert not change.is_known
    assert change.ratio == pytest.approx(65 / 750 - 1)


def test_fifty_thousand_spans_cost_no_more_draws_than_five():
    lengths = [float(place) for place in range(50_001)]

    low, high = figures.interval(lengths)

    # The median of n uniform values scatters by about n / (2 sqrt(n)) places.
    assert 24_500 < low < 25_000 < high < 25_500
