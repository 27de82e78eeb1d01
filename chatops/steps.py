"""Runbooks by chat: their steps with who ticked them, and ticking them."""

import re

from django.utils.translation import gettext as _

from catalog.models import Runbook
from chatops import telling, words
from chatops.asked import Asked
from chatops.blocks import Rich, Sheet, button, cut, section
from incidents import runbooks
from incidents.kinds import OPEN, Status
from incidents.models import Incident
from incidents.runbooks import Line, Open
from lib.refusal import Invalid, Missing
from notifications.channels.slack import escape

_NAME = "runbook"
_WORDS = {"done": True, "tick": True, "undo": False, "untick": False}
#: As a button says it: the runbook's id and the key of the step.
_KEY = re.compile(r"^(\d{1,15}):([\w-]{1,40})\Z")
#: As people say it: the third step of the first runbook.
_PLACE = re.compile(r"^(?:(\d{1,2})\.)?(\d{1,3})\Z")


def runbook(asked: Asked) -> Rich:
    """``runbook``, ``runbook done 1.3``, ``runbook undo 1.3``: the steps afterwards.

    Raises:
        Missing: no such step. Invalid: the words are not understood. Refused: what the verb refuses.
    """
    first, rest = words.first_word(asked.words)
    incident = asked.incident
    if first.lower() in _WORDS:
        runbook_id, step = _which(incident, rest)
        runbooks.tick(
            incident.pk,
            actor=asked.actor,
            runbook_id=runbook_id,
            step=step,
            is_done=_WORDS[first.lower()],
        )
    elif first:
        raise Invalid(_("Say “runbook”, “runbook done 1.3” or “runbook undo 1.3”."), field="text")
    return _list(incident)


def _which(incident: Incident, typed: str) -> tuple[int, str]:
    if key := _KEY.match(typed):
        return int(key[1]), key[2]
    place = _PLACE.match(typed)
    if place is None:
        raise Invalid(_("Say which step, as in “runbook done 1.3”."), field="text")
    opened = runbooks.opened(incident)
    book, step = int(place[1] or 1) - 1, int(place[2]) - 1
    steps = opened[book].steps if 0 <= book < len(opened) else []
    found = steps[step].block.step if 0 <= step < len(steps) else None
    if found is None:
        raise Missing(_("No runbook has such a step. “runbook” lists them."))
    return opened[book].runbook.pk, found.key


def _list(incident: Incident) -> Rich:
    opened = runbooks.opened(incident)
    links = _links(incident, opened)
    head = telling.head(incident)
    sheet = Sheet(head if opened or links else f"{head}\n{_('No service of this incident has a runbook.')}")
    if links:
        sheet.add(section("\n".join(links)))
    may_tick = incident.status in (*OPEN, Status.RESOLVED)
    for place, one in enumerate(opened, start=1):
        done = _("%(done)d of %(count)d done") % {"done": one.done, "count": one.count}
        sheet.add(section(f"*{place}. {cut(one.runbook.title, 200)}* {done}"))
        for number, line in enumerate(one.steps, start=1):
            sheet.add(_step(incident, one, f"{place}.{number}", line, may_tick=may_tick))
    return sheet.done(incident)


def _step(incident: Incident, one: Open, place: str, line: Line, *, may_tick: bool) -> dict[str, object]:
    step, tick = line.block.step, line.tick
    assert step is not None
    mark = "☑" if tick else "☐"
    text = f"{mark} {place} {cut(step.text, 1_000)}"
    if tick:
        text += f" _{cut(tick.by, 100)} {incident.team.local(tick.at):%H:%M}_"
    label, word = (_("Undo"), "undo") if tick else (_("Done"), "done")
    does = button(label, _NAME, incident.number, f"{word} {one.runbook.pk}:{step.key}")
    return section(text, does if may_tick else None)


def _links(incident: Incident, opened: list[Open]) -> list[str]:
    """Runbooks without boxes are links: to their page here, or to where they are kept."""
    shown = {one.runbook.pk for one in opened}
    rows = Runbook.objects.filter(service__in=incident.service_rows.values("service")).exclude(pk__in=shown)
    found = [(row.url or incident.url, row.title) for row in rows[:5]]
    if incident.service.runbook_url:
        found.insert(0, (incident.service.runbook_url, _("Runbook")))
    return [f"<{escape(url).replace('|', '%7C')}|{cut(title, 150)}>" for url, title in found]
