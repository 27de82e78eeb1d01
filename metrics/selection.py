"""Which incidents a figure is about, and the one query that reads what it needs of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import Coalesce, RowNumber

from catalog.models import Service, Team
from incidents.kinds import OPEN, Source
from incidents.models import Incident, IncidentQuerySet, IncidentService, Severity
from lib.refusal import Invalid
from metrics import periods
from metrics.measures import Basis, Facts

# Beyond these no incident is plausible, and arithmetic with zones breaks at the ends of the calendar.
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 1, 1)
CHUNK = 5_000


@dataclass(frozen=True)
class Selection:
    """``since`` ≤ detected_at < ``until``; empty means all. Severities are ranks."""

    since: datetime | None = None
    until: datetime | None = None
    severities: frozenset[int] = frozenset()
    service: Service | None = None
    team: Team | None = None
    source: str = ""
    basis: Basis = Basis.STARTED

    @property
    def names_services(self) -> bool:
        """Does it ask about a part of the house? Private incidents are then left out."""
        return self.service is not None or self.team is not None

    def during(self, since: datetime | None, until: datetime | None) -> "Selection":
        return replace(self, since=since, until=until)


def zone() -> ZoneInfo:
    """The instance's zone: periods begin at its midnights."""
    return ZoneInfo(settings.TIME_ZONE)


def incidents(selection: Selection) -> IncidentQuerySet:
    """The incidents that count: no drills, nothing dismissed or merged, private ones only in totals."""
    found = Incident.objects.counted().filter(_about(selection))
    if selection.since:
        found = found.filter(detected_at__gte=selection.since)
    if selection.until:
        found = found.filter(detected_at__lt=selection.until)
    return found


def _about(selection: Selection) -> Q:
    wanted = Q()
    if selection.severities:
        wanted &= Q(severity__rank__in=selection.severities)
    if selection.source:
        wanted &= Q(source=selection.source)
    if selection.names_services:
        wanted &= Q(is_private=False, pk__in=_rows(selection).values("incident"))
    return wanted


def _rows(selection: Selection) -> QuerySet[IncidentService]:
    rows = IncidentService.objects.all()
    if selection.service:
        rows = rows.filter(service=selection.service)
    if selection.team:
        rows = rows.filter(service__team=selection.team)
    return rows


def read(found: QuerySet[Incident]) -> Iterator[Facts]:
    """Stream what the figures need, oldest signal first: one query, no instances."""
    rows = found.order_by("detected_at", "pk").values_list(
        "pk",
        "number",
        "severity__rank",
        "source",
        "is_private",
        "status",
        "started_at",
        "detected_at",
        "acknowledged_at",
        "mitigated_at",
        "resolved_at",
    )
    for pk, number, rank, source, private, status, started, detected, *ends in rows.iterator(CHUNK):
        yield Facts(pk, number, rank, source, private, status not in OPEN, started, detected, *ends)


def services_of(found: QuerySet[Incident], selection: Selection) -> Iterator[tuple[int, int]]:
    """Pairs of incident and affected service, as far as the selection asks for it, in one query."""
    rows = _rows(selection).filter(incident__in=found.order_by().values("pk"))
    yield from rows.values_list("incident_id", "service_id").iterator(CHUNK)


def began(basis: Basis) -> Coalesce:
    """`measures.began_at` in SQL."""
    if basis is Basis.DETECTED:
        return Coalesce("detected_at", "detected_at")
    return Coalesce("started_at", "detected_at")


def last_before(found: QuerySet[Incident], at: datetime, selection: Selection) -> list[int]:
    """The last incident before ``at`` of each selected service, and the last that is not private."""
    rows = _rows(selection).filter(incident__in=found.order_by().values("pk"))
    start = "incident__started_at" if selection.basis is Basis.STARTED else "incident__detected_at"
    rows = rows.annotate(began=Coalesce(start, "incident__detected_at")).filter(began__lt=at)
    place = Window(
        RowNumber(),
        partition_by=[F("service_id"), F("incident__is_private")],
        order_by=[F("began").desc(), F("incident_id").desc()],
    )
    last = rows.annotate(place=place).filter(place=1)
    return list(last.values_list("incident_id", flat=True))


def from_query(asked: Mapping[str, str]) -> Selection:
    """Read ``since until severity service team source basis`` of a query string.

    Raises:
        Invalid: a value that names nothing here; it says which and what would be right.
    """
    since, until = _instant(asked, "since"), _instant(asked, "until", is_end=True)
    if since and until and since >= until:
        raise Invalid("The end has to be after the beginning.", field="until")
    return Selection(
        since=since,
        until=until,
        severities=_severities(asked.get("severity", "")),
        service=service_of(asked.get("service", "")),
        team=team_of(asked.get("team", "")),
        source=_source(asked.get("source", "")),
        basis=_basis(asked.get("basis", "")),
    )


def _instant(asked: Mapping[str, str], field: str, *, is_end: bool = False) -> datetime | None:
    """An ISO date (a whole day of the instance's zone) or an ISO instant."""
    text = asked.get(field, "").strip()
    if not text:
        return None
    try:
        if len(text) == len("2024-01-22"):
            day = date.fromisoformat(text)
            _check(day)
            return periods.starts_at(day + timedelta(days=1) if is_end else day, zone())
        # A + of an offset arrives as a space where the client did not escape it.
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        _check(at.date())
    except ValueError as bad:
        raise Invalid(
            "Write a date like 2024-01-22 or an instant like 2024-01-22T14:00:00Z.", field=field
        ) from bad
    return (at if at.tzinfo else at.replace(tzinfo=zone())).astimezone(UTC)


def _check(day: date) -> None:
    if not EARLIEST <= day <= LATEST:
        raise ValueError("no incident was or will be then")


def _severities(text: str) -> frozenset[int]:
    """Names or ranks, separated by commas: ``SEV1,SEV2``."""
    names = [part.strip() for part in text.split(",") if part.strip()]
    if not names:
        return frozenset()
    known = dict(Severity.objects.values_list("name", "rank"))
    by_word = {name.casefold(): rank for name, rank in known.items()} | {
        str(rank): rank for rank in known.values()
    }
    unknown = [name for name in names if name.casefold() not in by_word]
    if unknown:
        raise Invalid(f"There is no severity “{unknown[0][:40]}”. Use {', '.join(known)}.", field="severity")
    return frozenset(by_word[name.casefold()] for name in names)


def service_of(slug: str) -> Service | None:
    """The service of that slug; None of an empty one.

    Raises:
        Invalid: there is none.
    """
    if not slug:
        return None
    service = Service.objects.filter(slug=_clean(slug)).first()
    if service is None:
        raise Invalid("There is no service of that name.", field="service")
    return service


def team_of(slug: str) -> Team | None:
    """The team of that slug; None of an empty one.

    Raises:
        Invalid: there is none.
    """
    if not slug:
        return None
    team = Team.objects.filter(slug=_clean(slug)).first()
    if team is None:
        raise Invalid("There is no team of that name.", field="team")
    return team


def _clean(slug: str) -> str:
    # PostgreSQL refuses a NUL even in a question.
    return slug.replace("\x00", "")[:60]


def _source(text: str) -> str:
    return _one_of(text, [source.value for source in Source], "source") if text else ""


def _basis(text: str) -> Basis:
    return Basis(_one_of(text, [basis.value for basis in Basis], "basis")) if text else Basis.STARTED


def _one_of(text: str, known: Iterable[str], field: str) -> str:
    names = list(known)
    if text not in names:
        raise Invalid(f"Use one of {', '.join(names)}.", field=field)
    return text


def per_from(text: str, known: tuple[periods.Per, ...]) -> periods.Per:
    """A period by its word.

    Raises:
        Invalid: not one of ``known``.
    """
    return periods.Per(_one_of(text, [per.value for per in known], "per"))
