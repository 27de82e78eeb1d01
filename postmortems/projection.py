"""The public projection: chosen parts of the document, without names, money and masked words."""

import re
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import User
from lib.refusal import Invalid, Refused
from lib.text import clean
from postmortems import exchange, writing
from postmortems.document import Document
from postmortems.kinds import USUAL_PARTS, PublicPart
from postmortems.models import Postmortem

#: What stands where a masked word stood.
MASK = "…"
MAX_MASKS = 200


def parts_of(postmortem: Postmortem) -> list[str]:
    """The parts somebody picked, in the template's order; the usual ones before anybody did."""
    return [str(part) for part in PublicPart if part in (postmortem.public_parts or USUAL_PARTS)]


def masks_of(postmortem: Postmortem) -> list[str]:
    return [line for line in postmortem.public_masks.split("\n") if line]


def project(postmortem: Postmortem) -> str:
    """A first public text: the chosen parts as Markdown; a person edits it, another one approves it."""
    document, chosen = exchange.read(postmortem), parts_of(postmortem)
    parts = [(PublicPart(part).label, _body(document, part)) for part in chosen]
    text = "\n\n".join(f"## {heading}\n{body}" for heading, body in parts if body)
    return redact(text, people=_people(), masks=masks_of(postmortem))


def redact(text: str, *, people: Iterable[str], masks: Iterable[str]) -> str:
    """Names of people become "an engineer", masked words become "…"; whole words, in any case."""
    # Longest first, so that "Bob Smith" goes before "Bob".
    for name in sorted(filter(None, people), key=len, reverse=True):
        text = _words(name).sub(_("an engineer"), text)
    for word in sorted(filter(None, masks), key=len, reverse=True):
        text = _words(word).sub(MASK, text)
    return text


def _words(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE)


def _people() -> list[str]:
    """Names, and the handles that the document writes."""
    found = []
    for name, email in User.objects.values_list("name", "email"):
        found += [name, email, "@" + email.partition("@")[0]]
    return [one for one in found if len(one) > 1]


def _body(document: Document, part: str) -> str:
    match part:
        case PublicPart.TIMELINE:
            return _list(f"{row.time} {row.words}" for row in document.rows)
        case PublicPart.ACTIONS:
            return _list(action.title for action in document.actions)
    said = getattr(document, part)
    return _list(said) if isinstance(said, list) else str(said)


def _list(points: Iterable[str]) -> str:
    return "\n".join(f"- {point}" for point in points)


def choose(postmortem_id: int, *, actor: Actor, parts: Sequence[str], masks: Sequence[str]) -> Postmortem:
    """Keep which parts the public may read and which words never; nothing goes out by this.

    Raises:
        Invalid: no part, one there is not, or too many words. Refused: a private incident.
    """
    unknown = [part for part in parts if part not in PublicPart.values]
    if unknown or not parts:
        raise Invalid(_("Tick at least one part."), code="no_part", field="parts")
    words = [clean(word, max_length=200, field="masks") for word in masks]
    kept = list(dict.fromkeys(word for word in words if word))
    if len(kept) > MAX_MASKS:
        raise Invalid(_("Mask 200 words at most."), code="too_many", field="masks")
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        if postmortem.incident.is_private:
            raise Refused("private", _("A private incident has no public postmortem."))
        postmortem.public_parts = [str(part) for part in PublicPart if part in parts]
        postmortem.public_masks = "\n".join(kept)
        postmortem.save(update_fields=["public_parts", "public_masks"])
        return postmortem


def leaks(postmortem: Postmortem, text: str) -> list[str]:
    """Masked words and people's names that still stand in a text: for a warning beside it."""
    wanted = [*masks_of(postmortem), *_people()]
    found = {match.group() for word in wanted if (match := _words(word).search(text))}
    return sorted(found, key=str.lower)
