"""Planned drills in the file."""

from collections.abc import Sequence
from typing import Any

from accounts.actors import Actor
from config.ascode.catalog_rows import service_named, team_named
from config.ascode.sections import Change, Section, person
from config.ascode.values import Key, Row, WrongFile, by_column, column, columns, kept, names, word
from incidents.models import Severity
from oncall import drills
from oncall.drill_models import DrillPlan
from oncall.models import Schedule


def _addresses(value: Any, place: str) -> list[str]:
    return sorted(one.lower() for one in names(value, place))


_DRILL = (
    *columns(DrillPlan, "name"),
    *(Key(name, word, is_needed=True) for name in ("team", "service", "severity")),
    *columns(DrillPlan, "scenario", "cron", "time_zone"),
    Key("people", _addresses, default=list),
    Key("schedules", names, default=list),
    *columns(DrillPlan, "pages", "lasts"),
    column(DrillPlan, "is_paused", called="paused"),
)


def _drills() -> list[Row]:
    rows = DrillPlan.objects.select_related("team", "service", "severity").prefetch_related(
        "people", "schedules"
    )
    return [
        {
            **kept(plan, _DRILL),
            "team": plan.team.slug,
            "service": plan.service.slug,
            "severity": plan.severity.name,
            "people": sorted(user.email.lower() for user in plan.people.all()),
            "schedules": sorted(rota.name for rota in plan.schedules.all()),
        }
        for plan in rows.order_by("name")
    ]


def _put(changes: Sequence[Change], actor: Actor) -> None:
    for change in changes:
        values = by_column(change.values, _DRILL)
        known = change.before["people"] if change.before else []
        for name, read in (("team", team_named), ("service", service_named), ("severity", _severity)):
            if name in change.changed:
                values[name] = read(change.given[name], f"{change.place}.{name}")
        if "people" in change.changed:
            place = f"{change.place}.people"
            values["people"] = [person(one, place, known=known) for one in change.given["people"]]
        if "schedules" in change.changed:
            place = f"{change.place}.schedules"
            values["rotas"] = [_schedule(one, place) for one in change.given["schedules"]]
        with change.said_here():
            drills.save(actor=actor, plan_id=change.pk, **values)


def _severity(name: str, place: str) -> Severity:
    found = Severity.objects.filter(name=name).first()
    if found is None:
        raise WrongFile(place, f"There is no severity “{name}”.")
    return found


def _schedule(name: str, place: str) -> Schedule:
    found = Schedule.objects.filter(name=name).first()
    if found is None:
        raise WrongFile(place, f"There is no schedule “{name}”.")
    return found


DRILLS = Section("drills", _DRILL, ("name",), _drills, _put)
