"""How often the verdict on a change is wrong: pairs of periods drawn from one and from two distributions."""

import random

from metrics import figures

PAIRS, PAIRS_CHANGED = 1_000, 300


def rate(factor: float, count: int, pairs: int, seed: int) -> float:
    """The share of pairs whose change is called real; lengths are lognormal, σ = 0.9, median 18 min."""
    dice = random.Random(seed)

    def period(times: float) -> list[float]:
        return sorted(times * dice.lognormvariate(7.0, 0.9) for _ in range(count))

    return sum(figures.change(period(factor), period(1.0)).is_real for _ in range(pairs)) / pairs


def main() -> None:
    print("\nverdicts on a change: called real, without one (nominal 5 %) and with half the length")
    for count in (10, 20, 40, 60, 100):
        false, found = rate(1.0, count, PAIRS, 1), rate(0.5, count, PAIRS_CHANGED, 2)
        print(f"  {count:4} incidents a period: {100 * false:4.1f} % wrongly, {100 * found:5.1f} % rightly")
