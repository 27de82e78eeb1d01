"""How the times of a figure are spread: most are short, and a few decide the mean. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# Upper edges that people think in, about a factor of three apart.
EDGES = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY)


@dataclass(frozen=True)
class Bin:
    """``low`` ≤ length < ``high`` in seconds; the last one has no upper edge."""

    low: float
    high: float | None
    count: int


def bins(lengths: Sequence[float]) -> list[Bin]:
    """Counts between the edges, from the first that holds something to the last; none of nothing."""
    counts = [0] * (len(EDGES) + 1)
    for length in lengths:
        counts[bisect_right(EDGES, length)] += 1
    all_bins = [
        Bin(EDGES[place - 1] if place else 0, EDGES[place] if place < len(EDGES) else None, count)
        for place, count in enumerate(counts)
    ]
    used = [place for place, one in enumerate(all_bins) if one.count]
    return all_bins[used[0] : used[-1] + 1] if used else []
