"""Has it happened before? Late promises of earlier outages of the same service. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Service
from incidents.models import Incident, MitigationAttempt
from postmortems.kinds import TagKind
from postmortems.models import ActionItem, ActionItemQuerySet, Tag

LIMIT = 5
# Enough to find those that share a mitigation among them.
_CANDIDATES = 50


@dataclass(frozen=True)
class Recurrence:
    """An action that is late, and what its incident shares with this one."""

    action: ActionItem
    number: int
    mitigations: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """``Same service and mitigation as INC-41, whose action 3 is 20 days overdue``."""
        words = {
            "reference": self.action.postmortem.incident.reference,
            "number": self.number,
            "late": ngettext("%(days)d day", "%(days)d days", self.action.days_late)
            % {"days": self.action.days_late},
        }
        if self.mitigations:
            return (
                _("Same service and mitigation as %(reference)s, whose action %(number)s is %(late)s overdue")
                % words
            )
        return _("Same service as %(reference)s, whose action %(number)s is %(late)s overdue") % words


def of_incident(incident: Incident, *, limit: int = LIMIT) -> list[Recurrence]:
    """Those that share the mitigation first, then the oldest promise.

    Only of incidents that everybody may see: the answer stands where others read it.
    """
    return _find(incident.service, mitigations=tried(incident), apart_from=incident.pk, limit=limit)


def of_service(service: Service, *, limit: int = 3) -> list[Recurrence]:
    """The same before there is an incident: while somebody declares one."""
    return _find(service, mitigations={}, apart_from=None, limit=limit)


def tried(incident: Incident) -> dict[int, str]:
    """The mitigations that were run in earnest and did not make it worse: id to name."""
    rows = MitigationAttempt.objects.filter(incident=incident, is_dry_run=False)
    rows = rows.exclude(outcome=MitigationAttempt.Outcome.MADE_WORSE).select_related("mitigation")
    return {row.mitigation_id: str(row.mitigation.name) for row in rows}


def _find(
    service: Service, *, mitigations: dict[int, str], apart_from: int | None, limit: int
) -> list[Recurrence]:
    late = _late(service, _today(service)).exclude(postmortem__incident=apart_from)
    rows = list(late.order_by("due", "pk")[:_CANDIDATES])
    shared = _shared(rows, mitigations) if mitigations else {}
    rows.sort(key=lambda one: (one.postmortem_id not in shared, one.due, one.pk))
    chosen = rows[:limit]
    numbers = _numbers(chosen)
    return [Recurrence(one, numbers[one.pk], shared.get(one.postmortem_id, [])) for one in chosen]


def _today(service: Service) -> date:
    return now().astimezone(ZoneInfo(service.team.time_zone)).date()


def _late(service: Service, today: date) -> ActionItemQuerySet:
    return (
        ActionItem.objects.overdue(today)
        .filter(
            postmortem__incident__service=service,
            postmortem__incident__is_private=False,
            postmortem__incident__is_drill=False,
        )
        .select_related("postmortem__incident__service__team", "owner")
    )


def _shared(rows: Iterable[ActionItem], mitigations: dict[int, str]) -> dict[int, list[str]]:
    """Of each document: the mitigations that its incident shares, by attempt or by tag."""
    incidents = {one.postmortem.incident_id: one.postmortem_id for one in rows}
    found: dict[int, set[str]] = {}
    attempts = MitigationAttempt.objects.filter(
        incident__in=incidents, mitigation__in=mitigations, is_dry_run=False
    )
    for incident_id, mitigation_id in attempts.values_list("incident", "mitigation"):
        found.setdefault(incidents[incident_id], set()).add(mitigations[mitigation_id])
    by_word = {name.lower(): name for name in mitigations.values()}
    tags = Tag.objects.filter(
        postmortem__in=incidents.values(), kind=TagKind.MITIGATION, word__in=list(by_word)
    )
    for postmortem_id, word in tags.values_list("postmortem", "word"):
        found.setdefault(postmortem_id, set()).add(by_word[word])
    return {pk: sorted(names) for pk, names in found.items()}


def _numbers(rows: Iterable[ActionItem]) -> dict[int, int]:
    """Which action of its document each is, counted in the order they were promised."""
    documents = {one.postmortem_id for one in rows}
    pairs = ActionItem.objects.filter(postmortem__in=documents).order_by("pk").values_list("postmortem", "pk")
    counts: dict[int, int] = {}
    numbers = {}
    for postmortem_id, pk in pairs:
        counts[postmortem_id] = numbers[pk] = counts.get(postmortem_id, 0) + 1
    return numbers
