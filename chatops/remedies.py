"""The catalogue of mitigations by chat: what fits, what worked last time, who tries it, what came of it."""

from django.utils.translation import gettext as _

from chatops import people, telling, words
from chatops.asked import Asked
from chatops.blocks import Rich, Sheet, actions, button, cut, section
from incidents import mitigating, room
from incidents.models import Incident, MitigationAttempt
from incidents.room import Remedy
from incidents.seen import Seen
from lib.refusal import Invalid, Missing
from notifications.channels.slack import escape

Outcome = MitigationAttempt.Outcome
_NAME = "mitigation"
_TRY = ("try", "start", "tried")
#: What people say of the end, and the outcome that it is.
_ENDS = {
    **dict.fromkeys(("helped", "worked"), Outcome.HELPED),
    **dict.fromkeys(("failed", "useless", "did_not_help"), Outcome.DID_NOT_HELP),
    **dict.fromkeys(("worse", "made_worse"), Outcome.MADE_WORSE),
}
_BUTTONS = (
    ("helped", Outcome.HELPED, "primary"),
    ("failed", Outcome.DID_NOT_HELP, ""),
    ("worse", Outcome.MADE_WORSE, "danger"),
)
_LONGEST_COMMAND, _LONGEST_PART = 2_900, 600


def mitigation(asked: Asked) -> Rich:
    """``mitigation``, ``mitigation try 7 [@bob]``, ``mitigation helped 7``: the catalogue afterwards.

    Raises:
        Missing: no such mitigation. Invalid: it is not clear which one ended, or whose hand it was.
        Refused: ``hands_off``, and what else the verbs refuse.
    """
    first, rest = words.first_word(asked.words)
    word, said = first.lower(), ""
    incident = asked.incident
    if word in _TRY:
        said = _start(asked, incident, rest)
    elif word in _ENDS:
        said = _finish(asked, incident, _ENDS[word], rest)
    elif word:
        raise Invalid(_("Say “mitigation”, “mitigation try 7” or “mitigation helped 7”."), field="text")
    return _catalogue(incident, said)


def _start(asked: Asked, incident: Incident, typed: str) -> str:
    which, _space, rest = typed.rpartition(" ")
    is_by_other = people.looks_like_one(rest)
    # Slack is asked before the verb begins its transaction.
    by = people.meant(asked.team_id, rest, asked.user) if is_by_other else None
    found = _which(incident, which if is_by_other else typed)
    attempt = mitigating.start(
        incident.pk, actor=asked.actor, mitigation_id=found, by_id=by.pk if by else None
    )
    return _("%(name)s is being tried by %(who)s.") % {
        "name": cut(attempt.mitigation.name, 200),
        "who": cut(attempt.by_label, 100),
    }


def _which(incident: Incident, typed: str) -> int:
    """The id of a mitigation by ``7``, ``#7``, its short name or its name.

    Raises:
        Missing: none that fits this service is called so.
    """
    wanted = typed.strip().removeprefix("#").lower()
    if not wanted:
        raise Invalid(_("Say which one, as in “mitigation try 7”; “mitigation” lists them."), field="text")
    if wanted.isdecimal() and len(wanted) < 16:
        return int(wanted)
    for one in room.remedies(Seen(incident)):
        if wanted in (one.mitigation.slug, one.mitigation.name.lower()):
            return one.mitigation.pk
    raise Missing(_("No mitigation for this service is called “%(name)s”.") % {"name": typed.strip()[:80]})


def _finish(asked: Asked, incident: Incident, outcome: str, typed: str) -> str:
    running = incident.attempts.filter(ended_at=None)
    if typed.strip():
        running = running.filter(mitigation=_which(incident, typed))
    ids = list(running.values_list("pk", flat=True)[:2])
    if len(ids) > 1:
        raise Invalid(_("Several are being tried. Say which one, as in “mitigation helped 7”."), field="text")
    # Where none is running, the verb says so after it has asked who says it.
    attempt = mitigating.finish(
        incident.pk, actor=asked.actor, attempt_id=ids[0] if ids else 0, outcome=outcome
    )
    return f"{cut(attempt.mitigation.name, 200)}: {Outcome(attempt.outcome).label}."


def _catalogue(incident: Incident, said: str) -> Rich:
    listed = room.remedies(Seen(incident))
    head = "\n".join(part for part in (said, telling.head(incident)) if part)
    sheet = Sheet(head if listed else f"{head}\n{_('The catalogue has nothing for this service.')}")
    for one in listed:
        does = _does(incident, one)
        command = [section(_command(one.command))] if one.command else []
        sheet.add(section(_words(one)), *command, *([does] if does else []))
    return sheet.done(incident)


def _words(remedy: Remedy) -> str:
    """Its number and name, where it helped, its risk and the way back."""
    one = remedy.mitigation
    parts = [
        _("Helped in %(where)s.") % {"where": ", ".join(remedy.helped)} if remedy.helped else "",
        _("Risk: %(text)s") % {"text": cut(one.risk, _LONGEST_PART)} if one.risk else "",
        _("Undo: %(text)s") % {"text": cut(one.undo, _LONGEST_PART)} if one.undo else "",
    ]
    return f"*#{one.pk} {cut(one.name, 200)}* {' '.join(part for part in parts if part)}".strip()


def _command(command: str) -> str:
    # Whole or not at all: half a command must never be pasted.
    whole = escape(command)
    fits = len(whole) <= _LONGEST_COMMAND and "```" not in command
    return f"```{whole}```" if fits else _("Its command is in the room.")


def _does(incident: Incident, remedy: Remedy) -> dict[str, object] | None:
    pk, number = remedy.mitigation.pk, incident.number
    if remedy.running:
        elements = [
            button(str(outcome.label).capitalize(), _NAME, number, f"{word} {pk}", named=word, style=style)
            for word, outcome, style in _BUTTONS
        ]
        return actions(*elements)
    return actions(button(_("Tried it"), _NAME, number, f"try {pk}")) if incident.is_open else None
