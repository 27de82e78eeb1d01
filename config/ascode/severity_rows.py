"""The severity matrix in the file, told apart by rank."""

from collections.abc import Sequence

from accounts.actors import Actor
from config.ascode.sections import Change, Section
from config.ascode.values import Key, Row, WrongFile, by_column, columns, kept, names
from incidents import matrix
from incidents.models import Role, Severity
from incidents.policy import Policy

_SEVERITY = (
    # Every column that a version keeps; the chairs are rows of their own.
    *columns(Severity, *(name for name in Policy.__dataclass_fields__ if name != "required_roles")),
    Key("required_roles", names, default=list),
)


def _severities() -> list[Row]:
    return [
        {
            **kept(severity, _SEVERITY),
            "required_roles": sorted(role.slug for role in severity.required_roles.all()),
        }
        for severity in Severity.objects.order_by("rank").prefetch_related("required_roles")
    ]


def _put(changes: Sequence[Change], actor: Actor) -> None:
    # Ranks have no gaps, so the worst comes first.
    for change in sorted(changes, key=lambda one: int(one.given["rank"])):
        values = by_column(change.values, _SEVERITY)
        if "required_roles" in change.changed:
            values["required_roles"] = _roles(change)
        with change.said_here():
            if change.pk is not None:
                matrix.change(change.pk, actor=actor, **values)
            else:
                matrix.add(actor=actor, **values)


def _roles(change: Change) -> list[Role]:
    place = f"{change.place}.required_roles"
    known = Role.objects.in_bulk(field_name="slug")
    for slug in change.given["required_roles"]:
        if slug not in known:
            raise WrongFile(place, f"There is no role “{slug}”. These are: {', '.join(known)}.")
    return [known[slug] for slug in change.given["required_roles"]]


SEVERITIES = Section("severities", _SEVERITY, ("rank",), _severities, _put)
