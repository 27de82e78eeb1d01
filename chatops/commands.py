"""The commands of chat: one row each, and each says the same verb as the button of the room."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Service
from chatops import (
    chairs,
    circle,
    duty,
    forms,
    modals,
    people,
    public,
    reach,
    remedies,
    rewriting,
    steps,
    telling,
    todo,
    words,
)
from chatops.asked import Asked
from chatops.blocks import Rich
from chatops.places import is_room
from incidents import acknowledging, lifecycle, notes, severity
from incidents.models import Incident, Severity
from lib.refusal import Invalid, Missing, Refused
from lib.text import clean
from notifications.channels.slack import escape
from oncall import reacting

#: Commands without a text of their own.
_WORDLESS = {"ack", "close", "details", "draft", "escalate", "list", "mitigation", "people", "recap"}
_WORDLESS |= {"follow", "runbook", "status", "timeline", "unfollow", "who"}
_LISTED = 20


@dataclass(frozen=True)
class Command:
    """A row: how it is typed, what it does, the function that says it, and which verbs of the room these are.

    ``form`` is the verb whose form opens when the command is typed without words.
    """

    usage: str
    about: Any
    say: Callable[[Asked], str | Rich]
    verbs: tuple[str, ...] = ()
    form: str = ""


def run(asked: Asked) -> str | Rich:
    """Say one command; the answer is for the asker alone.

    Raises:
        Refused: the verb says no, or the words are not understood.
    """
    clean(asked.words)
    first, rest = words.first_word(asked.words)
    if (number := words.reference(first)) is not None:
        asked = replace(asked, number=number)
        first, rest = words.first_word(rest)
    command = COMMANDS.get(first.lower() or "help")
    if command is None:
        raise Invalid(
            _("There is no command “%(word)s”. “%(name)s help” lists them.")
            % {"word": first[:40], "name": asked.name}
        )
    asked = _named(replace(asked, words=rest), first.lower())
    if command.form and asked.trigger_id and not asked.words.strip():
        return forms.ask(asked, command.form)
    return command.say(asked)


def _named(asked: Asked, verb: str) -> Asked:
    """``ack INC-41``: the number after the verb, unless it begins a text of the channel's own incident."""
    first, rest = words.first_word(asked.words)
    number = words.reference(first)
    if number is None or asked.number is not None:
        return asked
    is_text = bool(rest) if verb == "declare" else verb not in _WORDLESS and is_room(asked.place)
    return asked if is_text else replace(asked, number=number, words=rest)


def _declare(asked: Asked) -> str:
    if not asked.words and asked.number is None and asked.trigger_id:
        modals.ask_to_declare(asked.user, asked.trigger_id)
        return _("The form is open. Or type it: “%(name)s declare sev2 What is wrong”.") % {
            "name": asked.name
        }
    if asked.number is not None and not asked.words:
        incident = lifecycle.declare(asked.incident.pk, actor=asked.actor)
    else:
        title, chosen = _severity_first(asked.text)
        title, named = _service_first(title)
        service = named or _service_in(title)
        incident = lifecycle.open_incident(
            title=title, actor=asked.actor, service_ids=[service.pk], severity=chosen, declare=True
        )
    return telling.declared(incident)


def _severity_first(title: str) -> tuple[str, Severity | None]:
    """``sev1 Checkout is down`` names the severity; else the service's default counts."""
    first, rest = words.first_word(title)
    chosen = Severity.objects.filter(name__iexact=first).first() if rest else None
    return (rest, chosen) if chosen else (title, None)


_NAMED = re.compile(r"(?:^|\s)service=(?P<name>\S+)", re.IGNORECASE)


def _service_first(title: str) -> tuple[str, Service | None]:
    """``checkout: Error rate 34 %`` or ``service=checkout`` names the service, and is no part of the title.

    Raises:
        Missing: ``service=`` with a name that no service has.
    """
    if found := _NAMED.search(title):
        service = _service(found["name"])
        if service is None:
            raise Missing(_("There is no service “%(name)s”.") % {"name": found["name"][:80]})
        return (title[: found.start()] + title[found.end() :]).strip(), service
    head, colon, rest = title.partition(":")
    service = _service(head) if colon and rest.strip() else None
    return (rest.strip(), service) if service else (title, None)


def _service(name: str) -> Service | None:
    active, word = Service.objects.filter(is_active=True), name.strip()
    return active.filter(slug=word.lower()).first() or active.filter(name__iexact=word).first()


def _service_in(title: str) -> Service:
    """The one service that the title names, the longest name first; else the catch-all.

    Raises:
        Refused: the title names none and there is no catch-all.
    """
    services = Service.objects.filter(is_active=True)
    by_name = {word.lower(): one for one in services for word in (one.slug, one.name)}
    for word in sorted(by_name, key=len, reverse=True):
        if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", title.lower()):
            return by_name[word]
    rest = services.filter(is_catch_all=True).first()
    if rest is None:
        raise Refused("no_service", _("Name the service in the title: Tocsin knows no other place for it."))
    return rest


def _acknowledge(asked: Asked) -> str:
    said = acknowledging.acknowledge(asked.incident.pk, actor=asked.actor)
    words = _("Acknowledged %(head)s") if said.is_new else _("You have acknowledged this already: %(head)s")
    head = words % {"head": telling.head(said.incident)}
    return "\n".join(part for part in (head, escape(said.rest)) if part)


def _severity(asked: Asked) -> str:
    name, reason = words.first_word(asked.text)
    chosen = severity.named(name)
    incident = lifecycle.set_severity(asked.incident.pk, actor=asked.actor, severity=chosen, reason=reason)
    return _("Changed: %(head)s") % {"head": telling.head(incident)}


def _update(asked: Asked) -> str:
    incident = lifecycle.post_update(asked.incident.pk, actor=asked.actor, text=asked.text)
    said = _("Update posted on %(link)s.") % {"link": telling.link(incident)}
    return "\n".join([said, *telling.hints(asked.text)])


def _mitigate(asked: Asked) -> str:
    incident = lifecycle.mitigate(asked.incident.pk, actor=asked.actor, text=asked.text)
    return _("Users no longer hurt: %(head)s") % {"head": telling.head(incident)}


def _resolve(asked: Asked) -> str:
    incident = lifecycle.resolve(asked.incident.pk, actor=asked.actor, text=asked.text)
    owed = _(" A postmortem is owed.") if incident.has_postmortem_duty else ""
    return _("The cause is gone: %(head)s.") % {"head": telling.head(incident)} + owed


def _page(asked: Asked) -> str:
    target, reason = words.first_word(asked.words)
    if not target:
        raise Invalid(_("Say whom to page: an e-mail address, @name, or the name of a team or service."))
    if people.looks_like_one(target):
        target = people.meant(asked.team_id, target, asked.user).email
    reason = replace(asked, words=reason).text
    incident = reacting.page_somebody(asked.incident.pk, actor=asked.actor, target=target, reason=reason)
    return _("%(target)s is paged for %(link)s.") % {"target": escape(target), "link": telling.link(incident)}


def _reopen(asked: Asked) -> str:
    incident = lifecycle.reopen(asked.incident.pk, actor=asked.actor, reason=asked.text)
    return _("Reopened, every clock restarts: %(head)s") % {"head": telling.head(incident)}


def _close(asked: Asked) -> str:
    incident = lifecycle.close(asked.incident.pk, actor=asked.actor)
    return _("Closed: %(head)s") % {"head": telling.head(incident)}


def _dismiss(asked: Asked) -> str:
    incident = lifecycle.dismiss(asked.incident.pk, actor=asked.actor, reason=asked.text)
    return _("A false alarm: %(head)s") % {"head": telling.head(incident)}


def _note(asked: Asked, kind: str = "note") -> str:
    incident = notes.add_note(asked.incident.pk, actor=asked.actor, text=asked.text, kind=kind)
    return _("Noted on %(link)s.") % {"link": telling.link(incident)}


def _details(asked: Asked) -> str:
    """Only as a form: too much to type, and easily mistyped."""
    incident = asked.incident
    said = _("Type “details” alone: it opens a form. Or correct them in the room: %(url)s")
    raise Invalid(said % {"url": incident.url}, field="text")


def _status(asked: Asked) -> str:
    try:
        return telling.status(asked.incident)
    except Missing:
        if asked.number is not None:
            raise
        return _("No incident is open that you may see.")
    except Refused as several:
        if several.code != "which":
            raise
    return _list(asked)


def _list(asked: Asked) -> str:
    running = Incident.objects.visible_to(asked.user).open().select_related("severity")
    lines = [telling.head(one) for one in running.order_by("severity__rank", "-number")[:_LISTED]]
    more = running.count() - len(lines)
    if more > 0:
        lines.append(_("and %(count)d more: <%(url)s|all>") % {"count": more, "url": settings.BASE_URL})
    return "\n".join(lines) or _("No incident is open that you may see.")


def _help(asked: Asked) -> str:
    lines = [f"`{asked.name} {escape(row.usage)}` {row.about}" for row in COMMANDS.values()]
    where = _("In an incident's channel that incident is meant; elsewhere begin with its number, as in")
    return "\n".join([*lines, f"{where} `{asked.name} INC-41 ack`."])


_t = gettext_lazy
COMMANDS: dict[str, Command] = {
    "declare": Command(
        "declare [[sev2] [<service>:] <title>]",
        _t("opens the incident and its channel; alone it opens a form"),
        _declare,
        ("declare",),
    ),
    "list": Command("list", _t("what is open"), _list),
    "ack": Command("ack", _t("says that you are on it: your pages stop"), _acknowledge, ("acknowledge",)),
    "escalate": Command("escalate", _t("asks the next in line now"), circle.escalate),
    "hand": Command("hand @user", _t("somebody else is asked instead of you"), circle.hand),
    "sev": Command(
        "sev [<name> <reason>]", _t("changes the severity"), _severity, ("severity",), form="severity"
    ),
    "scope": Command(
        "scope [<users | share%> [note]]",
        _t("how many it hurts; the form also knows which services"),
        reach.scope,
        ("scope",),
        form="scope",
    ),
    "role": Command(
        "role [[take | hand | release] <role> [@user brief | alone]]",
        _t("takes a chair, hands it over, or steps down"),
        chairs.role,
        ("chair", "take", "leave", "alone"),
        form="chair",
    ),
    "volunteer": Command(
        "volunteer [off] <role>",
        _t("offers to take an empty chair, or no longer"),
        chairs.volunteer,
        ("volunteer", "withdraw"),
    ),
    "update": Command(
        "update [<text>]", _t("tells the team where things stand"), _update, ("update",), form="update"
    ),
    "snooze": Command(
        "snooze [[public] <10m> <reason>]",
        _t("puts the next update off, once"),
        reach.snooze,
        ("snooze",),
        form="snooze",
    ),
    "publish": Command(
        "publish [anyway (why)] [investigating | identified | monitoring | resolved] <text>",
        _t("tells the public"),
        public.publish,
    ),
    "draft": Command("draft", _t("shows what is drafted for the public"), public.draft),
    "nopublic": Command("nopublic <reason>", _t("no public notice is needed"), public.nothing),
    "mitigation": Command(
        "mitigation [try <number> [@user] | helped | failed | worse [<number>]]",
        _t("what may help and where it did before; that it is tried, and what came of it"),
        remedies.mitigation,
        ("try", "outcome"),
    ),
    "runbook": Command(
        "runbook [done <1.3> | undo <1.3>]",
        _t("the steps of the runbooks; ticks one"),
        steps.runbook,
        ("step",),
    ),
    "mitigate": Command("mitigate [text]", _t("users no longer hurt"), _mitigate, ("mitigate",)),
    "resolve": Command("resolve [text]", _t("the cause is gone"), _resolve, ("resolve",)),
    "reopen": Command("reopen <reason>", _t("users hurt again: every clock restarts"), _reopen, ("reopen",)),
    "dismiss": Command("dismiss <reason>", _t("a false alarm: it will not count"), _dismiss, ("dismiss",)),
    "merge": Command("merge INC-42", _t("this one is the same as that one"), reach.merge, ("merge",)),
    "link": Command(
        "link [parent] INC-42", _t("that one is related, or the cause of this one"), circle.link, ("link",)
    ),
    "private": Command(
        "private <reason>", _t("only its people know of it from now on"), reach.private, ("make-private",)
    ),
    "unprivate": Command(
        "unprivate <reason>", _t("everybody here may read it again"), circle.unprivate, ("make-public",)
    ),
    "people": Command(
        "people [@user]", _t("who belongs to it; lets one more in"), circle.let_in, ("people",)
    ),
    "follow": Command(
        "follow", _t("tells you of each update; it never pages you"), circle.follow, ("follow",)
    ),
    "unfollow": Command("unfollow", _t("no more updates"), circle.unfollow, ("unfollow",)),
    "enddrill": Command("enddrill <reason>", _t("ends a drill"), circle.end_drill, ("end-drill",)),
    "close": Command("close", _t("nothing is owed any more; final"), _close, ("close",)),
    "page": Command("page <target> <reason>", _t("wakes a person, a team or a service's on-call"), _page),
    "who": Command(
        "who [[<service or schedule>] at <03:00>]",
        _t("chairs, or who is on call; or who is paged then, and why"),
        duty.who,
    ),
    "status": Command("status", _t("where things stand"), _status),
    "recap": Command("recap", _t("the incident in a few sentences"), rewriting.in_short),
    "timeline": Command("timeline [<30>]", _t("the last events with their numbers"), rewriting.timeline),
    "correct": Command(
        "correct [<event> <14:05> <reason>]",
        _t("gives the right time of an event; the form also its words"),
        rewriting.correct,
        ("correct",),
        form="correct",
    ),
    "redact": Command(
        "redact [<event> <reason>]",
        _t("blanks the words of an event for good"),
        rewriting.redact,
        ("redact",),
        form="redact",
    ),
    "details": Command(
        "details",
        _t("opens a form for the title, the start of the impact and the links"),
        _details,
        ("details",),
        form="details",
    ),
    "note": Command("note <text>", _t("writes on the timeline"), _note, ("note",)),
    "cause": Command(
        "cause <text>", _t("the root cause is known"), lambda asked: _note(asked, "cause_identified")
    ),
    "did": Command("did <text>", _t("an action that was taken"), lambda asked: _note(asked, "action_taken")),
    "task": Command(
        "task [[@user] <text> | give <number> [@user] | done <number> | drop <number>]",
        _t("the open tasks; adds, gives or ends one"),
        todo.task,
        ("task", "task-give", "task-end"),
    ),
    "help": Command("help", _t("this list"), _help),
}
