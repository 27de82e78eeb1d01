"""What a severity promises: a frozen reading of the version that an incident pinned. Pure."""

from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any

from incidents.kinds import CommanderMayHold, DeadlineKind, Paging, ResponseKind


@dataclass(frozen=True)
class Policy:
    """The numbers of one severity at one time. Durations are timedelta; None means "no such clock"."""

    rank: int
    name: str
    user_impact: str
    example: str
    response_words: str
    response_kind: str
    response_within: timedelta | None
    pages: str
    ack_timeout: timedelta | None
    internal_update_every: timedelta | None
    internal_update_mitigated: timedelta | None
    public_first_reminder: timedelta | None
    public_first_within: timedelta | None
    public_update_every: timedelta | None
    public_update_mitigated: timedelta | None
    management_after: timedelta | None
    roles_within: timedelta
    required_roles: tuple[str, ...]
    commander_may_hold: str
    hands_off: bool
    postmortem_required: bool
    postmortem_business_days: int | None

    @property
    def pages_now(self) -> bool:
        return self.pages == Paging.AT_ONCE

    def span(self, kind: str) -> timedelta | None:
        """How long a clock of that kind runs; None where this severity has none (or no fixed length)."""
        return {
            DeadlineKind.RESPONSE: self.response_within,
            DeadlineKind.ROLES: self.roles_within if self.required_roles else None,
            DeadlineKind.INTERNAL_UPDATE: self.internal_update_every,
            DeadlineKind.PUBLIC_FIRST: self.public_first_within,
            DeadlineKind.PUBLIC_UPDATE: self.public_update_every,
            DeadlineKind.MANAGEMENT: self.management_after,
        }.get(DeadlineKind(kind))

    def to_json(self) -> dict[str, Any]:
        """Whole seconds for durations, lists for tuples: what `SeverityVersion.policy` keeps."""
        return {
            key: int(value.total_seconds()) if isinstance(value, timedelta) else value
            for key, value in {**asdict(self), "required_roles": list(self.required_roles)}.items()
        }


_DURATIONS = {field.name for field in fields(Policy) if "timedelta" in str(field.type)}


def from_json(kept: dict[str, Any]) -> Policy:
    """Read a kept version back; keys that a newer version added take their neutral value."""
    values: dict[str, Any] = {}
    for field in fields(Policy):
        value = kept.get(field.name)
        if field.name in _DURATIONS and value is not None:
            value = timedelta(seconds=value)
        values[field.name] = tuple(value or ()) if field.name == "required_roles" else value
    return Policy(**values)


#: Clocks that start when a severity is reached later, "at that moment, never earlier".
REACHABLE = (
    DeadlineKind.RESPONSE,
    DeadlineKind.ROLES,
    DeadlineKind.INTERNAL_UPDATE,
    DeadlineKind.PUBLIC_FIRST,
    DeadlineKind.MANAGEMENT,
)


def newly_running(before: Policy, after: Policy) -> list[str]:
    """The clocks that a change of policy starts: those that were not there, or have become shorter.

    One that runs on unchanged, or gets more time, keeps its start.
    """
    started = []
    for kind in REACHABLE:
        new, old = after.span(kind), before.span(kind)
        became_clock = (
            kind == DeadlineKind.RESPONSE
            and after.response_kind == ResponseKind.CLOCK
            and before.response_kind != ResponseKind.CLOCK
        )
        more_chairs = kind == DeadlineKind.ROLES and not set(after.required_roles) <= set(
            before.required_roles
        )
        if new is not None and (old is None or new < old or became_clock or more_chairs):
            started.append(str(kind))
    return started


def may_hold_together(policy: Policy, roles: set[str]) -> bool:
    """May one person hold these chairs at once under this policy? (domain: separation of roles)"""
    if "incident_commander" not in roles or len(roles) == 1:
        return True
    if policy.commander_may_hold == CommanderMayHold.NONE:
        return False
    if policy.commander_may_hold == CommanderMayHold.NOT_TECHNICAL_LEAD:
        return "technical_lead" not in roles
    return True
