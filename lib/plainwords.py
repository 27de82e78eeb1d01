"""An offline lint for words that blame, guess, or that a customer would have to look up.

It marks and explains; it never changes a text and never forbids one.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_WORD = re.compile(r"[^\W_]+(?:[’'\-][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n\s*\n|[;:](?=\s)")
_FOLDER = Path(__file__).parent / "words"
# How many words after a person a fault may follow and still be that person's.
_REACH = 7


@dataclass(frozen=True)
class Mark:
    """One place worth another look: ``text[start:end]`` is ``word``."""

    start: int
    end: int
    word: str
    rule: str
    hint: str


@dataclass(frozen=True)
class _Phrase:
    words: tuple[str, ...]
    capitals: tuple[str | None, ...]
    rule: str
    hint: str

    def fits(self, text: str, span: Sequence[tuple[str, int, int]]) -> bool:
        """Are these its words? One that is written in capitals must be so in the text, too."""
        return tuple(word for word, _, _ in span) == self.words and all(
            capital is None or text[start:end] == capital
            for capital, (_, start, end) in zip(self.capitals, span, strict=True)
        )


@dataclass(frozen=True)
class _Rules:
    by_first: dict[str, list[_Phrase]]
    patterns: tuple[tuple[re.Pattern[str], str, str], ...]
    faults: frozenset[str]
    people: frozenset[str]
    unless: frozenset[str]
    fault_hint: str
    never: tuple[str, ...]


# Rooms above say which names are never marked (`never_mark`): those of public components, an admin's list.
_providers: list[Callable[[], Iterable[str]]] = []


def never_mark(provider: Callable[[], Iterable[str]]) -> None:
    """Let a room above name words that are never marked, in whatever room they are read."""
    if provider not in _providers:
        _providers.append(provider)


def allowed() -> list[str]:
    """The words that are never marked, for ``allow``; asks the rooms that named them."""
    return [word for provider in _providers for word in provider() if word.strip()]


@cache
def _known() -> frozenset[str]:
    return frozenset(path.stem for path in _FOLDER.glob("*.toml"))


def languages() -> list[str]:
    """Those that have a file of rules, such as ``words/en.toml``."""
    return sorted(_known())


@cache
def _rules(language: str = "en") -> _Rules:
    book = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    by_first: dict[str, list[_Phrase]] = {}
    patterns = []
    for rule in ("blame", "speculation", "jargon"):
        for entry in book[rule]["entry"]:
            for phrase in entry["words"]:
                parts = [match.group() for match in _WORD.finditer(phrase)]
                words = tuple(_normal(word) for word in parts)
                capitals = tuple(part if part.isupper() and len(part) > 1 else None for part in parts)
                by_first.setdefault(words[0], []).append(_Phrase(words, capitals, rule, entry["hint"]))
        patterns += [
            (re.compile(entry["regex"]), rule, entry["hint"]) for entry in book[rule].get("pattern", [])
        ]
    for phrases in by_first.values():
        phrases.sort(key=lambda phrase: -len(phrase.words))
    fault = book["fault"]
    return _Rules(
        by_first, tuple(patterns), frozenset(fault["verbs"]), frozenset(fault["people"]),
        frozenset(fault["unless"]), fault["hint"], tuple(book.get("never", {}).get("words", [])),
    )  # fmt: skip


def _normal(word: str) -> str:
    return word.lower().replace("’", "'")


def lint(
    text: str,
    *,
    rules: Sequence[str] = ("blame", "speculation", "jargon"),
    allow: Iterable[str] = (),
    names: Iterable[str] = (),
    internal: Iterable[str] = (),
    language: str = "en",
) -> list[Mark]:
    """Where the text blames, speculates or uses jargon, in order and without overlaps.

    Args:
        rules: which of ``blame``, ``speculation``, ``jargon`` to look for.
        allow: words and phrases that are never marked (names of public components).
        names: names of persons; one of them with a fault in the same clause is blame.
        internal: names that only insiders know (services, hosts); marked as jargon.
        language: of the text; one of `languages()`, anything else is read as English.
    """
    book = _rules(language if language in _known() else "en")
    found = [(_normal(match.group()), match.start(), match.end()) for match in _WORD.finditer(text)]
    marks = _phrases(book, text, found, rules)
    for pattern, rule, hint in book.patterns:
        if rule in rules:
            marks += [Mark(m.start(), m.end(), m.group(), rule, hint) for m in pattern.finditer(text)]
    if "jargon" in rules:
        hint = "is a name that only insiders know. Say what it is for customers."
        marks += [Mark(a, b, text[a:b], "jargon", hint) for a, b in _places(found, internal)]
    if "blame" in rules:
        marks += _faults(book, text, found, names)
    free = _places(found, [*allow, *book.never])
    return _without_overlaps(m for m in marks if not any(a <= m.start and m.end <= b for a, b in free))


def _phrases(book: _Rules, text: str, found: list[tuple[str, int, int]], rules: Sequence[str]) -> list[Mark]:
    marks = []
    by_first = book.by_first
    for place, (word, start, _) in enumerate(found):
        for phrase in by_first.get(word, ()):
            span = found[place : place + len(phrase.words)]
            if phrase.rule in rules and phrase.fits(text, span):
                marks.append(Mark(start, span[-1][2], text[start : span[-1][2]], phrase.rule, phrase.hint))
                break
    return marks


def _places(found: list[tuple[str, int, int]], phrases: Iterable[str]) -> list[tuple[int, int]]:
    """Where these phrases stand in the text, as spans."""
    wanted: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        words = tuple(_normal(match.group()) for match in _WORD.finditer(phrase))
        if words:
            wanted.setdefault(words[0], []).append(words)
    spans = []
    for place, (word, start, _) in enumerate(found):
        for words in wanted.get(word, ()):
            span = found[place : place + len(words)]
            if tuple(w for w, _, _ in span) == words:
                spans.append((start, span[-1][2]))
    return spans


def _faults(book: _Rules, text: str, found: list[tuple[str, int, int]], names: Iterable[str]) -> list[Mark]:
    """A person, named or not, followed by a fault in the same clause."""
    marks = []
    whole = [name for name in names if name.strip()]
    # First names count too, but not initials.
    spans = _places(found, [*whole, *(part for name in whole for part in name.split()[:1] if len(part) > 2)])
    people = dict(sorted(spans))
    people |= {start: end for word, start, end in found if word in book.people and start not in people}
    ends = [match.start() for match in _SENTENCE_END.finditer(text)]
    for place, (_, start, _) in enumerate(found):
        if start not in people:
            continue
        clause_end = next((end for end in ends if end >= people[start]), len(text))
        if hindsight := _hindsight(book, found, place, people[start]):
            marks.append(Mark(*hindsight, text[slice(*hindsight)], "blame", book.fault_hint))
            continue
        for word, _, end in found[place + 1 : place + 1 + _REACH]:
            if end <= clause_end and word in book.faults:
                marks.append(Mark(start, end, text[start:end], "blame", book.fault_hint))
                break
    return marks


def _hindsight(
    book: _Rules, found: list[tuple[str, int, int]], place: int, name_end: int
) -> tuple[int, int] | None:
    """“If Bob had read it”, “Had Bob read it”: the span of what somebody is said to have left undone."""
    before, start, _ = found[place - 1] if place else ("", 0, 0)
    if before not in book.unless:
        return None
    after = next(((word, end) for word, begin, end in found[place + 1 :] if begin >= name_end), None)
    if before == "had":
        # At the head of its clause only: “we had Bob look at it” is none.
        is_first = place == 1 or found[place - 2][2] + 1 < start
        return (start, name_end) if is_first and after else None
    return (start, after[1]) if after and after[0] in ("had", "hadn't") else None


def _without_overlaps(marks: Iterable[Mark]) -> list[Mark]:
    """In order of place; of two that overlap the longer one stays, but for a guess within a fault."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda m: (m.start, -m.end)):
        if kept and (kept[-1].rule, mark.rule) == ("blame", "speculation") and mark.end < kept[-1].end:
            kept[-1:] = [mark, _after(mark, kept[-1])]
            continue
        if kept and mark.start < kept[-1].end:
            if mark.end - mark.start > kept[-1].end - kept[-1].start:
                kept[-1] = mark
            continue
        kept.append(mark)
    return kept


def _after(inner: Mark, outer: Mark) -> Mark:
    """What is left of a mark behind another one that stands in it: “Bob *probably* **forgot**”."""
    rest = outer.word[inner.end - outer.start :]
    start = outer.end - len(rest.lstrip())
    return Mark(start, outer.end, rest.lstrip(), outer.rule, outer.hint)
