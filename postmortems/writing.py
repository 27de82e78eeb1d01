"""Writing a postmortem: opening it, and saving its sections so that no word of anybody is lost."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile

from django.db.models import Max
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import User
from incidents import searching, timeline
from lib.refusal import Invalid, Missing, Refused
from lib.text import clean
from outbox.announcing import announce
from postmortems import facts
from postmortems.kinds import LINES, LISTS, MAX_LINE, MAX_SECTION, TEXTS, Section
from postmortems.models import Comment, KeptWord, Postmortem, SectionRevision

# Autosaves of one person within this time are one entry of the history.
COALESCE = timedelta(minutes=3)
# How many characters a correction on the way may replace and still be the same entry.
MAX_CUT = 20
# One comment calls so many people at most.
MAX_MENTIONS = 20
# ``@alice`` or ``@alice@example.com``; not the middle of an address.
_MENTION = re.compile(r"(?<![\w.+@/-])@([\w.+-]+(?:@[\w-]+(?:\.[\w-]+)+)?)")


@contextmanager
def locked(postmortem_id: int, *, actor: Actor, verb: str = "write_postmortem") -> Iterator[Postmortem]:
    """The document under its incident's lock, once the actor may do the verb.

    Raises:
        Missing: there is none, or the actor may not know of its incident.
        Forbidden: the actor's role does not carry the verb.
    """
    incident_id = Postmortem.objects.filter(pk=postmortem_id).values_list("incident", flat=True).first()
    if incident_id is None:
        raise Missing(_("There is no such postmortem."))
    with timeline.locked(incident_id, actor=actor, verb=verb) as incident:
        postmortem = Postmortem.objects.get(pk=postmortem_id)
        postmortem.incident = incident
        yield postmortem


# Sections -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Saved:
    """What is true after a save: the current version and text, and what stood in the way.

    ``theirs`` is set in a conflict: the current text is somebody else's, the writer's own is kept as
    ``mine``.
    """

    version: int
    text: str
    theirs: SectionRevision | None = None
    mine: SectionRevision | None = None


def version(postmortem: Postmortem, section: str) -> int:
    """The number that the next save of this section must name as its base."""
    found = postmortem.revisions.filter(section=section).aggregate(last=Max("number"))["last"]
    return int(found or 0)


def versions(postmortem: Postmortem) -> dict[str, int]:
    """The same for all sections at once."""
    rows = postmortem.revisions.order_by().values_list("section").annotate(last=Max("number"))
    return {section: int(last or 0) for section, last in rows}


def save_section(
    postmortem_id: int, *, actor: Actor, section: str, text: str, base: int | None = None
) -> Saved:
    """Save one section on top of version ``base`` (None: of whatever is there).

    Somebody saved in between: nothing is replaced, the text is set aside in the history, and both come back.

    Raises:
        Invalid: no such section, or a text that is too long or cannot be stored.
    """
    if section not in TEXTS:
        raise Invalid(_("There is no section of that name."), code="bad_section", field="section")
    tidy = _tidy(Section(section), text)
    with locked(postmortem_id, actor=actor) as postmortem:
        current, said = version(postmortem, section), str(getattr(postmortem, section))
        if tidy == said:
            return Saved(current, said)
        if base is not None and base != current:
            return conflict(postmortem, section, tidy, by=actor.user, base=base)
        return Saved(put(postmortem, section, tidy, by=actor.user, base=current), tidy)


def restore(postmortem_id: int, *, actor: Actor, revision_id: int) -> Saved:
    """Make an old text the current one again; what is replaced stays in the history."""
    revision = SectionRevision.objects.filter(pk=revision_id, postmortem=postmortem_id).first()
    if revision is None or revision.section == Section.TIMELINE:
        raise Missing(_("There is no such version of a section."))
    return save_section(postmortem_id, actor=actor, section=revision.section, text=revision.text)


def settle(postmortem_id: int, *, actor: Actor, revision_id: int, how: str, text: str = "") -> Saved:
    """End a conflict: the text that was set aside replaces the current one, or follows it ("both").

    ``text`` is what stands in the writer's box by now, where that is known.
    """
    aside = SectionRevision.objects.filter(pk=revision_id, postmortem=postmortem_id, number=None).first()
    if aside is None or aside.section == Section.TIMELINE:
        raise Missing(_("There is no such text."))
    with locked(postmortem_id, actor=actor) as postmortem:
        said, mine = str(getattr(postmortem, aside.section)), text or aside.text
        gap = " " if aside.section in LINES else "\n" if aside.section in LISTS else "\n\n"
        whole = f"{said}{gap}{mine}" if how == "both" and said else mine
        return save_section(postmortem_id, actor=actor, section=aside.section, text=whole)


def save_sections(
    postmortem_id: int,
    *,
    actor: Actor,
    texts: Mapping[str, str],
    bases: Mapping[str, int],
    author_ids: Sequence[int] | None = None,
) -> Postmortem:
    """Save several sections and the authors, all or none; for scripts, which keep their own text.

    Raises:
        Refused: ``section_changed``, where a section is no longer at the version named in ``bases``.
    """
    with locked(postmortem_id, actor=actor) as postmortem:
        numbers = versions(postmortem)
        stale = [name for name, base in bases.items() if name in texts and numbers.get(name, 0) != base]
        if stale:
            raise Refused(
                "section_changed",
                _("Somebody changed %(section)s meanwhile; it is at version %(number)s now. Read it again.")
                % {"section": stale[0], "number": numbers.get(stale[0], 0)},
            )
        for section, text in texts.items():
            save_section(postmortem_id, actor=actor, section=section, text=text)
        if author_ids is not None:
            set_authors(postmortem_id, actor=actor, user_ids=author_ids)
        return Postmortem.objects.get(pk=postmortem_id)


def _tidy(section: Section, text: str) -> str:
    limit = MAX_LINE if section in LINES else MAX_SECTION
    tidy = clean(text, max_length=limit, field=section)
    if section in LINES:
        return " ".join(tidy.split())
    if section in LISTS:
        points = (line.strip().removeprefix("- ").removeprefix("* ").strip() for line in tidy.split("\n"))
        return "\n".join(point for point in points if point)
    return tidy


def put(postmortem: Postmortem, section: str, text: str, *, by: User | None, base: int) -> int:
    """Make the text current and keep it in the history; the caller holds the lock."""
    at, number = now(), base + 1
    last = postmortem.revisions.filter(section=section, number=base).first() if base else None
    is_same_go = last and by and last.by_id == by.pk and at - last.at < COALESCE
    if last and is_same_go and _goes_on(last.text, text):
        last.number, last.text = number, text
        last.save(update_fields=["number", "text"])
    else:
        SectionRevision.objects.create(
            postmortem=postmortem, section=section, number=number, base=base, text=text, by=by, at=at
        )
    if section != Section.TIMELINE:
        setattr(postmortem, section, text)
        postmortem.save(update_fields=[section])
        path = f"{postmortem.get_absolute_url()}#s-{section}"
        place = TEXTS.index(Section(section))
        searching.keep(postmortem.incident_id, searching.Kind.POSTMORTEM, text, number=place, path=path)
    Postmortem.objects.filter(pk=postmortem.pk).update(changed_at=at)
    return number


def _goes_on(old: str, new: str) -> bool:
    """Does the new text keep nearly all of the old one? What somebody cut out has to stay in the history."""
    start = _shared(old, new)
    return len(old) - start - _shared(old[start:][::-1], new[start:][::-1]) <= MAX_CUT


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def conflict(postmortem: Postmortem, section: str, text: str, *, by: User | None, base: int) -> Saved:
    theirs = postmortem.revisions.filter(section=section).exclude(number=None).order_by("-number").first()
    mine, _is_new = SectionRevision.objects.update_or_create(
        postmortem=postmortem,
        section=section,
        number=None,
        base=base,
        by=by,
        defaults={"text": text, "at": now()},
    )
    current = theirs.number if theirs and theirs.number else 0
    said = theirs.text if theirs and section == Section.TIMELINE else str(getattr(postmortem, section, ""))
    return Saved(current, said, theirs=theirs, mine=mine)


def keep_words(postmortem_id: int, *, actor: Actor, section: str, words: str) -> None:
    """Stop marking these words in this section: somebody looked at them and keeps them."""
    if section not in TEXTS:
        raise Invalid(_("There is no section of that name."), code="bad_section", field="section")
    said = clean(words, max_length=MAX_LINE, field="words").casefold()
    if not said:
        raise Invalid(_("Say which words."), code="empty", field="words")
    with locked(postmortem_id, actor=actor) as postmortem:
        KeptWord.objects.get_or_create(
            postmortem=postmortem, section=section, words=said, defaults={"by": actor.user}
        )


# Authors and comments ---------------------------------------------------------------------------------


def set_authors(postmortem_id: int, *, actor: Actor, user_ids: Sequence[int]) -> Postmortem:
    """Who writes it, and is reminded.

    Raises:
        Invalid: nobody, or somebody who is not here or may not see the incident.
    """
    with locked(postmortem_id, actor=actor) as postmortem:
        people = list(User.objects.filter(pk__in=user_ids, is_active=True))
        if not people or len(people) != len(set(user_ids)):
            raise Invalid(_("Name at least one author who is here."), code="no_author", field="authors")
        for person in people:
            check_sees(postmortem, person)
        postmortem.authors.set(people)
        return postmortem


def check_sees(postmortem: Postmortem, person: User) -> None:
    if not Postmortem.objects.visible_to(person).filter(pk=postmortem.pk).exists():
        raise Invalid(
            _("%(name)s may not see this private incident. Add them to it first.") % {"name": person},
            code="not_a_member",
            field="user",
        )


def comment(postmortem_id: int, *, actor: Actor, text: str, section: str = "") -> Comment:
    """A remark beside the text."""
    said = clean(text, max_length=4000, field="text")
    if not said:
        raise Invalid(_("Write the comment first."), code="empty", field="text")
    if section and section not in Section.values:
        raise Invalid(_("There is no section of that name."), code="bad_section", field="section")
    with locked(postmortem_id, actor=actor, verb="comment") as postmortem:
        if actor.user is None:
            raise Refused("no_person", _("Only people comment."))
        made = Comment.objects.create(postmortem=postmortem, section=section, by=actor.user, text=said)
        for person in mentioned(postmortem, said):
            if person.pk != actor.user.pk:
                key = f"comment:{made.pk}:{person.pk}"
                announce("postmortems.mentioned", key=key, comment=made.pk, user=person.pk)
        return made


def mentioned(postmortem: Postmortem, text: str) -> list[User]:
    """Whom ``@alice`` means, as far as they are here, unmistakable, and may see the incident."""
    found: dict[int, User] = {}
    for handle in _MENTION.findall(text)[:MAX_MENTIONS]:
        person = facts.find_handle(handle.rstrip(".-"))
        if person and Postmortem.objects.visible_to(person).filter(pk=postmortem.pk).exists():
            found[person.pk] = person
    return list(found.values())
