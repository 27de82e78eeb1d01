"""Are promises kept? Counts by team and by month, of action items and of documents. Reads only."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median

from django.utils.timezone import localdate

from accounts.models import User
from postmortems.kinds import ActionStatus
from postmortems.models import ActionItem, Postmortem, PostmortemQuerySet, day_of

MONTHS = 12


@dataclass
class Line:
    """One team, or one month: what was promised and what became of it.

    ``in_time`` are those done on their day or before; actions without a date are left out of it.
    """

    label: str
    promised: int = 0
    done: int = 0
    dropped: int = 0
    late: int = 0
    dated_done: int = 0
    in_time: int = 0
    days: list[int] = field(default_factory=list, repr=False)

    @property
    def open(self) -> int:
        return self.promised - self.done - self.dropped

    @property
    def share_done(self) -> int | None:
        """Per cent of what was not dropped; None where nothing was promised."""
        asked = self.promised - self.dropped
        return round(100 * self.done / asked) if asked else None

    @property
    def share_in_time(self) -> int | None:
        """Per cent of the dated ones that are done; None where there is none."""
        return round(100 * self.in_time / self.dated_done) if self.dated_done else None

    @property
    def median_days(self) -> int | None:
        """From the promise to done, in whole days."""
        return int(median(self.days)) if self.days else None

    def add(self, action: ActionItem) -> None:
        self.promised += 1
        self.dropped += action.status == ActionStatus.DROPPED
        self.late += action.is_overdue
        if action.status == ActionStatus.DONE and action.done_at:
            self.done += 1
            zone = action.postmortem.zone
            done_on = day_of(action.done_at, zone)
            self.days.append((done_on - day_of(action.created_at, zone)).days)
            if action.due:
                self.dated_done += 1
                self.in_time += done_on <= action.due


@dataclass(frozen=True)
class Report:
    """The whole, the teams, the months in which the promises were made, and the documents."""

    total: Line
    teams: list[Line]
    months: list[Line]
    documents: dict[str, int]


def report(user: User, *, since: date | None = None) -> Report:
    """Of the last twelve months unless told; only what this person may see."""
    first = since or (localdate().replace(day=1) - timedelta(days=31 * (MONTHS - 1))).replace(day=1)
    rows = (
        ActionItem.objects.visible_to(user)
        .filter(created_at__date__gte=first)
        .select_related("postmortem__incident__service__team")
        .order_by("created_at", "pk")
    )
    total, teams, months = Line("all"), dict[str, Line](), dict[str, Line]()
    for action in rows.iterator(chunk_size=500):
        team = action.postmortem.incident.team.name
        month = f"{day_of(action.created_at, action.postmortem.zone):%Y-%m}"
        for line in (total, teams.setdefault(team, Line(team)), months.setdefault(month, Line(month))):
            line.add(action)
    documents = _documents(Postmortem.objects.visible_to(user).filter(opened_at__date__gte=first))
    return Report(total, sorted(teams.values(), key=lambda line: (-line.late, line.label)),
                  sorted(months.values(), key=lambda line: line.label), documents)  # fmt: skip


def _documents(rows: PostmortemQuerySet) -> dict[str, int]:
    """How many documents were opened, published, published in time, not reviewed, waived, are late."""
    counts = dict.fromkeys(("opened", "published", "in_time", "unreviewed", "waived", "late"), 0)
    for one in rows.select_related("incident"):
        counts["opened"] += 1
        counts["waived"] += one.incident.postmortem_waived_at is not None
        counts["late"] += one.is_late
        if one.is_published and one.published_at:
            counts["published"] += 1
            counts["unreviewed"] += not one.is_reviewed
            counts["in_time"] += one.due_at is None or one.published_at <= one.due_at
    return counts
