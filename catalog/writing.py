"""How the catalog is changed: checked whole, by admins only, and kept in the audit log.

Who is in a team is its own managers' business too: they are who knows.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import ProtectedError

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role, User
from catalog import graph
from catalog.extras import service_fields
from catalog.models import Membership, Mitigation, Runbook, Service, Team
from lib.refusal import Forbidden, Invalid, Missing, Refused


@transaction.atomic
def save_team(
    team_id: int | None,
    *,
    actor: Actor,
    people: Iterable[User] | None = None,
    managers: Iterable[User] | None = None,
    **values: Any,
) -> Team:
    """Create a team or change what is named; ``people`` and ``managers`` replace who was in it.

    Raises:
        Forbidden: not an admin, and not a manager of this team who changes its people alone.
    """
    team, before = _locked(Team, team_id)
    same = team_id is not None and all(getattr(team, name) == value for name, value in values.items())
    if not (same and manages(actor, team)):
        _allowed(actor)
    _fill(team, values)
    team.save()
    if people is not None or managers is not None:
        _seat(team, people, managers)
    _note(actor, team, before, team_id)
    return team


@transaction.atomic
def save_service(
    service_id: int | None,
    *,
    actor: Actor,
    depends_on: Iterable[Service] | None = None,
    extras: dict[str, Any] | None = None,
    **values: Any,
) -> Service:
    """Create a service or change what is named.

    Raises:
        Invalid: a value is out of shape, or the dependencies would close a circle.
        Refused: the catch-all would be gone.
    """
    service, before = _begin(Service, service_id, actor)
    _hand_over_catch_all(service, values)
    _fill(service, values)
    lowers = list(depends_on) if depends_on is not None else None
    if lowers is not None:
        _check_circle(service, lowers)
    service.save()
    if lowers is not None:
        service.depends_on.set(lowers)
    for name, value in (extras or {}).items():
        service_fields[name].write(service, value, actor=actor)
    _note(actor, service, before, service_id)
    return service


@transaction.atomic
def save_runbook(runbook_id: int | None, *, actor: Actor, **values: Any) -> Runbook:
    """Create a runbook or change what is named."""
    return _save(Runbook, runbook_id, actor, values)


@transaction.atomic
def save_mitigation(mitigation_id: int | None, *, actor: Actor, **values: Any) -> Mitigation:
    """Create a mitigation or change what is named."""
    return _save(Mitigation, mitigation_id, actor, values)


@transaction.atomic
def delete(row: Runbook | Mitigation, *, actor: Actor) -> None:
    """Remove a runbook or a mitigation that no incident tells of."""
    _allowed(actor)
    before = _facts(row)
    try:
        row.delete()
    except ProtectedError as used:
        raise Refused(
            "in_use", "An incident's timeline tells of this mitigation, so it stays. You can rename it."
        ) from used
    audit.note(actor, f"catalog.{row._meta.model_name}.deleted", before.get("slug") or row, before)


def _save[Row: models.Model](model: type[Row], pk: int | None, actor: Actor, values: dict[str, Any]) -> Row:
    row, before = _begin(model, pk, actor)
    _fill(row, values)
    row.save()
    _note(actor, row, before, pk)
    return row


def manages(actor: Actor, team: Team) -> bool:
    """Whether this person says who is in the team: an admin, or one of the team's managers."""
    if actor.is_at_least(Role.ADMIN):
        return True
    seats = team.memberships.filter(user=actor.user, is_manager=True)
    return actor.user is not None and actor.is_at_least(Role.MANAGER) and seats.exists()


def _allowed(actor: Actor) -> None:
    if not actor.is_at_least(Role.ADMIN):
        raise Forbidden("The catalog is changed by admins; who is in a team, by its managers too. Ask one.")


def _begin[Row: models.Model](model: type[Row], pk: int | None, actor: Actor) -> tuple[Row, dict[str, Any]]:
    _allowed(actor)
    return _locked(model, pk)


def _locked[Row: models.Model](model: type[Row], pk: int | None) -> tuple[Row, dict[str, Any]]:
    if pk is None:
        return model(), {}
    row = model._default_manager.select_for_update().filter(pk=pk).first()
    if row is None:
        raise Missing("This is no longer in the catalog.")
    return row, _facts(row)


def _fill(row: models.Model, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    try:
        row.full_clean()
    except ValidationError as bad:
        field, messages = next(iter(bad.message_dict.items()))
        raise Invalid(messages[0], field=None if field == "__all__" else field) from bad


def _facts(row: models.Model) -> dict[str, Any]:
    return {field.name: field.value_from_object(row) for field in row._meta.concrete_fields if row.pk}


def _note(actor: Actor, row: models.Model, before: dict[str, Any], pk: int | None) -> None:
    action = f"catalog.{row._meta.model_name}.{'created' if pk is None else 'changed'}"
    after = _facts(row)
    changed = {name for name in after if before.get(name) != after[name]}
    audit.note(
        actor,
        action,
        row,
        {name: value for name, value in before.items() if name in changed},
        {name: value for name, value in after.items() if name in changed},
    )


def _seat(team: Team, people: Iterable[User] | None, managers: Iterable[User] | None) -> None:
    now_managing = {user.pk for user in managers} if managers is not None else None
    if now_managing is None:
        now_managing = set(team.memberships.filter(is_manager=True).values_list("user_id", flat=True))
    if people is not None:
        seated = {user.pk for user in people} | (now_managing if managers is not None else set())
    else:
        seated = set(team.memberships.values_list("user_id", flat=True)) | now_managing
    team.memberships.exclude(user__in=seated).delete()
    for user_id in seated:
        Membership.objects.update_or_create(
            team=team, user_id=user_id, defaults={"is_manager": user_id in now_managing}
        )


def _check_circle(service: Service, lowers: list[Service]) -> None:
    closing = graph.circle(service.pk, [lower.pk for lower in lowers])
    if closing:
        names = ", ".join(sorted(lower.name for lower in lowers if lower.pk in closing))
        raise Invalid(
            f"{service.name} would depend on itself through {names}. Take one of the two arrows away.",
            code="dependency_circle",
            field="depends_on",
        )


def _hand_over_catch_all(service: Service, values: dict[str, Any]) -> None:
    """There is exactly one catch-all: naming a new one relieves the old one."""
    wanted = values.get("is_catch_all")
    if wanted and not service.is_catch_all:
        Service.objects.filter(is_catch_all=True).update(is_catch_all=False)
    elif wanted is False and service.pk and service.is_catch_all:
        raise Invalid(
            "Alerts that no service claims need a place to go. Make another service the catch-all instead.",
            field="is_catch_all",
        )
