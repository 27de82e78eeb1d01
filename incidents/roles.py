"""The chairs: who commands, who digs, who speaks; and that the commander does not debug."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.text import get_text_list
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import responders
from accounts.actors import Actor
from accounts.models import User
from incidents import timeline
from incidents.kinds import INCIDENT_COMMANDER, DeadlineKind, EventKind
from incidents.membership import welcome
from incidents.models import Incident, IncidentMember, Role, RoleHolding
from incidents.policy import Policy, may_hold_together
from incidents.severity import policy_of
from lib.refusal import Invalid, Refused
from lib.text import clean

MAX_BRIEF = 500


def holders(incident: Incident) -> dict[str, User]:
    """Who sits in which chair now, by the role's slug."""
    return holders_of([incident])[incident.pk]


def holders_of(incidents: Iterable[Incident]) -> dict[int, dict[str, User]]:
    """The same for many incidents, by their ids, in one statement."""
    found: dict[int, dict[str, User]] = {incident.pk: {} for incident in incidents}
    held = RoleHolding.objects.filter(incident__in=list(found), until=None).select_related("role", "user")
    for holding in held:
        found[holding.incident_id][holding.role.slug] = holding.user
    return found


def take(
    incident_id: int,
    *,
    actor: Actor,
    role_slug: str,
    user_id: int | None = None,
    brief: str = "",
    break_glass: str = "",
) -> Incident:
    """Give a chair to somebody (by default to the actor); whoever had it is relieved.

    ``break_glass`` is "I am alone" by another door: help is asked for, and to hand over every 15 minutes.

    Raises:
        Refused: ``separation``, where this severity keeps the roles apart and no glass is broken.
    """
    with timeline.locked(incident_id, actor=actor, verb="role") as incident:
        role = role_named(role_slug)
        user = who_may_sit(user_id, actor)
        held = set(_roles_of(incident, user)) | {role.slug}
        forbidden = not may_hold_together(policy_of(incident), held)
        already = _glass_broken(incident, user)
        if not break_glass.strip():
            refuse_together(incident, user, role)
        breaks = forbidden and not already
        if breaks:
            _break(incident, actor, user, held, clean(break_glass, 300), is_alone=True)
        _seat(incident, actor, role, user, clean(brief, MAX_BRIEF, field="brief"), forbidden)
        if breaks:
            _call_for_help(incident, actor, user)
    return incident


def alone(
    incident_id: int, *, actor: Actor, role_slug: str = INCIDENT_COMMANDER, reason: str = ""
) -> Incident:
    """ "I am alone": one button that takes the chair, lifts hands-off for this person and asks for help.

    Asked every 15 minutes to hand a chair over until a second person takes one (clock ``hand_over``).
    """
    with timeline.locked(incident_id, actor=actor, verb="role") as incident:
        role = role_named(role_slug)
        user = who_may_sit(None, actor)
        if _asked_just_now(incident, user, role):
            return incident  # A second tap wakes nobody a second time.
        held = set(_roles_of(incident, user)) | {role.slug}
        _break(incident, actor, user, held, clean(reason, 300) or _("alone"), is_alone=True)
        if not incident.holdings.filter(user=user, role=role, until=None).exists():
            _seat(incident, actor, role, user, "", True)
        _call_for_help(incident, actor, user)
    return incident


def _asked_just_now(incident: Incident, user: User, role: Role) -> bool:
    """Does this person sit there alone already, with the first question to hand over still to come?"""
    sits = incident.holdings.filter(user=user, role=role, until=None, is_glass_broken=True).exists()
    asked = incident.deadlines.filter(kind=DeadlineKind.HAND_OVER, stopped_at=None, missed_at=None)
    return sits and asked.exists()


def _call_for_help(incident: Incident, actor: Actor, user: User) -> None:
    timeline.record(
        incident,
        EventKind.PAGE_ASKED,
        actor=actor,
        text=_("%(name)s is alone and needs help.") % {"name": user},
        target_kind="next_step",
    )


def leave(incident_id: int, *, actor: Actor, role_slug: str) -> Incident:
    """Step down from a chair; where it must be held, the ``roles`` clock starts."""
    with timeline.locked(incident_id, actor=actor, verb="role") as incident:
        role = role_named(role_slug)
        holding = incident.holdings.filter(role=role, until=None).select_related("user").first()
        if holding is None:
            raise Refused("chair_empty", _("Nobody holds %(role)s.") % {"role": role.name})
        RoleHolding.objects.filter(pk=holding.pk).update(until=now())
        starts = "roles" if role.slug in policy_of(incident).required_roles and incident.declared_at else ""
        timeline.record(
            incident,
            EventKind.ROLE_LEFT,
            actor=actor,
            role=role.slug,
            role_name=role.name,
            user=holding.user_id,
            user_name=str(holding.user),
            starts=starts,
        )
    return incident


def settle(incident: Incident, *, actor: Actor, why: str) -> None:
    """After a raise, a reopening, a merge or a new matrix: whoever now holds what is forbidden breaks glass.

    Never refuses: the change stands, the timeline says so, and the chairs' clock starts.
    """
    policy = policy_of(incident)
    for user in {holding.user for holding in incident.holdings.filter(until=None).select_related("user")}:
        held = set(_roles_of(incident, user))
        if not may_hold_together(policy, held) and not _glass_broken(incident, user):
            _break(incident, actor, user, held, why, starts="roles")


def may_run_mitigations(incident: Incident, user: User) -> bool:
    """At a severity with hands-off the commander runs none himself, unless he broke the glass."""
    if not policy_of(incident).hands_off:
        return True
    commands = incident.holdings.filter(user=user, role__slug=INCIDENT_COMMANDER, until=None)
    return not commands.filter(is_glass_broken=False).exists()


def refuse_hands_on(incident: Incident, user: User) -> None:
    """Raises Refused ``hands_off`` where the commander would run or log his own mitigation."""
    if not may_run_mitigations(incident, user):
        raise Refused(
            "hands_off",
            _(
                "At %(severity)s the Incident Commander keeps hands off the keyboard. Ask the "
                "Technical Lead, or hand over command."
            )
            % {"severity": incident.severity.name},
        )


def refuse_together(incident: Incident, user: User, role: Role) -> None:
    """Raises Refused ``separation`` where this chair and what the person holds are kept apart."""
    held, policy = set(_roles_of(incident, user)) | {role.slug}, policy_of(incident)
    if not may_hold_together(policy, held) and not _glass_broken(incident, user):
        raise Refused("separation", _separation(policy, user, held))


def role_named(slug: str) -> Role:
    """Raises Invalid, with the names that there are."""
    role = Role.objects.filter(slug=slug).first()
    if role is None:
        names = ", ".join(Role.objects.values_list("slug", flat=True))
        raise Invalid(
            _("There is no role %(slug)s. Use one of %(names)s.") % {"slug": slug, "names": names},
            field="role",
        )
    return role


def who_may_sit(user_id: int | None, actor: Actor) -> User:
    """Somebody by key, else the actor.

    Raises:
        Invalid: nobody, or switched off. Refused: ``not_a_responder``.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first() if user_id else actor.user
    if user is None:
        raise Invalid(_("There is no such person, or the account is switched off."), field="user")
    return responders.check(user)


def _roles_of(incident: Incident, user: User) -> list[str]:
    return list(incident.holdings.filter(user=user, until=None).values_list("role__slug", flat=True))


def _glass_broken(incident: Incident, user: User) -> bool:
    return incident.holdings.filter(user=user, until=None, is_glass_broken=True).exists()


def _separation(policy: Policy, user: User, held: set[str]) -> str:
    names = get_text_list(list(Role.objects.filter(slug__in=held).values_list("name", flat=True)), _("and"))
    return _(
        "At %(severity)s one person may not be %(roles)s at once. "
        "Ask somebody else, or say that %(name)s is alone."
    ) % {"severity": policy.name, "roles": names, "name": user}


def _break(
    incident: Incident,
    actor: Actor,
    user: User,
    held: set[str],
    reason: str,
    *,
    is_alone: bool = False,
    starts: str = "",
) -> None:
    incident.holdings.filter(user=user, until=None).update(is_glass_broken=True)
    timeline.record(
        incident,
        EventKind.BREAK_GLASS,
        actor=actor,
        text=reason,
        user=user.pk,
        user_name=str(user),
        roles=",".join(sorted(held)),
        alone=is_alone,
        starts="hand_over" if is_alone else starts,
    )


def _end_offers(incident: Incident, role: Role, user: User, at: datetime) -> None:
    """The chair is taken; and who sits now offers no more what this severity keeps apart from it."""
    running = incident.chair_offers.running()
    running.filter(role=role).end(at)
    held, policy = set(_roles_of(incident, user)), policy_of(incident)
    for offer in running.filter(user=user).select_related("role"):
        if not may_hold_together(policy, held | {offer.role.slug}):
            running.filter(pk=offer.pk).end(at)


@transaction.atomic
def _seat(incident: Incident, actor: Actor, role: Role, user: User, brief: str, glass: bool) -> None:
    sitting = incident.holdings.filter(role=role, until=None).select_related("user").first()
    if sitting and sitting.user_id == user.pk:
        raise Refused("already_holds", _("%(name)s already is %(role)s.") % {"name": user, "role": role.name})
    at = now()
    if sitting:
        RoleHolding.objects.filter(pk=sitting.pk).update(until=at)
    glass = glass or _glass_broken(incident, user)
    RoleHolding.objects.create(
        incident=incident, role=role, user=user, since=at, brief=brief, is_glass_broken=glass
    )
    welcome(incident, user, IncidentMember.Why.ROLE)
    _end_offers(incident, role, user, at)
    timeline.record(
        incident,
        EventKind.ROLE_TAKEN,
        actor=actor,
        text=brief,
        role=role.slug,
        role_name=role.name,
        user=user.pk,
        user_name=str(user),
        previous=sitting.user_id if sitting else None,
        previous_name=str(sitting.user) if sitting else "",
    )
    # The one who was relieved may keep other chairs; whatever is forbidden now was forbidden before.
    settle(incident, actor=actor, why=_("chairs changed"))
