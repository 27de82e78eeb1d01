"""The severity matrix, the impact matrix and the chairs as the domain describes them. Idempotent."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from incidents import severity as severities
from incidents.kinds import Breakage, CommanderMayHold, Paging, Reach, ResponseKind
from incidents.models import Counter, ImpactRule, Role, Severity


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


ROLES = (
    ("incident_commander", "Incident Commander", "Coordinates and drives to resolution. Does not debug.", 1),
    ("technical_lead", "Technical Lead", "Digs in: finds what stops the pain, then the cause.", 2),
    ("comms_lead", "Comms Lead", "Keeps the team, the stakeholders and the public up to date.", 3),
    ("scribe", "Scribe", "Writes down what is decided and seen.", 4),
    ("liaison", "Liaison", "Speaks with one customer, partner or authority.", 5),
)
ALL_THREE = ("incident_commander", "technical_lead", "comms_lead")

_PUBLIC = {
    "public_first_reminder": _minutes(5),
    "public_first_within": _minutes(10),
    "public_update_every": _minutes(30),
    "public_update_mitigated": _minutes(30),
    "internal_update_mitigated": _minutes(60),
}
SEVERITIES: tuple[dict[str, Any], ...] = (
    {
        "rank": 1,
        "name": "SEV1",
        "user_impact": "Complete outage",
        "example": "Site down, data loss",
        "response_words": "Immediate, 24/7",
        "response_within": _minutes(5),
        "ack_timeout": _minutes(10),
        "internal_update_every": _minutes(15),
        "management_after": _minutes(30),
        "commander_may_hold": CommanderMayHold.NONE,
        "hands_off": True,
        "postmortem_required": True,
        "postmortem_business_days": 5,
        "chairs": ALL_THREE,
        **_PUBLIC,
    },
    {
        "rank": 2,
        "name": "SEV2",
        "user_impact": "Major feature broken",
        "example": "Checkout failing, login broken",
        "response_words": "Under 30 minutes, 24/7",
        "response_within": _minutes(30),
        "ack_timeout": _minutes(30),
        "internal_update_every": _minutes(30),
        "commander_may_hold": CommanderMayHold.NOT_TECHNICAL_LEAD,
        "postmortem_required": True,
        "postmortem_business_days": 10,
        "chairs": ALL_THREE,
        **_PUBLIC,
    },
    {
        "rank": 3,
        "name": "SEV3",
        "user_impact": "Partial degradation",
        "example": "Slow reports, minor feature down",
        "response_words": "Business hours",
        "response_kind": ResponseKind.BUSINESS_HOURS,
        "response_within": timedelta(hours=4),
        "pages": Paging.BUSINESS_HOURS,
        "commander_may_hold": CommanderMayHold.ANY_WITH_HINT,
        "chairs": ("incident_commander",),
    },
    {
        "rank": 4,
        "name": "SEV4",
        "user_impact": "Minimal impact",
        "example": "Cosmetic bug, edge-case failure",
        "response_words": "Next sprint",
        "response_kind": ResponseKind.NEXT_SPRINT,
        "pages": Paging.NEVER,
        "commander_may_hold": CommanderMayHold.ANY,
        "chairs": (),
    },
)

#: Rows of the impact matrix: what is broken → severity rank for all, many, some, few.
IMPACT = {
    Breakage.DATA: (1, 1, 1, 2),
    Breakage.EVERYTHING: (1, 1, 2, 3),
    Breakage.MAJOR: (2, 2, 3, 3),
    Breakage.MINOR: (3, 3, 4, 4),
    Breakage.COSMETIC: (4, 4, 4, 4),
}


@transaction.atomic
def install() -> None:
    """Write what is missing; what an admin has changed or added stays."""
    Counter.objects.get_or_create(name="incident")
    for slug, name, duty, position in ROLES:
        Role.objects.get_or_create(slug=slug, defaults={"name": name, "duty": duty, "position": position})
    if not Severity.objects.exists():
        for given in SEVERITIES:
            columns = dict(given)
            chairs = columns.pop("chairs")
            severity = Severity.objects.create(**columns)
            severity.required_roles.set(Role.objects.filter(slug__in=chairs))
            severities.revise(severity)
    for severity in Severity.objects.filter(versions=None):
        severities.revise(severity)
    if not ImpactRule.objects.exists():
        by_rank = {severity.rank: severity for severity in Severity.objects.all()}
        ImpactRule.objects.bulk_create(
            ImpactRule(breakage=breakage, reach=reach, severity=by_rank[rank])
            for breakage, ranks in IMPACT.items()
            for reach, rank in zip(Reach, ranks, strict=True)
        )
