"""Time between failures: the gaps of each service, pooled, and the one that is still running."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.db.models import Q

from metrics import selection as selections
from metrics.measures import Basis, Facts, Span, began_at, time_between
from metrics.selection import Selection

# SEV4 is a cosmetic matter, not a failure. A filter by severity takes the place of this.
FAILURES = frozenset({1, 2, 3})


class Gap(NamedTuple):
    """From one failure of a service to its next; it belongs to the period in which the later began."""

    service_id: int
    later: Facts
    ended_at: datetime
    span: Span


@dataclass(frozen=True)
class Failures:
    """All gaps up to a moment, and since when each service has been without a failure."""

    gaps: Sequence[Gap]
    last_began_at: Mapping[int, datetime]
    #: The same of those that are not private: what may be shown beside a service's name.
    last_public_at: Mapping[int, datetime]

    def during(self, since: datetime | None, until: datetime | None) -> list[Gap]:
        return [
            gap
            for gap in self.gaps
            if (since is None or gap.ended_at >= since) and (until is None or gap.ended_at < until)
        ]

    def running(self, at: datetime) -> dict[int, timedelta]:
        """ "At least so long so far" for each service; never part of an average, for it is not over."""
        return {service: max(at - began, timedelta(0)) for service, began in self.last_began_at.items()}

    def running_by_service(self, at: datetime) -> dict[int, timedelta]:
        """The same for each service by its name: since its last failure that is not private."""
        return {service: max(at - began, timedelta(0)) for service, began in self.last_public_at.items()}


def read(selection: Selection) -> Failures:
    """The gaps of every selected service that end in the period; three queries, two without a beginning.

    The first gap inside the period began before it, so each service's last failure before it is read too.
    """
    since, severities = selection.since, selection.severities or FAILURES
    asked = replace(selection, since=None, severities=severities)
    found = selections.incidents(asked)
    if since is not None:
        before = selections.last_before(found, since, asked)
        found = found.alias(began=selections.began(selection.basis)).filter(
            Q(began__gte=since) | Q(pk__in=before)
        )
    facts = {row.pk: row for row in selections.read(found)}
    by_service: dict[int, list[Facts]] = defaultdict(list)
    for incident_id, service_id in selections.services_of(found, selection):
        if incident_id in facts:
            by_service[service_id].append(facts[incident_id])
    whole = gaps(by_service, selection.basis)
    # Between two that were read only as the last of something, others may lie that were not read.
    return whole if since is None else replace(whole, gaps=whole.during(since, None))


def of_service(service_id: int) -> list[Facts]:
    """Every failure of one service, private ones among them."""
    found = selections.incidents(Selection(severities=FAILURES)).filter(service_rows__service=service_id)
    return list(selections.read(found))


def gaps(by_service: Mapping[int, Iterable[Facts]], basis: Basis) -> Failures:
    """Pair each failure of a service with the next one."""
    found: list[Gap] = []
    last: dict[int, datetime] = {}
    last_public: dict[int, datetime] = {}
    for service_id, failures in by_service.items():
        row = sorted(failures, key=lambda facts: (began_at(facts, basis), facts.pk))
        for earlier, later in pairwise(row):
            ended_at = began_at(later, basis)
            found.append(Gap(service_id, later, ended_at, time_between(earlier, later, basis)))
        if row:
            last[service_id] = began_at(row[-1], basis)
        if public := [facts for facts in row if not facts.is_private]:
            last_public[service_id] = began_at(public[-1], basis)
    return Failures(sorted(found, key=lambda gap: (gap.ended_at, gap.later.pk)), last, last_public)
