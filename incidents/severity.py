"""The severity matrix: its versions, the impact matrix's suggestion, what a signal suggests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from catalog.models import Service
from incidents.kinds import Breakage, DeadlineKind, Paging, Reach, ResponseKind
from incidents.models import ImpactRule, Incident, Severity, SeverityVersion
from incidents.policy import Policy, from_json
from lib.refusal import Invalid, Refused

UNSURE = "unsure"
# A signal's own words: critical, P1 → SEV1; error, P2 → SEV2; warning, P3 → SEV3; the rest → SEV4.
_SIGNAL_RANKS = {
    "critical": 1,
    "p1": 1,
    "error": 2,
    "p2": 2,
    "warning": 3,
    "p3": 3,
    "info": 4,
    "p4": 4,
    "p5": 4,
}
_DEFAULT_RANK = 2
_LONGEST = timedelta(days=366)


def policy_of(incident: Incident) -> Policy:
    """What the version that this incident pinned promises."""
    return from_json(incident.severity_version.policy)


def read(severity: Severity) -> Policy:
    """The policy that the row's columns say now."""
    return Policy(
        required_roles=tuple(severity.required_roles.order_by("position").values_list("slug", flat=True)),
        **{name: getattr(severity, name) for name in Policy.__dataclass_fields__ if name != "required_roles"},
    )


@transaction.atomic
def revise(severity: Severity, *, actor: Actor | None = None) -> SeverityVersion:
    """Keep the row's present columns as a new version, unless nothing changed.

    Incidents that are running keep the version they pinned; `lifecycle.apply_policy` moves them.
    """
    policy = read(severity)
    check(policy)
    before = severity.versions.order_by("-number").first()
    if before and before.policy == policy.to_json():
        return before
    version = SeverityVersion.objects.create(
        severity=severity,
        number=before.number + 1 if before else 1,
        policy=policy.to_json(),
        made_by=actor.user if actor else None,
    )
    if before and actor:
        changed = {key for key, value in version.policy.items() if before.policy.get(key) != value}
        audit.note(
            actor,
            "severity.changed",
            severity.name,
            before={key: before.policy.get(key) for key in sorted(changed)},
            after={key: version.policy[key] for key in sorted(changed)},
        )
    return version


def check(policy: Policy) -> None:
    """Refuse numbers that cannot be kept.

    Raises:
        Invalid: names the field and says what would work.
    """
    for field in Policy.__dataclass_fields__:
        value = getattr(policy, field)
        if hasattr(value, "total_seconds") and value.total_seconds() < 60:
            raise Invalid(
                _("A time of the matrix has to be a minute or more; leave it empty for none."), field=field
            )
        if hasattr(value, "total_seconds") and value > _LONGEST:
            raise Invalid(_("A time of the matrix is a year at most."), field=field)
    if (policy.postmortem_business_days or 1) > _LONGEST.days:
        raise Invalid(_("A time of the matrix is a year at most."), field="postmortem_business_days")
    if policy.response_kind != ResponseKind.NEXT_SPRINT and policy.response_within is None:
        raise Invalid(_("Say within which time somebody acknowledges."), field="response_within")
    first, reminder = policy.public_first_within, policy.public_first_reminder
    if first and reminder and reminder >= first:
        raise Invalid(_("The reminder has to come before the notice is due."), field="public_first_reminder")
    if policy.postmortem_required and not policy.postmortem_business_days:
        raise Invalid(
            _("Say in how many business days the postmortem is due."), field="postmortem_business_days"
        )
    if policy.pages == Paging.NEVER and policy.response_kind == ResponseKind.CLOCK:
        raise Invalid(
            _("A severity that pages nobody cannot promise an acknowledgement by the clock."), field="pages"
        )


def check_ranks(ranks: list[int]) -> None:
    """Ranks run from 1 without a gap.

    Raises:
        Invalid: there is a gap or a double.
    """
    if sorted(ranks) != list(range(1, len(ranks) + 1)):
        raise Invalid(
            _("Ranks run 1, 2, 3 … without a gap: use %(next)d for the next one.") % {"next": len(ranks)},
            field="rank",
        )


def check_deletable(severity: Severity) -> None:
    """Raises Refused when the severity is used, or when removing it leaves a gap."""
    if severity.incidents.exists() or severity.impact_rules.exists():
        raise Refused(
            "severity_in_use",
            _(
                "%(name)s is in use by incidents or the impact matrix, so it stays. Change its "
                "numbers instead."
            )
            % {"name": severity.name},
        )
    if Severity.objects.filter(rank__gt=severity.rank).exists():
        raise Refused("rank_gap", _("Only the last severity can be removed: ranks have no gaps."))


@dataclass(frozen=True)
class Suggestion:
    """What the impact matrix says, and why."""

    severity: Severity
    reason: str
    breakage: str
    reach: str


def suggest(breakage: str, reach: str) -> Suggestion:
    """The severity that the impact matrix suggests; "unsure" on an axis takes the worse neighbour.

    With one axis unsure that is the worst cell of the named row or column; with both, the worst cell
    that is not "data" (nobody loses data by being unsure), which is the middle row.

    Raises:
        Invalid: a word that is on neither axis, or an empty matrix.
    """
    rules = ImpactRule.objects.select_related("severity").order_by("severity__rank")
    if breakage != UNSURE:
        if breakage not in Breakage.values:
            raise Invalid(
                _("Say what is broken: one of %(words)s.") % {"words": ", ".join(Breakage.values)},
                field="breakage",
            )
        rules = rules.filter(breakage=breakage)
    if reach != UNSURE:
        if reach not in Reach.values:
            raise Invalid(
                _("Say who feels it: one of %(words)s.") % {"words": ", ".join(Reach.values)}, field="reach"
            )
        rules = rules.filter(reach=reach)
    if breakage == UNSURE:
        rules = rules.exclude(breakage=Breakage.DATA)
    if breakage == reach == UNSURE:
        rules = rules.filter(breakage=Breakage.MAJOR)
    rule = rules.first()
    if rule is None:
        raise Invalid(_("The impact matrix has no such cell. An admin can add it."))
    return Suggestion(rule.severity, _reason(rule, breakage, reach), breakage, reach)


def _reason(rule: ImpactRule, breakage: str, reach: str) -> str:
    words = _("The matrix suggests %(severity)s: %(breakage)s, %(reach)s.") % {
        "severity": rule.severity.name,
        "breakage": rule.get_breakage_display(),
        "reach": rule.get_reach_display(),
    }
    unsure = UNSURE in (breakage, reach)
    return f"{words} {_('Where you were not sure it takes the worse neighbour.')}" if unsure else words


def from_signal(word: str, service: Service | None = None) -> Severity:
    """The severity that a signal's own word suggests; else the service's default; else SEV2."""
    return at_rank(rank_of(word, service))


def rank_of(word: str, service: Service | None = None, *, default: int = _DEFAULT_RANK) -> int:
    """The rank that a signal's own word means; else the service's default, else ``default``."""
    rank = _SIGNAL_RANKS.get(word.strip().lower())
    if rank is None:
        rank = (service.default_severity_rank if service else None) or default
    return rank


def at_rank(rank: int, known: Sequence[Severity] | None = None) -> Severity:
    """The severity of that rank, or the mildest there is; out of ``known`` rows if they were read."""
    if known is None:
        found = Severity.objects.filter(rank__lte=rank).order_by("-rank").first()
    else:
        found = max((one for one in known if one.rank <= rank), key=lambda one: one.rank, default=None)
    if found is None:
        raise Refused("no_severities", _("There is no severity matrix yet. An admin has to add it first."))
    return found


def named(name: str) -> Severity:
    """The severity of that name, in any case.

    Raises:
        Invalid: there is none; the sentence lists those there are.
    """
    found = Severity.objects.filter(name__iexact=name.strip()).first()
    if found is None:
        names = ", ".join(Severity.objects.values_list("name", flat=True))
        raise Invalid(
            _("There is no severity %(name)s. Use one of %(names)s.") % {"name": name, "names": names},
            field="severity",
        )
    return found


def expectations(severity: Severity) -> dict[str, Any]:
    """What this severity will ask of people, for the declare form: clocks by kind."""
    policy = read(severity)
    return {
        str(kind): policy.span(kind)
        for kind in DeadlineKind
        if kind != DeadlineKind.HAND_OVER and policy.span(kind)
    }
