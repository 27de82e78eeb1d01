"""What the editor shows: sections with their margin, history with differences. Reads only."""

import difflib
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from lib.plainwords import Mark, allowed, lint
from postmortems import writing
from postmortems.kinds import LINES, LISTS, TEXTS, Section
from postmortems.models import Postmortem, SectionRevision

_ASKS = {
    Section.SUMMARY: _("Two or three sentences: what happened, the impact, how it ended."),
    Section.ROOT_CAUSE: _("What in the system made it happen?"),
    Section.CONTRIBUTING_FACTORS: _("Which conditions made it possible, longer, or worse? One a line."),
    Section.USERS_AFFECTED: _("For example ~5,000"),
    Section.REVENUE_IMPACT: _("For example ~$12,000, or none"),
    Section.WENT_WELL: _("What helped? One a line."),
    Section.WENT_POORLY: _("What did luck do, that a system should do next time? One a line."),
}


@dataclass
class Part:
    """A section as the editor shows it."""

    key: str
    label: str
    text: str
    version: int
    ask: str
    is_list: bool
    is_line: bool
    marks: list[Mark] = field(default_factory=list)
    conflict: writing.Saved | None = None
    is_saved: bool = False
    error: str = ""

    @property
    def points(self) -> list[str]:
        return [line for line in self.text.split("\n") if line]


def names() -> list[str]:
    """Of people: a name with a fault is what the lint looks for."""
    return list(User.objects.exclude(name="").values_list("name", flat=True))


@dataclass(frozen=True)
class Reading:
    """What the margin reads a document with: people, words never marked, and words that somebody keeps."""

    people: list[str]
    allow: list[str]
    kept: dict[str, set[str]]

    def marks(self, section: str, text: str) -> list[Mark]:
        """What is worth another look, without what somebody looked at and keeps."""
        found = lint(text, rules=("blame", "speculation"), names=self.people, allow=self.allow)
        kept = self.kept.get(section, set())
        return [mark for mark in found if mark.word.casefold() not in kept]


def read_with(postmortem: Postmortem) -> Reading:
    kept: dict[str, set[str]] = {}
    for section, words in postmortem.kept_words.values_list("section", "words"):
        kept.setdefault(section, set()).add(words)
    return Reading(names(), allowed(), kept)


def part(
    section: Section,
    text: str,
    *,
    version: int,
    reading: "Reading",
    conflict: writing.Saved | None = None,
    is_saved: bool = False,
    error: str = "",
) -> Part:
    """One section with its margin."""
    return Part(
        key=str(section),
        label=str(section.label),
        text=text,
        version=version,
        ask=str(_ASKS[section]),
        is_list=section in LISTS,
        is_line=section in LINES,
        marks=reading.marks(section, text),
        conflict=conflict,
        is_saved=is_saved,
        error=error,
    )


def parts(postmortem: Postmortem) -> dict[str, Part]:
    """Every section that is text, by its key."""
    reading, numbers = read_with(postmortem), writing.versions(postmortem)
    return {
        str(section): part(
            section, str(getattr(postmortem, section)), version=numbers.get(section, 0), reading=reading
        )
        for section in TEXTS
    }


@dataclass(frozen=True)
class Piece:
    """A run of words that stayed (``""``), came (``ins``) or went (``del``)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Step:
    """One entry of a section's history, with what it changed."""

    revision: SectionRevision
    pieces: list[Piece]
    is_current: bool


def history(postmortem: Postmortem, section: str) -> list[Step]:
    """What a section said, newest first, each against what it was written on."""
    revisions = list(postmortem.revisions.filter(section=section).select_related("by").order_by("at", "pk"))
    texts = {revision.number: revision.text for revision in revisions if revision.number}
    top = max(texts, default=0)
    steps, before = [], ""
    for revision in revisions:
        old = texts.get(revision.base, "") if revision.is_aside else before
        steps.append(Step(revision, compare(old, revision.text), revision.number == top))
        if not revision.is_aside:
            before = revision.text
    return steps[::-1]


def compare(old: str, new: str) -> list[Piece]:
    """The difference word by word."""
    left, right = _words(old), _words(new)
    pieces = []
    matcher = difflib.SequenceMatcher(a=left, b=right, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("", "".join(left[a:b])))
            continue
        if b > a:
            pieces.append(Piece("del", "".join(left[a:b])))
        if d > c:
            pieces.append(Piece("ins", "".join(right[c:d])))
    return pieces


def _words(text: str) -> list[str]:
    """Words with the blank after them; beyond a few thousand whole lines, so that it stays fast."""
    words = [piece for piece in text.replace("\n", "\n\x1f").split("\x1f") if piece]
    if len(text) > 8_000:
        return words
    return [word for line in words for word in line.replace(" ", " \x1f").split("\x1f") if word]
