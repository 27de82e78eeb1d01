"""The checkable steps of a runbook: lines of its Markdown such as ``- [ ] Look at the pool``. Pure."""

import re
from dataclasses import dataclass
from hashlib import sha256

_STEP = re.compile(r"^\s{0,12}(?:[-*+]|\d{1,3}[.)])\s+\[[ xX]\]\s+(?P<text>\S.*)$")
_FENCE = re.compile(r"^\s{0,3}(```|~~~)")
#: More than anybody follows at night; further boxes stay text.
MAX_STEPS = 100


@dataclass(frozen=True)
class Step:
    """A box to tick. Its key follows its words, so that editing other lines moves no tick."""

    key: str
    text: str


@dataclass(frozen=True)
class Block:
    """A piece of a runbook in its order: either words in Markdown, or one step."""

    words: str = ""
    step: Step | None = None


def blocks(body: str) -> list[Block]:
    """The runbook cut into words and steps, as written; boxes within code stay code."""
    found: list[Block] = []
    words: list[str] = []
    seen: dict[str, int] = {}
    is_code = False
    for line in body.splitlines():
        is_code ^= bool(_FENCE.match(line))
        match = None if is_code or len(seen) >= MAX_STEPS else _STEP.match(line)
        if match is None:
            words.append(line)
            continue
        if any(word.strip() for word in words):
            found.append(Block(words="\n".join(words)))
        words = []
        found.append(Block(step=_step(match["text"].strip(), seen)))
    if any(word.strip() for word in words):
        found.append(Block(words="\n".join(words)))
    return found


def steps(body: str) -> list[Step]:
    """Only the boxes, in order."""
    return [block.step for block in blocks(body) if block.step]


def _step(text: str, seen: dict[str, int]) -> Step:
    # The same words twice are two boxes: the second one is numbered.
    digest = sha256(" ".join(text.split()).encode()).hexdigest()[:12]
    seen[digest] = seen.get(digest, 0) + 1
    return Step(f"{digest}-{seen[digest]}", text[:300])
