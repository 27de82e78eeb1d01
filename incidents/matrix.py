"""Changing the severity matrix: checked, versioned, noted in the audit log."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role as Rank
from incidents.kinds import INCIDENT_COMMANDER, TECHNICAL_LEAD
from incidents.models import Role, Severity
from incidents.severity import check_deletable, check_ranks, revise
from lib.refusal import Forbidden, Refused


def _admins_only(actor: Actor) -> None:
    if not actor.is_at_least(Rank.ADMIN):
        raise Forbidden(_("Only an admin changes the severity matrix."))


@transaction.atomic
def change(severity_id: int, *, actor: Actor, **columns: Any) -> Severity:
    """Write the columns and keep them as a new version.

    Raises:
        Invalid: a number that cannot be kept, or a gap in the ranks; nothing was changed.
    """
    _admins_only(actor)
    severity = Severity.objects.select_for_update().get(pk=severity_id)
    roles = columns.pop("required_roles", None)
    for name, value in columns.items():
        setattr(severity, name, value)
    severity.save()
    if roles is not None:
        severity.required_roles.set(roles)
    check_ranks(list(Severity.objects.values_list("rank", flat=True)))
    revise(severity, actor=actor)
    return severity


@transaction.atomic
def add(*, actor: Actor, **columns: Any) -> Severity:
    """A further severity, with its first version."""
    _admins_only(actor)
    roles = columns.pop("required_roles", None) or []
    severity = Severity.objects.create(**columns)
    severity.required_roles.set(roles)
    check_ranks(list(Severity.objects.values_list("rank", flat=True)))
    revise(severity, actor=actor)
    audit.note(actor, "severity.added", severity.name)
    return severity


@transaction.atomic
def remove(severity_id: int, *, actor: Actor) -> None:
    """Take the last, unused severity out again.

    Raises:
        Refused: ``severity_in_use`` or ``rank_gap``.
    """
    _admins_only(actor)
    severity = Severity.objects.select_for_update().get(pk=severity_id)
    check_deletable(severity)
    audit.note(actor, "severity.removed", severity.name)
    severity.versions.all().delete()
    severity.delete()


def check_role_deletable(role: Role) -> None:
    """Raises Refused: the two chairs that the separation of roles names, and chairs that were held, stay."""
    is_demanded = Severity.objects.filter(required_roles=role).exists()
    if role.slug in (INCIDENT_COMMANDER, TECHNICAL_LEAD) or is_demanded or role.holdings.exists():
        raise Refused("role_in_use", _("%(name)s stays: incidents or rules name it.") % {"name": role.name})
