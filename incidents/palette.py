"""The command palette's list: every verb this person may use on this incident now, and where it is done.

Rooms above add theirs to `questions.ask.verbs` as they start. Nothing is decided here: what is offered asks
`permissions.may`, as the verb itself does under its lock.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from incidents import acknowledging, duties, offering, questions, room, runbooks
from incidents.doorways import DOORS
from incidents.kinds import INCIDENT_COMMANDER, OPEN, Status
from incidents.models import Incident, MitigationAttempt
from incidents.seen import Seen

#: What people type at 03:00 for what is called otherwise on the page; short forms among them.
WORDS: dict[str, str] = {
    "acknowledge": "ack on it mine seen answer stop paging",
    "declare": "start open real channel confirm",
    "severity": "sev sev1 sev2 sev3 raise lower worse priority level",
    "scope": "users affected impact share many services customers",
    "chair": "role hand over ic commander lead assign give comms tl reassign who",
    "take": "role chair ic tl volunteer lead command",
    "leave": "release quit role chair hand back",
    "volunteer": "i can help role chair free",
    "withdraw": "take back no longer role chair",
    "alone": "help break glass nobody else only me",
    "update": "comms tell team status post say internal",
    "snooze": "later postpone delay defer",
    "note": "cause root action comment write log remember",
    "mitigate": "stopped hurt fixed stable",
    "resolve": "end done over finish fixed",
    "reopen": "again back broken undo",
    "close": "end finish archive final",
    "dismiss": "false alarm noise cancel nothing",
    "details": "title rename edit start of impact ticket call bridge",
    "correct": "wrong time event edit fix",
    "redact": "secret password remove delete blank hide",
    "merge": "duplicate same join",
    "link": "parent child related cause",
    "try": "mitigation rollback restart failover flag run fix",
    "outcome": "mitigation result helped failed worse",
    "task": "todo follow-up action item",
    "task-end": "todo tick finish task",
    "task-give": "todo mine assign task",
    "step": "runbook tick box checklist",
    "people": "member invite access person",
    "make-private": "security hide secret hr",
    "make-public": "unhide everybody visible",
    "end-drill": "stop exercise practice finish",
    "follow": "subscribe watch notify updates",
    "unfollow": "unsubscribe mute stop following",
    "export": "download paper pdf markdown print file",
    "recap": "short summary tldr brief handover",
    "runbook": "runbook book steps how guide playbook",
}
#: Lies folded in the room, and yet needs no words.
_WORDLESS = ("follow", "unfollow")
#: Their answer is the live part, which starts with the poll.
_TICKS = ("step", "task-end", "task-give")
#: Asked once more: they call people out of bed, break a rule's glass, or cannot be taken back.
_CONFIRM = {
    "close": gettext_lazy("Closed is final: what comes back becomes a new incident."),
    "alone": gettext_lazy("Breaks the glass: you take the chair, and help is called."),
    "leave": gettext_lazy("The chair is empty then."),
}


@dataclass(frozen=True)
class Offer:
    """One line of the palette: a form to lead to, or an address that needs no words.

    ``right`` is what `permissions.may` is asked; empty: whoever may read. ``target`` is the id of the form
    (or its field) on the room's page; ``href`` is where to go when the page has it not. ``post`` is sent with
    ``fields`` as it is, and its answer takes the place of the element ``into``.
    """

    verb: str
    label: str
    right: str = ""
    words: str = ""
    target: str = ""
    href: str = ""
    post: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    into: str = "room"
    confirm: str = ""


def of(incident: Incident, actor: Actor) -> list[dict[str, Any]]:
    """The list as the page reads it; the room's own verbs first."""
    found = [*_own(incident, actor)]
    found += [offer for ask in questions.ask.verbs for offer in ask(incident, actor)]
    may = {one.right: not one.right or offering.allows(actor, one.right, incident) for one in found}
    return [_shown(one) for one in found if may[one.right]]


def _shown(one: Offer) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "right"}


def _words(name: str, more: str = "") -> str:
    return " ".join(dict.fromkeys(f"{name.replace('-', ' ')} {WORDS[name]} {more}".split()))


def _lead(incident: Incident, name: str, label: Any = "", target: str = "") -> Offer:
    """To a form of the room."""
    target = target or f"do-{name}"
    return Offer(
        verb=name,
        label=str(label or DOORS[name].button),
        right=offering.right(name),
        words=_words(name),
        target=target,
        href=f"{incident.get_absolute_url()}#{target}",
    )


def _press(incident: Incident, name: str, label: Any = "", words: str = "", **fields: Any) -> Offer:
    """Done at once: the door needs no words."""
    return Offer(
        verb=name,
        label=str(label or DOORS[name].button),
        right=offering.right(name),
        words=_words(name, words),
        post=reverse("incidents:say", args=[incident.number, name]),
        fields={key: str(value) for key, value in fields.items()},
        into="poll" if name in _TICKS else "room",
        confirm=str(_CONFIRM.get(name, "")),
    )


def _own(incident: Incident, actor: Actor) -> Iterator[Offer]:
    seen = Seen(incident)
    if acknowledging.is_useful(incident, actor):
        yield _press(incident, "acknowledge")
    if incident.status not in (Status.CLOSED, Status.DISMISSED, Status.MERGED):
        yield _lead(incident, "update", _("Write an update"), "update-text")
    if incident.is_open:
        yield _lead(incident, "chair", _("Hand over or name somebody"))
    for name in offering.folded(incident, actor):
        yield _press(incident, name) if name in _WORDLESS else _lead(incident, name)
    yield from _chairs(seen, actor)
    yield from _tries(seen, actor)
    yield from _tasks(incident, actor)
    yield from _steps(incident)
    if incident.status == Status.RESOLVED and duties.owed(incident) is None:
        yield _press(incident, "close")
    yield from _papers(incident)


def _chairs(seen: Seen, actor: Actor) -> Iterator[Offer]:
    """Take, step down, offer, withdraw and seat, for each chair that the room shows."""
    incident, me = seen.incident, actor.user
    if not incident.is_open:
        return
    for chair in room.chairs(incident, seen):
        name, slug = chair.role.name, chair.role.slug
        if chair.holder is None:
            command = slug == INCIDENT_COMMANDER
            label = _("Take command") if command else _("Take %(role)s") % {"role": name}
            yield _press(incident, "take", label, slug.replace("_", " "), role=slug)
        elif chair.holder == me:
            yield _press(incident, "leave", _("Step down: %(role)s") % {"role": name}, role=slug)
        if me in chair.offers:
            label = _("Withdraw my offer: %(role)s") % {"role": name}
            yield _press(incident, "withdraw", label, role=slug, user="")
        for one in chair.offers:
            label = _("Seat %(who)s: %(role)s") % {"who": one, "role": name}
            yield _press(incident, "chair", label, "offer volunteer", role=slug, user=one.pk)
        if chair.holder != me and chair.is_required:
            yield _press(incident, "alone", _("I am alone: %(role)s") % {"role": name}, role=slug)


def _tries(seen: Seen, actor: Actor) -> Iterator[Offer]:
    incident = seen.incident
    if not incident.is_open:
        return
    outcomes = [one for one in MitigationAttempt.Outcome.choices if one[0] != "started"]
    for attempt in seen.attempts:
        if attempt.ended_at is None:
            for value, label in outcomes:
                said = _("%(what)s: %(outcome)s") % {"what": attempt.mitigation.name, "outcome": label}
                yield _press(incident, "outcome", said, attempt=attempt.pk, outcome=value)
    for one in room.remedies(seen):
        if one.running is None:
            start = _("Start: %(what)s") % {"what": one.mitigation.name}
            yield _lead(incident, "try", start, f"by-{one.mitigation.pk}")


def _tasks(incident: Incident, actor: Actor) -> Iterator[Offer]:
    yield _lead(incident, "task")
    for one in incident.tasks.filter(ended_at=None):
        done = _("Done: %(what)s") % {"what": one.text}
        yield _press(incident, "task-end", done, task=one.pk, outcome="done")
        dropped = _("Not needed: %(what)s") % {"what": one.text}
        yield _press(incident, "task-end", dropped, "drop", task=one.pk, outcome="dropped")
        if actor.user is not None and one.owner_id != actor.user.pk:
            mine = _("I take it: %(what)s") % {"what": one.text}
            yield _press(incident, "task-give", mine, task=one.pk, owner=actor.user.pk)


def _steps(incident: Incident) -> Iterator[Offer]:
    """The next box of each open runbook, and the book itself."""
    if incident.status not in (*OPEN, Status.RESOLVED):
        return
    for book in runbooks.opened(incident):
        target = f"runbook-{book.runbook.pk}"
        yield Offer(
            verb="runbook",
            label=_("Open the runbook: %(title)s") % {"title": book.runbook.title},
            words=WORDS["runbook"],
            target=target,
            href=f"{incident.get_absolute_url()}#{target}",
        )
        ahead = next((line.block.step for line in book.steps if line.tick is None), None)
        if ahead:
            label = _("Tick: %(step)s") % {"step": ahead.text}
            yield _press(incident, "step", label, runbook=book.runbook.pk, step=ahead.key, done=1)


def _papers(incident: Incident) -> Iterator[Offer]:
    for shape, name in (("pdf", "PDF"), ("md", "Markdown")):
        yield Offer(
            verb="export",
            label=_("Download the room as %(shape)s") % {"shape": name},
            words=WORDS["export"],
            href=reverse("incidents:document", args=[incident.number, shape]),
        )
    yield Offer(
        verb="recap",
        label=_("In short"),
        words=WORDS["recap"],
        href=reverse("incidents:in_short", args=[incident.number]),
    )
