"""How often the verdict is wrong, by Monte-Carlo; and the arithmetic against scipy."""

import random

import numpy
import pytest
from scipy import stats

from metrics import figures

# Lengths of incidents scatter about like this: a median of 18 min, nine of ten between 4 and 80 min.
_MEDIAN, _SPREAD = 7.0, 0.9


def share_called_real(factor: float, *, count: int, trials: int, seed: int) -> float:
    """Of so many pairs of periods, in how many a change is called real."""
    dice = random.Random(seed)

    def period(times: float) -> list[float]:
        return sorted(times * dice.lognormvariate(_MEDIAN, _SPREAD) for _ in range(count))

    verdicts = [figures.change(period(factor), period(1.0)).is_real for _ in range(trials)]
    return sum(verdicts) / trials


def test_without_a_change_it_is_rarely_called_real():
    # Nominal: one time in twenty. Within two points of it; `benchmarks honesty` asks with a thousand pairs.
    assert 0.03 <= share_called_real(1.0, count=60, trials=250, seed=1) <= 0.07


def test_half_as_long_is_found_in_most_periods_of_sixty():
    assert share_called_real(0.5, count=60, trials=60, seed=2) >= 0.85


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_percentiles_are_those_of_numpy(share):
    dice = random.Random(4)
    lengths = sorted(dice.lognormvariate(_MEDIAN, _SPREAD) for _ in range(101))

    assert figures.percentile(lengths, share) == pytest.approx(float(numpy.quantile(lengths, share)))


@pytest.mark.parametrize("count", [40, 80])
def test_the_interval_is_that_of_scipys_bootstrap(count):
    dice = random.Random(count)
    lengths = sorted(dice.lognormvariate(_MEDIAN, _SPREAD) for _ in range(count))
    asked = stats.bootstrap(
        (lengths,), numpy.median, n_resamples=4_000, method="percentile", rng=numpy.random.default_rng(5)
    )

    edges = figures.interval(lengths, draws=4_000)

    assert edges == pytest.approx(tuple(asked.confidence_interval), rel=0.12)
