"""Words for the public: the lint that keeps jargon out, and the first sentences of a draft."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from catalog.models import Service
from lib.plainwords import Mark
from lib.plainwords import lint as find
from lib.refusal import Refused
from statuspage.changes import page
from statuspage.models import Component, ComponentGroup


def lint(*texts: str) -> list[Mark]:
    """The jargon in these texts. Names of public components and allowed words are never marked."""
    public = _public()
    allow = allowed_words()
    internal = _internal(public)
    marks: list[Mark] = []
    for text in texts:
        marks += find(text, rules=("jargon",), allow=allow, internal=internal)
    return marks


def _public() -> list[str]:
    return [
        *Component.objects.values_list("name", flat=True),
        *ComponentGroup.objects.values_list("name", flat=True),
    ]


def allowed_words() -> list[str]:
    """Names of public components and the admin's list: never marked, here or in any other room."""
    settings = page()
    listed = (line.strip() for line in settings.allowed_words.splitlines())
    return [word for word in (settings.name, *_public(), *listed) if word]


def _internal(public: list[str]) -> list[str]:
    """Names that only insiders know: what looks like one ("auth-service"), not plain words ("search")."""
    known = {name.casefold() for name in public}
    names = {name for pair in Service.objects.values_list("slug", "name") for name in pair}
    return sorted(name for name in names if name.casefold() not in known and _looks_internal(name))


def _looks_internal(name: str) -> bool:
    return " " not in name and (any(c in "-_." or c.isdigit() for c in name) or name[1:] != name[1:].lower())


def check(*texts: str, override: str = "") -> list[str]:
    """The words that were let through; none is, without a reason.

    Raises:
        Refused: there is jargon and nobody said why it may stand.
    """
    words = sorted({mark.word for mark in lint(*texts)})
    if words and not override.strip():
        listed = ", ".join(f"“{word}”" for word in words)
        raise Refused(
            "jargon",
            _("Customers may not know %(words)s. Say it plainly, or say why it may stand.")
            % {"words": listed},
        )
    return words


def join(names: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    if len(names) < 2:
        return "".join(names)
    return _("%(some)s and %(last)s") % {"some": ", ".join(names[:-1]), "last": names[-1]}


def draft_title(components: Sequence[Component]) -> str:
    """The title of a first notice; of no component where none is known."""
    names = join([component.name for component in components])
    return (_("Problem with %(names)s") % {"names": names} if names else _("We are looking into a problem"))[
        :150
    ]


def draft_body(components: Sequence[Component], next_at: datetime | None, zone: ZoneInfo) -> str:
    """The first words, and when the next come; they say no more than is known."""
    names = join([component.name for component in components])
    text = (
        _("We are looking into a problem with %(names)s.") % {"names": names}
        if names
        else _("We are looking into a problem that some of you may notice.")
    )
    if next_at:
        text += " " + _("We write again by %(time)s.") % {"time": f"{next_at.astimezone(zone):%H:%M %Z}"}
    return text
