"""Teams, services and mitigations in the file."""

from collections.abc import Sequence
from typing import Any

from accounts.actors import Actor
from catalog import writing
from catalog.models import Mitigation, Service, Team
from config.ascode import hours
from config.ascode.sections import Change, Section, person
from config.ascode.values import (
    Key,
    Row,
    WrongFile,
    by_column,
    column,
    columns,
    items,
    kept,
    mapping,
    maybe,
    names,
    show,
    switch,
    word,
)
from oncall.models import Coverage

_MEMBER = (
    Key("email", lambda value, place: word(value, place).lower(), is_needed=True),
    Key("manager", switch, default=lambda: False),
)


def _members(value: Any, place: str) -> list[Row]:
    def one(said: Any, spot: str) -> Row:
        return mapping({"email": said} if isinstance(said, str) else said, spot, _MEMBER, is_whole=True)

    found = items(value, place, one)
    names([row["email"] for row in found], place)
    return sorted(found, key=lambda row: str(row["email"]))


_TEAM = (
    *columns(Team, "slug", "name", "time_zone"),
    Key("office_hours", hours.read, hours.show, lambda: sorted(Team().windows), column="windows"),
    *columns(Team, "holidays_country", "holidays_subdivision", "sprint_anchor", "sprint_days", "bridge_url"),
    Key("members", _members, lambda rows: [show(row, _MEMBER) for row in rows], list),
)


def _teams() -> list[Row]:
    rows = Team.objects.order_by("slug").prefetch_related("memberships__user")
    return [
        {
            **kept(team, _TEAM),
            "office_hours": sorted([list(window) for window in team.windows]),
            "members": sorted(
                (
                    {"email": one.user.email.lower(), "manager": one.is_manager}
                    for one in team.memberships.all()
                ),
                key=lambda row: str(row["email"]),
            ),
        }
        for team in rows
    ]


def _put_teams(changes: Sequence[Change], actor: Actor) -> None:
    for change in changes:
        values = by_column(change.values, _TEAM)
        if "members" in change.changed:
            known = [row["email"] for row in change.before["members"]] if change.before else []
            seats = [
                (person(row["email"], f"{change.place}.members", known=known), row["manager"])
                for row in change.given["members"]
            ]
            values["people"] = [user for user, _leads in seats]
            values["managers"] = [user for user, leads in seats if leads]
        with change.said_here():
            writing.save_team(change.pk, actor=actor, **values)


_SERVICE = (
    *columns(Service, "slug", "name", "description"),
    Key("team", word, is_needed=True),
    column(Service, "tier"),
    Key("depends_on", names, default=list),
    Key("escalation_policy", maybe),
    *columns(
        Service,
        "default_severity_rank",
        "group_window",
        "auto_declare",
        "runbook_url",
        "is_catch_all",
        "is_active",
    ),
)


def _services() -> list[Row]:
    covered = dict(Coverage.objects.values_list("service_id", "policy__name"))
    return [
        {
            **kept(service, _SERVICE),
            "team": service.team.slug,
            "depends_on": sorted(lower.slug for lower in service.depends_on.all()),
            "escalation_policy": covered.get(service.pk),
        }
        for service in Service.objects.order_by("slug").select_related("team").prefetch_related("depends_on")
    ]


def service_named(slug: str, place: str) -> Service:
    found = Service.objects.filter(slug=slug).first()
    if found is None:
        raise WrongFile(place, f"There is no service “{slug}”.")
    return found


def team_named(slug: str, place: str) -> Team:
    found = Team.objects.filter(slug=slug).first()
    if found is None:
        raise WrongFile(place, f"There is no team “{slug}”.")
    return found


def _put_services(changes: Sequence[Change], actor: Actor) -> None:
    """The rows first, then what depends on what: an arrow may point to a service further down."""
    _refuse_circles(changes)
    # A new catch-all relieves the old one, so it comes first.
    for change in sorted(changes, key=lambda one: not one.given.get("is_catch_all")):
        _put_service(change, actor)
    arrows = [change for change in changes if "depends_on" in change.changed]
    # Old arrows go before new ones come: turning an arrow round is no circle.
    for change in arrows:
        staying = set(change.before["depends_on"] if change.before else ()) & set(change.given["depends_on"])
        if change.before and staying != set(change.before["depends_on"]):
            _point(change, sorted(staying), actor)
    for change in arrows:
        if set(change.given["depends_on"]) - set(change.before["depends_on"] if change.before else ()):
            _point(change, change.given["depends_on"], actor)


def _put_service(change: Change, actor: Actor) -> None:
    values = by_column(change.values, _SERVICE)
    if "team" in change.changed:
        values["team"] = team_named(change.given["team"], f"{change.place}.team")
    extras = {name: change.given[name] for name in ("escalation_policy",) if name in change.changed}
    if not change.before and extras["escalation_policy"] is None:
        extras = {}
    if not (values or extras):
        return
    with change.said_here():
        writing.save_service(change.pk, actor=actor, extras=extras, **values)


def _point(change: Change, lowers: list[str], actor: Actor) -> None:
    service = Service.objects.get(slug=change.given["slug"])
    place = f"{change.place}.depends_on"
    wanted = [service_named(slug, place) for slug in lowers]
    with change.said_here():
        writing.save_service(service.pk, actor=actor, depends_on=wanted)


def _refuse_circles(changes: Sequence[Change]) -> None:
    """Judge the arrows as they will all stand, so that the sentence names a place and no order matters."""
    arrows = {row["slug"]: row["depends_on"] for row in _services()}
    arrows |= {one.given["slug"]: one.given["depends_on"] for one in changes if "depends_on" in one.given}
    for change in changes:
        start = change.given["slug"]
        seen: set[str] = set()
        waiting = [(lower, lower) for lower in change.given.get("depends_on", ())]
        while waiting:
            lower, first = waiting.pop()
            if lower == start:
                through = "itself" if first == start else f"itself through {first}"
                raise WrongFile(f"{change.place}.depends_on", f"“{start}” would depend on {through}.")
            if lower not in seen:
                seen.add(lower)
                waiting += [(next_one, first) for next_one in arrows.get(lower, ())]


def _parameters(value: Any, place: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WrongFile(place, "Write each parameter with its default.")
    return {str(name): _default(said, f"{place}.{name}") for name, said in value.items()}


def _default(value: Any, place: str) -> str:
    """A default is a text, kept letter by letter: it goes into a command."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
        raise WrongFile(place, "Write a text here; put it in quotes if it looks like something else.")
    return "" if value is None else str(value)


_MITIGATION = (
    column(Mitigation, "slug"),
    Key("service", maybe),
    *columns(Mitigation, "name", "steps", "command"),
    Key("parameters", _parameters, default=dict, column="parameters"),
    *columns(Mitigation, "risk", "undo", "position"),
)


def _mitigations() -> list[Row]:
    return [
        {**kept(row, _MITIGATION), "service": row.service.slug if row.service else None}
        for row in Mitigation.objects.order_by("service__slug", "position", "slug").select_related("service")
    ]


def _put_mitigations(changes: Sequence[Change], actor: Actor) -> None:
    for change in changes:
        values = by_column(change.values, _MITIGATION)
        if not change.before:
            owner = change.given["service"]
            values["service"] = service_named(owner, f"{change.place}.service") if owner else None
        with change.said_here():
            writing.save_mitigation(change.pk, actor=actor, **values)


TEAMS = Section("teams", _TEAM, ("slug",), _teams, _put_teams)
SERVICES = Section("services", _SERVICE, ("slug",), _services, _put_services, only_one=("is_catch_all",))
MITIGATIONS = Section("mitigations", _MITIGATION, ("slug", "service"), _mitigations, _put_mitigations)
