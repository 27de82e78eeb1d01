"""The arithmetic of many spans: mean, median, percentile, and how sure one may be of a change."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

# Fewer than this on either side, and no interval is worth drawing.
FEWEST = 3
DRAWS = 1_000
# The same question always gets the same answer.
SEED = 1_729
CONFIDENCE = 0.95
# Spans below this count as this in a comparison: "twice as long as nothing" has no meaning.
SHORTEST = 1.0


def mean(seconds: Sequence[float]) -> float | None:
    """The arithmetic mean; None of nothing."""
    return math.fsum(seconds) / len(seconds) if seconds else None


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The value below which ``share`` (0 to 1) of an ascending list lies; None of nothing.

    Linear interpolation between the two closest ranks: place ``(n - 1) · share``, counted from 0. With
    1, 2, 3, 4 the p90 stands at place 2.7, so it is 3.7. (Hyndman and Fan's type 7, the default of numpy,
    of spreadsheets' PERCENTILE and of PostgreSQL's percentile_cont.)
    """
    if not ordered:
        return None
    place = (len(ordered) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(ordered: Sequence[float]) -> float | None:
    """The middle of an ascending list; None of nothing."""
    return percentile(ordered, 0.5)


def resampled_medians(ordered: Sequence[float], *, draws: int = DRAWS, seed: int = SEED) -> list[float]:
    """Medians of ``draws`` bootstrap samples of an ascending list, each in constant time.

    Drawing n values with replacement is drawing n uniform places in the list; the median of the draw sits
    at the middle of those places, whose distribution is known (the k-th of n uniform numbers is
    Beta(k, n + 1 − k)). So the middle place is drawn at once, which makes 50,000 incidents as cheap as 5.
    """
    dice, count = random.Random(seed), len(ordered)  # noqa: S311 - statistics, not secrets
    middle = (count + 1) // 2
    medians = []
    for _ in range(draws):
        place = dice.betavariate(middle, count + 1 - middle)
        value = ordered[min(int(place * count), count - 1)]
        if count % 2 == 0:
            # The next of the n − k places left above it.
            above = place + (1 - place) * (1 - (1 - dice.random()) ** (1 / (count - middle)))
            value = (value + ordered[min(int(above * count), count - 1)]) / 2
        medians.append(value)
    return medians


def interval(ordered: Sequence[float], *, draws: int = DRAWS) -> tuple[float, float] | None:
    """Between which two values the median lies, 19 times in 20; None with too few to say."""
    if len(ordered) < FEWEST:
        return None
    return _middle(sorted(resampled_medians(ordered, draws=draws)))


@dataclass(frozen=True)
class Change:
    """A median against the one before. Ratios: −0.38 is 38 % shorter, 0.61 is 61 % longer."""

    count: int
    count_before: int
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    noise: float | None = None

    @property
    def is_known(self) -> bool:
        """Are there enough incidents on both sides to say anything?"""
        return self.noise is not None

    @property
    def is_real(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def smaller_side(self) -> int:
        return min(self.count, self.count_before)


def change(ordered: Sequence[float], before: Sequence[float]) -> Change:
    """How the median moved, what interval is plausible, and how much movement would be noise.

    All in ratios to the median before, from bootstrap samples of both sides. ``noise`` is the change in
    the same direction that the interval could just not tell from nothing: a change is real exactly
    when it is larger.
    """
    counts = (len(ordered), len(before))
    now_median, then_median = median(ordered), median(before)
    if now_median is None or then_median is None:
        return Change(*counts)
    moved = math.log(max(now_median, SHORTEST) / max(then_median, SHORTEST))
    if min(counts) < FEWEST:
        return Change(*counts, ratio=math.expm1(moved))
    # Two seeds: the same one would make both sides move together and hide the noise.
    pairs = zip(resampled_medians(ordered), resampled_medians(before, seed=SEED + 1), strict=True)
    low, high = _middle(sorted(math.log(max(one, SHORTEST) / max(other, SHORTEST)) for one, other in pairs))
    # Never an interval that leaves out what was seen.
    low, high = min(low, moved), max(high, moved)
    noise = -math.expm1(-(high - moved)) if moved < 0 else math.expm1(moved - low)
    return Change(*counts, ratio=math.expm1(moved), low=math.expm1(low), high=math.expm1(high), noise=noise)


def _middle(ordered: Sequence[float]) -> tuple[float, float]:
    edge = (1 - CONFIDENCE) / 2
    low, high = percentile(ordered, edge), percentile(ordered, 1 - edge)
    assert low is not None and high is not None
    return low, high


def as_time(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
