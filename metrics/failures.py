"""Time between failures: the gaps of each service, pooled, and the one that is still running."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

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
    """The gaps of every selected service, from its first failure on; two queries.

    The beginning of the period does not matter here: the first gap inside it began before it.
    """
    severities = selection.severities or FAILURES
    found = selections.incidents(replace(selection, since=None, severities=severities))
    facts = {row.pk: row for row in selections.read(found)}
    by_service: dict[int, list[Facts]] = defaultdict(list)
    for incident_id, service_id in selections.services_of(found, selection):
        if incident_id in facts:
            by_service[service_id].append(facts[incident_id])
    return gaps(by_service, selection.basis)


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
