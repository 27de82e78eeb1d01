"""Schedules and policies in the file."""

from collections.abc import Sequence
from typing import Any

from accounts.actors import Actor
from catalog.models import Team
from config.ascode.catalog_rows import team_named
from config.ascode.sections import Change, Section, person
from config.ascode.values import (
    Key,
    Row,
    WrongFile,
    by_column,
    columns,
    items,
    kept,
    mapping,
    maybe,
    names,
    plain,
    show,
    span,
    spell,
    switch,
    text,
    word,
)
from lib.refusal import Invalid
from oncall import policies, rotations, windows
from oncall.models import Coverage, Layer, ManagementCoverage, Policy, Schedule


def _addresses(value: Any, place: str) -> list[str]:
    """E-mail addresses in their order; somebody may have two turns."""
    return [one.lower() for one in items(value, place, word)]


def _hours(value: Any, place: str) -> list[str]:
    """When a layer has anybody: lines like ``Mon-Fri 20:00-08:00``; nothing is around the clock."""
    found = []
    for at, line in enumerate(items(value, place, word)):
        try:
            found += windows.tidy([line])
        except Invalid as unclear:
            raise WrongFile(f"{place}[{at}]", unclear.message) from unclear
    return list(dict.fromkeys(found))


_LAYER = (
    *columns(Layer, "name", "first_day", "hand_over", "days", "hours"),
    Key("windows", _hours, default=list),
    Key("people", _addresses, default=list, is_needed=True),
)


def _layers(value: Any, place: str) -> list[Row]:
    return items(value, place, lambda one, spot: mapping(one, spot, _LAYER, is_whole=True))


_SCHEDULE = (
    *columns(Schedule, "name", "time_zone"),
    Key("team", maybe),
    Key("layers", _layers, lambda rows: [show(row, _LAYER) for row in rows], is_needed=True),
)


def _schedules() -> list[Row]:
    rows = Schedule.objects.order_by("name").select_related("team")
    return [
        {
            **kept(schedule, _SCHEDULE),
            "team": schedule.team.slug if schedule.team else None,
            "layers": [
                {
                    **plain(layer, _LAYER),
                    "windows": list(layer.windows),
                    "people": [place.user.email.lower() for place in layer.members.all()],
                }
                for layer in schedule.layers.order_by("position", "pk").prefetch_related("members__user")
            ],
        }
        for schedule in rows
    ]


def _put_schedules(changes: Sequence[Change], actor: Actor) -> None:
    for change in changes:
        row = change.row
        known = [one for layer in change.before["layers"] for one in layer["people"]] if change.before else []
        team = team_named(row["team"], f"{change.place}.team") if row["team"] else None
        turns = [
            rotations.Rotation(
                layer["name"],
                layer["first_day"],
                layer["hand_over"],
                layer["days"],
                tuple(
                    person(one, f"{change.place}.layers[{at}].people", known=known).pk
                    for one in layer["people"]
                ),
                layer["hours"],
                tuple(layer["windows"]),
            )
            for at, layer in enumerate(row["layers"])
        ]
        for at, turn in enumerate(turns):
            if not turn.user_ids:
                raise WrongFile(
                    f"{change.place}.layers[{at}].people", "Name at least one person who takes turns."
                )
        with change.said_here():
            rotations.save(
                actor=actor,
                schedule_id=change.pk,
                name=row["name"],
                time_zone=row["time_zone"],
                team=team,
                rotations=turns,
            )


_KINDS = ("schedule", "person", "team", "managers")


# Whom a step asks: the kind, the name, and whether it is one of many in turn.
Aim = tuple[str, str, bool]


def _aim(value: Any, place: str) -> Aim:
    """``managers``, or one of ``schedule: name``, ``person: e-mail``, ``team: slug``, ``managers: slug``."""
    if value == "managers":
        return "managers", "", False
    said = dict(value) if isinstance(value, dict) else {}
    in_turn = switch(said.pop("in_turn", False), f"{place}.in_turn")
    if len(said) != 1 or next(iter(said)) not in _KINDS:
        raise WrongFile(
            place,
            "Write “managers”, or one of “schedule: its name”, “person: e-mail”, “team: its slug”, "
            "“managers: a team's slug”.",
        )
    kind, name = next(iter(said.items()))
    if in_turn and kind not in ("schedule", "team"):
        raise WrongFile(f"{place}.in_turn", "Only people of a team or a schedule are asked in turn.")
    if kind == "managers":
        return kind, text(name, f"{place}.{kind}"), False
    tidy = word(name, f"{place}.{kind}")
    return kind, tidy.lower() if kind == "person" else tidy, in_turn


def _show_aim(aim: Aim) -> Any:
    kind, name, in_turn = aim
    return {kind: name, **({"in_turn": True} if in_turn else {})} if name else kind


_STEP = (
    Key("after", span, spell, is_needed=True),
    Key(
        "ask",
        lambda value, place: items(value, place, _aim),
        lambda aims: [_show_aim(aim) for aim in aims],
        is_needed=True,
    ),
    Key("in_hours_only", switch, default=lambda: False),
)


def _steps(value: Any, place: str) -> list[Row]:
    rows = items(value, place, lambda one, spot: mapping(one, spot, _STEP, is_whole=True))
    return sorted(rows, key=lambda row: row["after"])


_POLICY = (
    *columns(Policy, "name", "repeat", "round_length", "is_default", "is_for_management"),
    Key("team", maybe),
    Key("management_of", names, default=list),
    Key("steps", _steps, lambda rows: [show(row, _STEP) for row in rows], is_needed=True),
)


def _policies() -> list[Row]:
    rows = Policy.objects.order_by("name").select_related("team")
    return [
        {
            **kept(policy, _POLICY),
            "team": policy.team.slug if policy.team else None,
            "management_of": sorted(policy.management_coverages.values_list("team__slug", flat=True)),
            "steps": [
                {
                    "after": step.delay,
                    "ask": [_aim_of(target) for target in step.targets.all()],
                    "in_hours_only": step.in_hours_only,
                }
                for step in policy.steps.prefetch_related(
                    "targets__schedule", "targets__person", "targets__team"
                )
            ],
        }
        for policy in rows
    ]


def _aim_of(target: Any) -> Aim:
    if target.kind == "schedule":
        return "schedule", target.schedule.name, target.in_turn
    if target.kind == "person":
        return "person", target.person.email.lower(), False
    return str(target.kind), target.team.slug if target.team else "", target.in_turn


def _put_policies(changes: Sequence[Change], actor: Actor) -> None:
    taken: dict[str, str] = {}
    for change in changes:
        for slug in change.given.get("management_of", ()):
            first = taken.setdefault(slug, change.place)
            if first != change.place:
                raise WrongFile(f"{change.place}.management_of", f"{first} has “{slug}” already.")
    # A new default relieves the old one, so it comes first.
    for change in sorted(changes, key=lambda one: not one.given.get("is_default")):
        _put_policy(change, actor)


def _put_policy(change: Change, actor: Actor) -> None:
    row = change.row
    found = Policy.objects.filter(pk=change.pk or 0).first()
    if found:
        # What the file leaves out is as it is by now: a policy before this one may have taken it.
        row |= {
            name: getattr(found, name)
            for name in ("is_default", "is_for_management")
            if name not in change.given
        }
    if found and found.is_default and not row["is_default"]:
        raise WrongFile(
            f"{change.place}.is_default", "One policy is the default. Say “is_default: true” at another one."
        )
    rungs = [
        policies.Rung(
            step["after"],
            tuple(
                _pointed(aim, f"{change.place}.steps[{at}].ask[{spot}]")
                for spot, aim in enumerate(step["ask"])
            ),
            step["in_hours_only"],
        )
        for at, step in enumerate(row["steps"])
    ]
    values = by_column(row, _POLICY)
    with change.said_here():
        policies.save(
            actor=actor,
            policy_id=change.pk,
            rungs=rungs,
            team=team_named(row["team"], f"{change.place}.team") if row["team"] else None,
            services=[one.service for one in Coverage.objects.filter(policy=found)] if found else [],
            management_of=_led(change, found),
            **values,
        )


def _led(change: Change, found: Policy | None) -> list[Team]:
    if "management_of" in change.given:
        return [team_named(slug, f"{change.place}.management_of") for slug in change.given["management_of"]]
    return [row.team for row in ManagementCoverage.objects.filter(policy=found)] if found else []


def _pointed(aim: Aim, place: str) -> str:
    """The short name that the verb takes for whom a step asks."""
    kind, name, in_turn = aim
    turn = policies.IN_TURN if in_turn else ""
    if kind == "schedule":
        schedule = Schedule.objects.filter(name=name).first()
        if schedule is None:
            raise WrongFile(place, f"There is no schedule “{name}”.")
        return f"{turn}schedule:{schedule.pk}"
    if kind == "person":
        return f"person:{person(name, place).pk}"
    return f"{turn}{kind}:{team_named(name, place).pk}" if name else kind


SCHEDULES = Section("schedules", _SCHEDULE, ("name",), _schedules, _put_schedules)
POLICIES = Section(
    "policies",
    _POLICY,
    ("name",),
    _policies,
    _put_policies,
    only_one=("is_default", "is_for_management"),
)
