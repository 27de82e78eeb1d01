"""Marks on the charts: what people changed, so that a figure that moves can be read beside it."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role
from lib.refusal import Forbidden, Invalid, Missing, Refused
from lib.text import clean
from metrics import periods
from metrics import selection as selections
from metrics.models import Annotation
from metrics.periods import Per
from metrics.selection import EARLIEST, Selection

LONGEST = 80
#: A chart with more marks says nothing; a bound on what a script can write.
MOST = 1_000
_REFERENCE = re.compile(r"\bINC[-\s#]*\d", re.IGNORECASE)


@transaction.atomic
def mark(*, actor: Actor, day: date, label: str, service: str = "", team: str = "") -> Annotation:
    """Mark a day with what changed then. ``service`` or ``team`` is a slug; without one, everything.

    Raises:
        Forbidden: below a responder. Invalid: no label, or one that names an incident (everybody reads
            it, and not everybody may know of each incident), a day to come, an unknown service or team,
            or both. Refused: there are a thousand already.
    """
    _may_write(actor)
    said = " ".join(clean(label, field="label").split())
    if not said:
        raise Invalid(_("Say in a few words what changed."), field="label")
    if len(said) > LONGEST:
        raise Invalid(_("A label has at most 80 characters."), code="too_long", field="label")
    if _REFERENCE.search(said):
        raise Invalid(
            _("Everybody reads this, and not everybody may know of each incident: say what changed instead."),
            code="names_incident",
            field="label",
        )
    if not EARLIEST <= day <= now().astimezone(selections.zone()).date():
        raise Invalid(_("Mark what has happened: today or earlier."), field="day")
    if service and team:
        raise Invalid(_("Choose a service or a team, not both."), field="team")
    if Annotation.objects.count() >= MOST:
        raise Refused("too_many", _("There are a thousand marks already. Remove some first."))
    row = Annotation.objects.create(
        day=day,
        label=said,
        service=selections.service_of(service),
        team=selections.team_of(team),
        by=actor.user,
    )
    audit.note(actor, "chart marked", str(row))
    return row


@transaction.atomic
def unmark(annotation_id: int, *, actor: Actor) -> None:
    """Take a mark away: who set it, or a manager.

    Raises:
        Forbidden: somebody else's. Missing: there is none.
    """
    _may_write(actor)
    row = Annotation.objects.select_for_update().filter(pk=annotation_id).first()
    if row is None:
        raise Missing(_("There is no such mark."))
    if not may_unmark(actor, row):
        raise Forbidden(_("Whoever set this mark removes it, or a manager."))
    audit.note(actor, "chart mark removed", str(row))
    row.delete()


def may_unmark(actor: Actor, row: Annotation) -> bool:
    is_own = actor.user is not None and row.by_id == actor.user.pk
    return actor.is_at_least(Role.MANAGER) or (is_own and actor.is_at_least(Role.RESPONDER))


def _may_write(actor: Actor) -> None:
    if not actor.is_at_least(Role.RESPONDER):
        raise Forbidden(_("Responders mark the charts."))


def during(selection: Selection) -> list[Annotation]:
    """The marks of a selection, oldest first: those of its service or team, and those of everything.

    A service's own team counts for it, and a team's services for the team. One query.
    """
    rows = Annotation.objects.select_related("service", "team").order_by("day", "pk")
    if selection.since:
        rows = rows.filter(day__gte=selection.since.astimezone(selections.zone()).date())
    if selection.until:
        last = (selection.until - timedelta(microseconds=1)).astimezone(selections.zone()).date()
        rows = rows.filter(day__lte=last)
    if selection.service:
        own = Q(service=selection.service) | Q(team=selection.service.team_id)
        rows = rows.filter(own | Q(service=None, team=None))
    if selection.team:
        own = Q(team=selection.team) | Q(service__team=selection.team)
        rows = rows.filter(own | Q(service=None, team=None))
    return list(rows)


def by_period(rows: Iterable[Annotation], per: Per) -> dict[date, list[Annotation]]:
    """The marks by the first day of the period that their day is in."""
    found: dict[date, list[Annotation]] = {}
    for row in rows:
        found.setdefault(periods.first_day(per, row.day), []).append(row)
    return found
