"""How well the lint reads: precision and recall on sentences that people labelled, with a floor."""

from collections import Counter
from pathlib import Path

import pytest

from lib.plainwords import lint

CORPUS = Path(__file__).parent / "plainwords_corpus.txt"
#: Labelled before the rules were read.
HELD_OUT = CORPUS.with_name("plainwords_heldout.txt")
NAMES = ["Alice Berg", "Bob Miller", "Priya Raman", "Samir Haddad", "Ines Duarte"]
LETTERS = {"b": "blame", "s": "speculation", "j": "jargon"}
#: Read for these: a word of our trade is no fault inside.
RULES = {"i": ("blame", "speculation"), "p": ("blame", "speculation", "jargon")}
# Below what was measured (docs/explanation/plain-words.md), so that a worse rule shows.
FLOORS = {"blame": (0.95, 0.85), "speculation": (0.95, 0.85), "jargon": (0.95, 0.9)}


def sentences(corpus=CORPUS):
    """Where, what a reader would mark, the sentence."""
    for line in corpus.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            where, what, text = line.split("|", 2)
            yield where, {LETTERS[letter] for letter in what if letter != "-"}, text


def measured(corpus=CORPUS):
    """Of each rule: how many sentences it marked rightly, wrongly, and left out; with the wrong ones."""
    counts, wrong = {rule: Counter() for rule in FLOORS}, []
    for where, wanted, text in sentences(corpus):
        found = {mark.rule for mark in lint(text, rules=RULES[where], names=NAMES)}
        for rule in RULES[where]:
            kind = ("none", "extra", "missed", "right")[2 * (rule in wanted) + (rule in found)]
            counts[rule][kind] += 1
            if kind in ("extra", "missed"):
                wrong.append(f"{rule} {kind}: {text}")
    return counts, wrong


@pytest.mark.parametrize(("corpus", "least"), [(CORPUS, 300), (HELD_OUT, 150)])
def test_the_corpus_is_large_varied_and_says_nothing_twice(corpus, least):
    rows = list(sentences(corpus))
    texts = [text for _, _, text in rows]
    assert len(rows) >= least and len(set(texts)) == len(texts)
    assert sum(not wanted for _, wanted, _ in rows) >= least / 3
    assert {where for where, _, _ in rows} == set(RULES)


@pytest.mark.parametrize("corpus", [CORPUS, HELD_OUT])
@pytest.mark.parametrize("rule", FLOORS)
def test_precision_and_recall_stay_above_the_floor(rule, corpus):
    counts, wrong = measured(corpus)
    right, extra, missed = (counts[rule][kind] for kind in ("right", "extra", "missed"))
    precision, recall = right / (right + extra), right / (right + missed)
    said = "\n".join(line for line in wrong if line.startswith(rule))
    assert (precision, recall) >= FLOORS[rule] and recall >= FLOORS[rule][1], (
        f"precision {precision:.3f}, recall {recall:.3f}\n{said}"
    )
