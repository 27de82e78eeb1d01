"""Many spans in few numbers: a histogram with buckets that grow by a ratio.

Source of the method: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees" (VLDB 2019), without its limit on buckets: spans of incidents fill a few hundred.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, overload

from metrics.measures import Span, State

#: No quantile is off by more than this part of itself.
ERROR = 0.01
_RATIO = (1 + ERROR) / (1 - ERROR)
_LOG = math.log(_RATIO)
#: Shorter spans count as nothing, in seconds; a logarithm has no zero.
SHORTEST = 0.001
_NOTHING = "0"
_MICRO = 1_000_000


def bucket(seconds: float) -> str:
    """The name of a span's bucket: ``"7"`` holds what lies above ratio⁵ and up to ratio⁶ milliseconds."""
    if seconds < SHORTEST:
        return _NOTHING
    return str(math.ceil(math.log(seconds / SHORTEST) / _LOG) + 1)


def value(name: str) -> float:
    """What a span of the bucket is taken for, in seconds: at most `ERROR` of itself away from any in it."""
    if name == _NOTHING:
        return 0.0
    return SHORTEST * 2 * _RATIO ** (int(name) - 1) / (_RATIO + 1)


@dataclass
class Tally:
    """Spans by bucket, their sum in microseconds, and how many have none and why; it subtracts exactly."""

    buckets: dict[str, int] = field(default_factory=dict)
    total: int = 0
    without: dict[str, int] = field(default_factory=dict)

    def add(self, span: Span, times: int = 1) -> None:
        """Count a span; ``times=-1`` takes it out again."""
        if span.length is None:
            _count(self.without, span.state.value, times)
            return
        micro = round(span.length.total_seconds() * _MICRO)
        self.total += times * micro
        _count(self.buckets, bucket(micro / _MICRO), times)

    def merge(self, other: "Tally", times: int = 1) -> None:
        for name, count in other.buckets.items():
            _count(self.buckets, name, times * count)
        for name, count in other.without.items():
            _count(self.without, name, times * count)
        self.total += times * other.total

    def as_json(self) -> dict[str, Any]:
        return {"buckets": self.buckets, "total": self.total, "without": self.without}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Tally":
        return cls(dict(kept["buckets"]), kept["total"], dict(kept["without"]))

    def of(self, state: State) -> int:
        return self.without.get(state.value, 0)


def _count(counts: dict[str, int], name: str, by: int) -> None:
    counts[name] = counts.get(name, 0) + by
    if not counts[name]:
        del counts[name]


class Lengths(Sequence[float]):
    """A tally read as the ascending list of its spans, in seconds; every place of it in logarithmic time."""

    def __init__(self, tally: Tally) -> None:
        names = sorted(tally.buckets, key=int)
        self._values = [value(name) for name in names]
        self._ends = list(accumulate(tally.buckets[name] for name in names))
        #: The exact sum, in seconds.
        self.total = tally.total / _MICRO

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[float]: ...
    def __getitem__(self, place: int | slice) -> float | Sequence[float]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        at = place + len(self) if place < 0 else place
        if not 0 <= at < len(self):
            raise IndexError(place)
        return self._values[bisect_right(self._ends, at)]


def of(spans: Iterable[Span]) -> Tally:
    """The tally of spans."""
    tally = Tally()
    for span in spans:
        tally.add(span)
    return tally
