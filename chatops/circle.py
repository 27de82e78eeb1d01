"""What is around an incident, by chat: its people, its relatives, its drill, its pages."""

from django.utils.translation import gettext as _

from chatops import people as persons
from chatops import telling, words
from chatops.asked import Asked
from chatops.blocks import cut
from chatops.reach import other
from incidents import merging, people, permissions
from incidents.models import Incident, IncidentMember
from lib.refusal import Invalid, Missing, Refused
from notifications.channels.slack import escape
from oncall import answering
from oncall.models import PageRun

_LISTED = 50


def let_in(asked: Asked) -> str:
    """``people``: who belongs to it. ``people @bob``: one more does.

    Raises:
        Invalid: nobody, or several, are called that.
    """
    typed, incident = asked.words.strip(), asked.incident
    if typed:
        user = persons.meant(asked.team_id, typed, asked.user)
        people.add(incident.pk, actor=asked.actor, user_id=user.pk)
    rows = IncidentMember.objects.belonging().filter(incident=incident).select_related("user")
    names = [escape(str(row.user)) for row in rows.order_by("since", "pk")[:_LISTED]]
    known = _("Its people: %(names)s.") % {"names": ", ".join(names) or _("nobody yet")}
    also = "" if incident.is_private else _(" It is not private: everybody here may read it.")
    return f"{telling.head(incident)}\n{known}{also}"


def unprivate(asked: Asked) -> str:
    """``unprivate <reason>``: everybody here may know of it from now on."""
    incident = people.make_public(asked.incident.pk, actor=asked.actor, reason=asked.text)
    return _("Everybody here may read %(link)s now.") % {"link": telling.link(incident)}


def follow(asked: Asked) -> str:
    """``follow``: told of each update, never paged for it."""
    incident = people.follow(asked.incident.pk, actor=asked.actor)
    return _("You are told of each update of %(link)s.") % {"link": telling.link(incident)}


def unfollow(asked: Asked) -> str:
    """``unfollow``: no more updates."""
    incident = people.unfollow(asked.incident.pk, actor=asked.actor)
    return _("You are told of no more updates of %(link)s.") % {"link": telling.link(incident)}


def end_drill(asked: Asked) -> str:
    """``enddrill <reason>``: the drill is over, where a real page needs its people."""
    incident = people.end_drill(asked.incident.pk, actor=asked.actor, reason=asked.text)
    return _("The drill is over: %(head)s") % {"head": telling.head(incident)}


def link(asked: Asked) -> str:
    """``link INC-42``: the two are related. ``link parent INC-42``: that one is the cause of this one.

    Raises:
        Missing: no such incident, or none that the person may see.
    """
    incident = asked.incident
    first, rest = words.first_word(asked.words)
    is_parent = first.lower() in ("parent", "cause")
    beside = other(
        asked, rest if first.lower() in ("parent", "cause", "related") else asked.words, "link INC-41"
    )
    if is_parent:
        merging.link(incident.pk, actor=asked.actor, parent=beside.pk)
        return _("%(other)s is the cause of %(one)s.") % _both(incident, beside)
    merging.link(incident.pk, actor=asked.actor, related=beside.pk)
    return _("%(one)s and %(other)s are related.") % _both(incident, beside)


def _both(incident: Incident, beside: Incident) -> dict[str, str]:
    return {"one": telling.link(incident), "other": telling.link(beside)}


def escalate(asked: Asked) -> str:
    """``escalate``: the next in line is asked now."""
    run = _run(asked)
    answering.escalate(run.pk, actor=asked.actor)
    return _("The next in line is asked now: %(link)s.") % {"link": telling.link(run.incident)}


def hand(asked: Asked) -> str:
    """``hand @bob``: somebody else is asked instead, at once."""
    if not persons.looks_like_one(asked.words.strip()):
        raise Invalid(_("Say to whom: “hand @bob”."), field="user")
    run = _run(asked)
    user = persons.meant(asked.team_id, asked.words.strip(), asked.user)
    answering.hand_to(run.pk, actor=asked.actor, user_id=user.pk)
    return _("%(name)s is asked now: %(link)s.") % {
        "name": cut(str(user), 100),
        "link": telling.link(run.incident),
    }


def _run(asked: Asked) -> PageRun:
    """The page that is meant: one that asks the asker, else the only one that runs, else the last.

    Raises:
        Missing: nobody was paged. Refused: ``which``, when several run and none asks the asker.
    """
    incident = asked.incident
    permissions.may(asked.actor, "page", incident)
    runs = PageRun.objects.filter(incident=incident).select_related("incident").order_by("-pk")
    running = runs.filter(status=PageRun.Status.RUNNING)
    mine = running.filter(pages__user=asked.user).first()
    if mine is not None:
        return mine
    if running.count() > 1:
        raise Refused("which", _("Several pages are running. Choose one in the room."))
    found = running.first() or runs.first()
    if found is None:
        raise Missing(_("Nobody was paged for it."))
    return found
