"""Whom it reaches, by chat: its scope, whether it is part of another, who may know; and time to write."""

import re
from decimal import Decimal

from django.utils.timezone import now
from django.utils.translation import gettext as _

from chatops import telling, words
from chatops.asked import Asked
from incidents import lifecycle, people, updates
from incidents.kinds import DeadlineKind
from incidents.models import Incident
from lib import durations
from lib.refusal import Invalid, Missing

_SHARE = re.compile(r"^(\d{1,3}(?:\.\d{1,2})?)%\Z")
_SPAN = re.compile(r"^(\d{1,4}\s*(?:minutes?|min|m|hours?|h)?)(?:\s+|\Z)", re.IGNORECASE)
_NUMBER = re.compile(r"^\d{1,9}\Z")


def scope(asked: Asked) -> str:
    """``scope 5000 note`` or ``scope 12% note``: how many are hurt."""
    first, note = words.first_word(asked.text)
    share, number = _SHARE.match(first), _NUMBER.match(first.replace(",", ""))
    if not (share or number):
        raise Invalid(_("Say how many users it hurts, as in “scope 5000” or “scope 12%”."), field="users")
    incident = lifecycle.set_scope(
        asked.incident.pk,
        actor=asked.actor,
        users_affected=int(number[0]) if number else None,
        users_affected_share=Decimal(share[1]) if share else None,
        note=note,
    )
    return _("Scope noted: %(head)s") % {"head": telling.head(incident)}


def merge(asked: Asked) -> str:
    """``merge INC-42``: this one is the same as that one.

    Raises:
        Missing: no such incident, or none that the person may see.
    """
    source, into = asked.incident, other(asked, asked.words, "merge INC-41")
    lifecycle.merge(source.pk, actor=asked.actor, into=into.pk)
    return _("%(one)s goes on in %(head)s") % {"one": telling.link(source), "head": telling.head(into)}


def other(asked: Asked, typed: str, example: str) -> Incident:
    """Another incident by its number.

    Raises:
        Invalid: no number. Missing: no such incident, or none that the person may see.
    """
    number = words.reference(typed.strip())
    if number is None:
        raise Invalid(_("Say which other one, as in “%(example)s”.") % {"example": example}, field="other")
    found = Incident.objects.visible_to(asked.user).filter(number=number).first()
    if found is None:
        raise Missing(_("There is no INC-%(number)d.") % {"number": number})
    return found


def private(asked: Asked) -> str:
    """``private <reason>``: from now on only its people know of it."""
    incident = people.make_private(asked.incident.pk, actor=asked.actor, reason=asked.text)
    said = _("%(link)s is private now. What was sent already cannot be called back.")
    return said % {"link": telling.link(incident)}


def snooze(asked: Asked) -> str:
    """``snooze [public] 10m <reason>``: the next update comes later, once a round."""
    clock, text = DeadlineKind.INTERNAL_UPDATE, asked.text
    first, rest = words.first_word(text)
    if first.lower() == "public":
        clock, text = DeadlineKind.PUBLIC_UPDATE, rest
    span = _SPAN.match(text)
    later, reason = durations.parse(span[1] if span else ""), text[span.end() :] if span else ""
    incident = asked.incident
    due = {row.kind: row.due_at for row in updates.snoozable(incident)}
    incident = updates.snooze(
        incident.pk, actor=asked.actor, clock=clock, until=due.get(clock, now()) + later, reason=reason
    )
    return _("Put off: %(head)s") % {"head": telling.head(incident)}
