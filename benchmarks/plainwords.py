"""How long the lint needs for what somebody writes: it answers while they type."""

import time
from statistics import median

from lib.plainwords import lint

_TEXT = "The rest of our product works; he said the API and the db are slow, I think it broke. "
_NAMES = [f"Person{n} Family{n}" for n in range(50)]


def main() -> None:
    """Milliseconds of processor time for three lengths, with 50 names; the best and the middle of 50 runs."""
    print("lint: length, best, median (ms)")
    for size in (200, 2_048, 20_480):
        text = (_TEXT * (size // len(_TEXT) + 1))[:size]
        lint(text)
        took = sorted(_milliseconds(text) for _ in range(50))
        print(f"  {size:6d}  {took[0]:7.2f}  {median(took):7.2f}")


def _milliseconds(text: str) -> float:
    began = time.process_time()
    lint(text, names=_NAMES)
    return (time.process_time() - began) * 1000
