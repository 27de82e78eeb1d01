"""What the incident's room shows: the next promise, the one next step, the checklist, what is around it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from catalog import deploys, mitigations, picture
from catalog.models import Mitigation
from incidents import duties, roles, telling
from incidents.kinds import OPEN, DeadlineKind, EventKind, Status
from incidents.models import Deadline, Incident, MitigationAttempt, Role, TimelineEvent
from incidents.seen import Seen
from lib import durations

FIRST_FIVE = timedelta(minutes=5)
_SOON = 5  # The last fifth of a promise is "soon".


@dataclass(frozen=True)
class Promise:
    """What is owed next, by when, and how the line burns down (seconds)."""

    kind: str
    label: str
    due: datetime
    began: datetime
    late: bool
    soon: bool
    value: int
    max: int
    left: str


def promise_of(deadline: Deadline, at: datetime | None = None) -> Promise:
    at = at or now()
    whole = max(int((deadline.due_at - deadline.started_at).total_seconds()), 1)
    left = deadline.due_at - at
    late = left < timedelta(0)
    label = str(DeadlineKind(deadline.kind).label)
    far = left > timedelta(hours=1)
    return Promise(
        kind=deadline.kind,
        label=_("%(what)s missed") % {"what": label} if late else label,
        due=deadline.due_at,
        began=deadline.started_at,
        late=late,
        soon=not late and left.total_seconds() * _SOON < whole,
        value=whole if late else max(int(left.total_seconds()), 0),
        max=whole,
        left=f"{durations.words(-left)} late"
        if late
        else durations.words(left)
        if far
        else durations.clock(left),
    )


def promises(incident: Incident, seen: Seen | None = None) -> list[Promise]:
    """Every running promise, the most urgent first."""
    at = now()
    return [promise_of(row, at) for row in (seen or Seen(incident)).running]


@dataclass(frozen=True)
class Tick:
    """One line of the first-five-minutes list."""

    key: str
    label: str
    hint: str
    is_done: bool


def checklist(seen: Seen) -> list[Tick]:
    """Acknowledge, scope, severity, declare, chairs: each ticked by the timeline alone."""
    incident, missing = seen.incident, seen.missing
    severity_set = incident.declared_at or incident.timeline.filter(kind=EventKind.SEVERITY_CHANGED).exists()
    return [
        Tick(
            "acknowledge",
            _("Acknowledge"),
            str(incident.acknowledged_by or ""),
            bool(incident.acknowledged_at),
        ),
        Tick("scope", _("Assess scope"), scope_words(incident), bool(incident.scope_at)),
        Tick("severity", _("Set severity"), incident.severity.name, bool(severity_set)),
        Tick(
            "declare",
            _("Declare"),
            f"#{incident.channel_name}" if incident.channel_name else "",
            bool(incident.declared_at),
        ),
        Tick(
            "roles",
            _("Assign roles"),
            _("%(role)s missing") % {"role": missing[0].name} if missing else "",
            bool(incident.declared_at) and not missing,
        ),
    ]


def scope_words(incident: Incident) -> str:
    parts = []
    if incident.users_affected_share is not None:
        parts.append(
            _("about %(share)s %% of users")
            % {"share": f"{incident.users_affected_share:.2f}".rstrip("0").rstrip(".")}
        )
    if incident.users_affected is not None:
        parts.append(_("%(count)s users") % {"count": f"{incident.users_affected:,}"})
    return ", ".join(parts) or incident.scope_note


def missing_chairs(incident: Incident) -> list[Role]:
    """Chairs that the severity demands and nobody holds."""
    return Seen(incident).missing


@dataclass(frozen=True)
class Step:
    """The one next step. ``verb`` is a button that acts; without one it leads to ``anchor``."""

    label: str
    verb: str = ""
    anchor: str = ""
    role: str = ""
    url: str = ""


def next_step(seen: Seen) -> Step | None:
    """What somebody who may act should do now; None when nothing is left."""
    incident = seen.incident
    status = incident.status
    if status in (Status.TRIAGE, Status.ACTIVE) and not incident.acknowledged_at:
        return Step(_("Acknowledge"), verb="acknowledge")
    if status == Status.TRIAGE:
        if not incident.scope_at:
            return Step(_("Assess scope"), anchor="do-scope")
        return Step(_("Declare %(severity)s") % {"severity": incident.severity.name}, verb="declare")
    if status in (Status.ACTIVE, Status.MITIGATED):
        return _step_underway(seen)
    if status == Status.RESOLVED:
        owed = duties.owed(incident)
        if owed is None:
            return Step(_("Close"), verb="close")
        if owed.code == "postmortem_owed":
            return Step(_("Write the postmortem"), url=reverse("postmortems:of", args=[incident.number]))
        return Step(_("Resolve the public notice"), anchor="panel-status")
    return None


def _step_underway(seen: Seen) -> Step:
    incident, missing = seen.incident, seen.missing
    if missing:
        first = missing[0]
        if first.slug == "incident_commander":
            return Step(_("Take command"), verb="take", role=first.slug)
        if any(one.role_id == first.pk for one in seen.offers):
            return Step(_("Seat a %(role)s") % {"role": first.name}, anchor="seats")
        return Step(_("Name a %(role)s") % {"role": first.name}, anchor="do-chair")
    late = [one for one in seen.running if one.due_at < now()]
    if any(one.kind == DeadlineKind.INTERNAL_UPDATE for one in late):
        return Step(_("Post update"), anchor="update")
    if incident.status == Status.ACTIVE:
        return Step(_("Mitigated…"), anchor="do-mitigate")
    return Step(_("Resolved…"), anchor="do-resolve")


@dataclass(frozen=True)
class Chair:
    """A chair of the room: its holder, or an invitation to somebody by name."""

    role: Role
    holder: User | None
    is_required: bool
    suggestion: User | None
    offers: list[User]
    is_glass_broken: bool
    since: datetime | None


def chairs(incident: Incident, seen: Seen | None = None) -> list[Chair]:
    """The demanded chairs, and further ones that somebody holds or offers to take."""
    seen = seen or Seen(incident)
    demanded = set(seen.policy.required_roles)
    held = {row.role_id: row for row in seen.holdings}
    suggestion = next(iter(seen.on_call), None)
    busy = {row.user_id for row in held.values()}
    shown = {*held, *(one.role_id for one in seen.offers)}
    return [
        Chair(
            role=role,
            holder=held[role.pk].user if role.pk in held else None,
            is_required=role.slug in demanded,
            suggestion=suggestion if suggestion and suggestion.pk not in busy else None,
            offers=[] if role.pk in held else [one.user for one in seen.offers if one.role_id == role.pk],
            is_glass_broken=role.pk in held and held[role.pk].is_glass_broken,
            since=held[role.pk].since if role.pk in held else None,
        )
        for role in seen.roles
        if role.slug in demanded or role.pk in shown or role.slug == "incident_commander"
    ]


@dataclass(frozen=True)
class Remedy:
    """A mitigation with its command filled in and what it did before."""

    mitigation: Mitigation
    command: str
    helped: list[str]
    running: MitigationAttempt | None


def remedies(seen: Seen) -> list[Remedy]:
    """The catalogue for the primary service; what helped there before comes first."""
    incident = seen.incident
    found = mitigations.for_service(incident.service)
    past = _helped(incident, found)
    running = {row.mitigation_id: row for row in seen.attempts if row.ended_at is None}
    listed = [
        Remedy(one, mitigations.fill(one, incident.service), past.get(one.pk, [])[:3], running.get(one.pk))
        for one in found
    ]
    return sorted(listed, key=lambda one: -len(one.helped))


def _helped(incident: Incident, found: Iterable[Mitigation]) -> dict[int, list[str]]:
    helped: dict[int, list[str]] = {}
    rows = MitigationAttempt.objects.filter(
        mitigation__in=[one.pk for one in found],
        outcome=MitigationAttempt.Outcome.HELPED,
        is_dry_run=False,
        incident__service=incident.service_id,
        incident__is_private=False,
    ).exclude(incident=incident)
    for row in rows.select_related("incident").order_by("-started_at")[:50]:
        helped.setdefault(row.mitigation_id, []).append(row.incident.reference)
    return helped


@dataclass(frozen=True)
class Past:
    """An incident of before, and what stopped its pain: mitigations that helped, else the words said then."""

    incident: Incident
    stopped_by: str


def similar(incident: Incident, user: User, limit: int = 3) -> list[Past]:
    """Past incidents of the same services, those whose titles share most words first. Never private ones."""
    if incident.is_private:
        return []
    services = [row.service_id for row in incident.service_rows.all()]
    past = (
        Incident.objects.visible_to(user)
        .counted()
        .filter(is_private=False, service_rows__service__in=services, mitigated_at__isnull=False)
        .exclude(pk=incident.pk)
        .select_related("severity")
        .distinct()
        .order_by("-number")[:200]
    )
    words = {word for word in incident.title.lower().split() if len(word) > 3}
    ranked = sorted(past, key=lambda one: -len(words & set(one.title.lower().split())))
    stopped = _stopped_by([one.pk for one in ranked[:limit]])
    return [Past(one, stopped.get(one.pk, "")) for one in ranked[:limit]]


def _stopped_by(incidents: list[int]) -> dict[int, str]:
    kinds = (EventKind.RESOLVED, EventKind.MITIGATED)
    ends = TimelineEvent.objects.filter(incident__in=incidents, kind__in=kinds).exclude(text="")
    rows = list(ends.order_by("number"))
    # The last one counts, and what mitigated before what resolved.
    said = {event.incident_id: event.text for kind in kinds for event in rows if event.kind == kind}
    helped = MitigationAttempt.objects.filter(
        incident__in=incidents, outcome=MitigationAttempt.Outcome.HELPED, is_dry_run=False
    )
    names: dict[int, list[str]] = {}
    for row in helped.select_related("mitigation").order_by("started_at"):
        names.setdefault(row.incident_id, []).append(str(row.mitigation.name))
    return {**said, **{pk: ", ".join(dict.fromkeys(them)) for pk, them in names.items()}}


def around(incident: Incident, user: User, seen: Seen | None = None) -> dict[str, Any]:
    """What fills itself in: changes before the onset, neighbours in trouble, runbooks, similar incidents."""
    seen = seen or Seen(incident)
    service = incident.service
    near = service.depends_on.all() | service.dependents.all()
    open_there = (
        Incident.objects.visible_to(user)
        .filter(status__in=OPEN, is_drill=False, is_private=False, service__in=near.values("pk"))
        .exclude(pk=incident.pk)
        .select_related("severity", "service")
    )
    troubled = {one.service_id for one in open_there} | {service.pk}
    return {
        "changes": deploys.recent(service, incident.impact_began_at),
        "neighbours_open": [] if incident.is_private else list(open_there[:10]),
        "picture": picture.draw(service, troubled),
        "similar": similar(incident, user),
        "remedies": remedies(seen),
        "attempts": seen.attempts[:10],
        "done": _done(incident) if incident.mitigated_at else None,
        "may_run": roles.may_run_mitigations(incident, user),
        "on_call": seen.on_call,
    }


def _done(incident: Incident) -> telling.Line | None:
    """What was said when users stopped hurting, which is the last time that counts."""
    ends = incident.timeline.filter(kind=EventKind.MITIGATED).select_related("actor").order_by("-number")
    return next(iter(telling.tell(incident, ends[:1])), None)


def counts(incident: Incident) -> tuple[dict[str, int], int]:
    """How many events of each kind there are, for the filter of the timeline; and the last one's number."""
    rows = TimelineEvent.objects.filter(incident=incident).values("kind")
    found = list(rows.annotate(n=Count("pk"), last=Max("number")).order_by())
    return {row["kind"]: row["n"] for row in found}, max((row["last"] for row in found), default=0)
