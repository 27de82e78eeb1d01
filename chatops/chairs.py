"""The chairs by chat: take one, hand one over with a brief, step down, or say that one is alone."""

from dataclasses import replace

from django.utils.translation import gettext as _

from chatops import people, telling, words
from chatops.asked import Asked
from incidents import roles, volunteering
from incidents.models import Role
from lib.refusal import Invalid

#: What people call the chairs.
CHAIRS = {
    **dict.fromkeys(("ic", "commander", "command"), "incident_commander"),
    **dict.fromkeys(("tl", "tech", "tech_lead"), "technical_lead"),
    **dict.fromkeys(("comms", "cl"), "comms_lead"),
}
_HAND, _RELEASE = ("hand", "give"), ("release", "leave")


def role(asked: Asked) -> str:
    """``role ic``, ``role hand ic @bob brief``, ``role release ic``, ``role ic alone``."""
    typed = asked.words.split()
    how = typed[0].lower() if typed and typed[0].lower() in ("take", *_HAND, *_RELEASE) else ""
    typed = typed[1:] if how else typed
    at = next((n for n, word in enumerate(typed) if n and people.looks_like_one(word)), None)
    is_alone = at is None and len(typed) > 1 and typed[-1].lower() == "alone"
    slug = _chair(" ".join(typed[:-1] if is_alone else typed[:at]))
    incident, actor = asked.incident, asked.actor
    if how in _RELEASE:
        incident = roles.leave(incident.pk, actor=actor, role_slug=slug)
    elif is_alone:
        incident = roles.alone(incident.pk, actor=actor, role_slug=slug)
    else:
        if how in _HAND and at is None:
            raise Invalid(_("Say to whom: “role hand ic @bob”."), field="user")
        # Slack is asked before the verb begins its transaction.
        user = asked.user if at is None else people.meant(asked.team_id, typed[at], asked.user)
        brief = "" if at is None else replace(asked, words=" ".join(typed[at + 1 :])).text
        incident = roles.take(incident.pk, actor=actor, role_slug=slug, user_id=user.pk, brief=brief)
    return "\n".join([telling.head(incident), telling.who(incident)])


def volunteer(asked: Asked) -> str:
    """``volunteer comms``, ``volunteer off comms``: an offer, or no longer one."""
    first, rest = words.first_word(asked.words)
    is_off = first.lower() == "off"
    slug = _chair((rest if is_off else asked.words).strip())
    verb = volunteering.withdraw if is_off else volunteering.offer
    incident = verb(asked.incident.pk, actor=asked.actor, role_slug=slug)
    said = _("Withdrawn.") if is_off else _("Offered. Whoever commands sees it and can seat you.")
    return "\n".join([telling.head(incident), said])


def _chair(typed: str) -> str:
    """The slug of a chair by slug, name or what people call it; the verb refuses what is none."""
    if not typed:
        names = ", ".join(Role.objects.values_list("slug", flat=True))
        raise Invalid(_("Say which role: one of %(names)s.") % {"names": names}, field="role")
    wanted = _key(typed)
    found = {_key(word): row.slug for row in Role.objects.all() for word in (row.slug, row.name)}
    return found.get(wanted) or CHAIRS.get(wanted, typed[:40])


def _key(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")
