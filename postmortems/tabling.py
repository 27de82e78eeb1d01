"""Saving the document's timeline table as a whole, with the same care for what others saved meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.actors import Actor
from lib.refusal import Invalid
from lib.text import clean
from postmortems import writing
from postmortems.kinds import MAX_LINE, Section
from postmortems.models import Postmortem, TimelineRow


@dataclass(frozen=True)
class Line:
    """One line of the picker as it was sent: ``event-12``, ``row-3``, or ``new``."""

    key: str
    at: datetime
    words: str
    shown: bool


def save_timeline(
    postmortem_id: int, *, actor: Actor, lines: Sequence[Line], base: int | None = None
) -> writing.Saved:
    """Replace the table by these lines, in the order of time.

    Raises:
        Invalid: a line that is shown without words.
    """
    kept = [(line, clean(line.words, max_length=MAX_LINE, field="words")) for line in lines]
    if any(line.shown and not words for line, words in kept):
        raise Invalid(_("A row of the table needs words."), code="no_words", field="words")
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        current = writing.version(postmortem, Section.TIMELINE)
        rows = _rows(postmortem, sorted(kept, key=lambda pair: pair[0].at))
        text = _as_text(postmortem, rows)
        if base is not None and base != current:
            return writing.conflict(postmortem, Section.TIMELINE, text, by=actor.user, base=base)
        postmortem.rows.all().delete()
        TimelineRow.objects.bulk_create(rows)
        return writing.Saved(
            writing.put(postmortem, Section.TIMELINE, text, by=actor.user, base=current), text
        )


def _rows(postmortem: Postmortem, kept: Sequence[tuple[Line, str]]) -> list[TimelineRow]:
    """A row for each line that is shown, and for each own one that is kept for later."""
    rows: list[TimelineRow] = []
    for line, words in kept:
        number = line.key.removeprefix("event-") if line.key.startswith("event-") else ""
        if not words or (number and not line.shown):
            continue
        rows.append(
            TimelineRow(
                postmortem=postmortem,
                event_number=int(number) if number.isdecimal() else None,
                at=line.at,
                words=" ".join(words.split()),
                position=len(rows),
                shown=line.shown,
            )
        )
    return rows


def _as_text(postmortem: Postmortem, rows: Sequence[TimelineRow]) -> str:
    zone = postmortem.zone
    return "\n".join(f"{row.at.astimezone(zone):%Y-%m-%d %H:%M} {row.words}" for row in rows if row.shown)
