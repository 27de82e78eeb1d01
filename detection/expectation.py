"""What a check expects of an answer. Pure."""

import re
from datetime import timedelta

from detection import matching
from lib.refusal import Invalid

_RANGE = re.compile(r"^(\d{3})(?:-(\d{3}))?$")


def statuses(words: str) -> list[range]:
    """``200-299, 301`` as ranges.

    Raises:
        Invalid: it reads otherwise, or names no HTTP status.
    """
    ranges = []
    for part in words.replace(" ", "").split(","):
        found = _RANGE.match(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 100 <= first <= last <= 599:
            raise Invalid("Write statuses like 200-299, 301.", field="expected_status")
        ranges.append(range(first, last + 1))
    return ranges


def disappointment(
    *, expected: str, pattern: str, bound: timedelta | None, status: int, body: str, elapsed: timedelta
) -> str:
    """What is wrong with the answer, in a few words; nothing if it is as expected."""
    if not any(status in allowed for allowed in statuses(expected)):
        return f"HTTP {status} instead of {expected}"
    if pattern and not matching.compiled(pattern).search(body):
        return "the body does not match"
    if bound is not None and elapsed > bound:
        return f"took {elapsed.total_seconds():.1f} s instead of {bound.total_seconds():.1f} s"
    return ""
