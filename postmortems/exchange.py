"""The document leaves and comes: rows to `document.Document`, its Markdown and HTML, and the import."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.actors import Actor
from lib import markdown
from postmortems import actions, document, facts, tabling, writing
from postmortems.document import Document
from postmortems.kinds import LISTS, TEXTS, Section
from postmortems.models import Postmortem, day_of


def read(postmortem: Postmortem) -> Document:
    """Everything in the document, as plain values."""
    incident, zone = postmortem.incident, postmortem.zone
    lists = {str(section): postmortem.points(section) for section in LISTS}
    return Document(
        title=incident.title,
        day=day_of(incident.impact_began_at, zone),
        duration=facts.impact(incident),
        severity=str(incident.severity),
        authors=[facts.handle(user) for user in postmortem.authors.order_by("name", "email")],
        summary=postmortem.summary,
        rows=[
            document.Row(f"{row.at.astimezone(zone):%H:%M}", row.words)
            for row in postmortem.rows.filter(shown=True)
        ],
        root_cause=postmortem.root_cause,
        users_affected=postmortem.users_affected,
        revenue_impact=postmortem.revenue_impact,
        actions=[
            document.Action(action.title, facts.handle(action.owner) if action.owner else "", action.due)
            for action in postmortem.actions.exclude(status="dropped").select_related("owner").order_by("pk")
        ],
        **lists,
    )


def to_markdown(postmortem: Postmortem) -> str:
    return document.to_markdown(read(postmortem))


def raised(text: str) -> str:
    """The Markdown with its headings one level up, for pages where it stands below a heading of level two."""
    return re.sub(r"^#(#+ )", r"\1", text, flags=re.MULTILINE)


def to_html(postmortem: Postmortem) -> SafeString:
    """A page that stands alone: no style, no script, safe to keep or to send."""
    title = f"{postmortem.incident.reference}: {postmortem.incident.title}"
    return format_html(
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{}</title></head>\n'
        "<body>\n{}</body>\n</html>\n",
        title,
        markdown.render(raised(to_markdown(postmortem))),
    )


@dataclass
class Imported:
    """What an import did, and what it could not take over."""

    postmortem: Postmortem
    notes: list[str] = field(default_factory=list)


def from_markdown(postmortem_id: int, *, actor: Actor, text: str) -> Imported:
    """Take the sections, the table and new actions over from a document in the template's shape.

    All or nothing. Title, date, duration and severity belong to the incident: where they differ, a note
    says so. What was there before stays in the history.

    Raises:
        Invalid: the text is no such document.
    """
    given = document.from_markdown(text)
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        done = Imported(postmortem, _differences(given, read(postmortem)))
        for section in TEXTS:
            value = getattr(given, section)
            said = "\n".join(value) if isinstance(value, list) else value
            if said:
                writing.save_section(postmortem_id, actor=actor, section=section, text=said)
        if given.rows:
            tabling.save_timeline(postmortem_id, actor=actor, lines=_lines(postmortem, given))
        _take_authors(done, given, actor)
        _take_actions(done, given, actor)
        done.postmortem = Postmortem.objects.get(pk=postmortem_id)
        return done


def _differences(given: Document, own: Document) -> list[str]:
    facts_of = {
        _("title"): (given.title, own.title),
        _("date"): (given.day, own.day),
        _("severity"): (given.severity, own.severity),
    }
    return [
        _("The %(fact)s of the document (%(given)s) is not the incident's (%(own)s), which stands.")
        % {"fact": fact, "given": theirs, "own": ours}
        for fact, (theirs, ours) in facts_of.items()
        if theirs and theirs != ours
    ]


def _lines(postmortem: Postmortem, given: Document) -> list[tabling.Line]:
    """The table's clock times as instants: from the incident's day on, past midnight into the next.

    A row that says what an event's row says stays tied to that event.
    """
    zone = postmortem.zone
    day = given.day or day_of(postmortem.incident.impact_began_at, zone)
    known = {
        (f"{row.at.astimezone(zone):%H:%M}", row.words): row
        for row in postmortem.rows.exclude(event_number=None)
    }
    lines, last = [], ""
    for place, row in enumerate(given.rows):
        if row.time < last:
            day += timedelta(days=1)
        last = row.time
        own = known.pop((row.time, row.words), None)
        at = datetime.fromisoformat(f"{day.isoformat()}T{row.time}").replace(tzinfo=zone)
        key = f"event-{own.event_number}" if own else f"new-{place}"
        lines.append(tabling.Line(key, own.at if own else at, row.words, shown=True))
    return lines


def _take_authors(done: Imported, given: Document, actor: Actor) -> None:
    found = []
    for author in given.authors:
        person = facts.find_handle(author)
        if person:
            found.append(person.pk)
        else:
            done.notes.append(_("Nobody here is called %(name)s, so they are no author.") % {"name": author})
    if found:
        writing.set_authors(done.postmortem.pk, actor=actor, user_ids=found)


def _take_actions(done: Imported, given: Document, actor: Actor) -> None:
    known = set(done.postmortem.actions.values_list("title", flat=True))
    for action in given.actions:
        if action.title in known:
            continue
        owner = facts.find_handle(action.owner)
        if action.owner and not owner:
            done.notes.append(
                _("Nobody here is called %(name)s: “%(title)s” has no owner yet.")
                % {"name": action.owner, "title": action.title}
            )
        actions.create(
            done.postmortem.pk,
            actor=actor,
            title=action.title,
            owner_id=owner.pk if owner else None,
            due=action.due,
        )


def sections(postmortem: Postmortem) -> dict[Section, str]:
    """The text of each section that is kept as text."""
    return {section: str(getattr(postmortem, section)) for section in TEXTS}
