"""The same figures of parts of a selection: by severity, by team, by who noticed, by what noticed."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from catalog.models import Team
from detection.kinds import SourceKind
from detection.models import Alert
from incidents.kinds import Source
from incidents.models import IncidentService, Severity
from metrics import selection as selections
from metrics import summary
from metrics.measures import SPANS, Facts, Measure
from metrics.selection import Selection
from metrics.summary import Figure


@dataclass(frozen=True)
class Part:
    """One line: what it is called, how many incidents, and the four spans."""

    name: str
    incidents: int
    figures: Mapping[Measure, Figure]

    @property
    def spans(self) -> list[Figure]:
        return [self.figures[which] for which in SPANS]


@dataclass(frozen=True)
class Breakdown:
    """One way to cut the incidents; ``key`` is what it is called in files and addresses."""

    key: str
    title: str
    parts: Sequence[Part]


def read(facts: Sequence[Facts], selection: Selection) -> list[Breakdown]:
    """Four cuts of the facts of a selection; four queries, whatever their number.

    Private incidents count by severity and by who noticed, which name nothing of them; teams and the
    tool that noticed would, so there they are left out.
    """
    public = [row for row in facts if not row.is_private]
    severities = dict(Severity.objects.values_list("rank", "name"))
    sources = {source.value: str(source.label) for source in Source}
    return [
        _cut(
            "severity", _("By severity"), ((row.severity_rank, row) for row in facts), severities, selection
        ),
        _cut("source", _("By who noticed"), ((row.source, row) for row in facts), sources, selection),
        _by_team(public, selection),
        _by_tool(public, selection),
    ]


def _by_team(public: Sequence[Facts], selection: Selection) -> Breakdown:
    by_pk = {row.pk: row for row in public}
    found = selections.incidents(selection).filter(is_private=False)
    pairs = set(
        IncidentService.objects.filter(incident__in=found.order_by().values("pk"))
        .values_list("incident_id", "service__team_id")
        .distinct()
    )
    if selection.team:
        pairs = {pair for pair in pairs if pair[1] == selection.team.pk}
    names = dict(Team.objects.order_by("name").values_list("pk", "name"))
    rows = ((team, by_pk[incident]) for incident, team in sorted(pairs) if incident in by_pk)
    return _cut("team", _("By team"), rows, names, selection)


def _by_tool(public: Sequence[Facts], selection: Selection) -> Breakdown:
    """What noticed: the kind of source of the incident's first alert, or people where there was none."""
    found = selections.incidents(selection).filter(is_private=False)
    alerts = Alert.objects.filter(incident__in=found.order_by().values("pk")).order_by(
        "-first_seen_at", "-pk"
    )
    # The last one written wins, which is the earliest alert.
    first = dict(alerts.values_list("incident_id", "source__kind"))
    names = {kind.value: str(kind.label) for kind in SourceKind} | {"": _("People, without an alert")}
    return _cut(
        "detection", _("By what noticed"), ((first.get(row.pk, ""), row) for row in public), names, selection
    )


def _cut(
    key: str,
    title: str,
    rows: Iterable[tuple[Hashable, Facts]],
    names: Mapping[Any, str],
    selection: Selection,
) -> Breakdown:
    found: dict[Hashable, list[Facts]] = defaultdict(list)
    for value, row in rows:
        found[value].append(row)
    # In the order of the names: severities by rank, teams by the alphabet.
    parts = [
        Part(name, len(inside), {which: summary.of(which, inside, selection.basis) for which in SPANS})
        for value, name in names.items()
        if (inside := found.get(value))
    ]
    return Breakdown(key, title, parts)
