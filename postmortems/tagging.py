"""Tags: what the library finds a document by. Mitigations that were tried are tags from the start."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import User
from incidents.models import Incident, MitigationAttempt
from lib.refusal import Invalid
from lib.text import clean
from postmortems import writing
from postmortems.kinds import TagKind
from postmortems.models import Postmortem, Tag

MAX_TAGS = 20
MAX_WORD = 60


def tidy(words: Sequence[str]) -> list[str]:
    """Lower case, single blanks, each once, in the order given.

    Raises:
        Invalid: a word that is too long, or too many of them.
    """
    said = [" ".join(clean(word, max_length=MAX_WORD, field="tags").lower().split()) for word in words]
    kept = list(dict.fromkeys(word for word in said if word))
    if len(kept) > MAX_TAGS:
        raise Invalid(_("20 tags of a kind are enough."), code="too_many", field="tags")
    return kept


def set_tags(postmortem_id: int, *, actor: Actor, tags: Mapping[str, Sequence[str]]) -> Postmortem:
    """Replace the tags of the kinds that are named; the others stay.

    Raises:
        Invalid: no such kind, or words that cannot be kept.
    """
    if unknown := set(tags) - set(TagKind.values):
        raise Invalid(_("There is no such kind of tag."), code="bad_kind", field=min(unknown))
    wanted = {kind: tidy(words) for kind, words in tags.items()}
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        for kind, words in wanted.items():
            postmortem.tags.filter(kind=kind).delete()
            Tag.objects.bulk_create(Tag(postmortem=postmortem, kind=kind, word=word) for word in words)
        return postmortem


def first(incident: Incident) -> list[str]:
    """The mitigations that helped, as tags of a new document."""
    rows = MitigationAttempt.objects.filter(
        incident=incident, is_dry_run=False, outcome=MitigationAttempt.Outcome.HELPED
    )
    return tidy([str(name)[:MAX_WORD] for name in rows.values_list("mitigation__name", flat=True)][:MAX_TAGS])


def of(postmortem: Postmortem) -> dict[str, list[str]]:
    """The words of each kind."""
    found: dict[str, list[str]] = {str(kind): [] for kind in TagKind}
    for tag in postmortem.tags.all():
        found[tag.kind].append(tag.word)
    return found


def tagged(word: str) -> QuerySet[Tag, int]:
    """The ids of documents with this tag, of whatever kind."""
    return Tag.objects.filter(word=" ".join(word.lower().split())).values_list("postmortem", flat=True)


@dataclass(frozen=True)
class Known:
    """A tag and how often it is used in what somebody may see."""

    word: str
    kind: str
    count: int


def known(user: User, limit: int = 30) -> list[Known]:
    """The most used tags of documents that this person may see."""
    rows = Tag.objects.filter(postmortem__in=Postmortem.objects.visible_to(user))
    counts = Counter(rows.values_list("kind", "word"))
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
    return [Known(word, str(TagKind(kind).label), count) for (kind, word), count in ranked]
