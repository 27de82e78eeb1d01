"""Tasks of the room by chat: list, add with an owner, give to somebody, end."""

import re
from dataclasses import replace

from django.utils.translation import gettext as _

from chatops import people, telling, words
from chatops.asked import Asked
from chatops.blocks import Rich, Sheet, button, section
from incidents import todos
from incidents.models import Incident, IncidentTask
from notifications.channels.slack import escape

_END = re.compile(r"^(done|drop)\s+#?(\d{1,12})\Z", re.IGNORECASE)
_GIVE = re.compile(r"^give\s+#?(\d{1,12})(?:\s+(\S+))?\Z", re.IGNORECASE)
_SHOWN = 20


def task(asked: Asked) -> Rich:
    """``task``, ``task [@user] <text>``, ``task give 12 @bob``, ``task done 12``: what is open afterwards."""
    incident, actor = asked.incident, asked.actor
    if ended := _END.match(asked.words.strip()):
        outcome = todos.Outcome.DONE if ended[1].lower() == "done" else todos.Outcome.DROPPED
        todos.end(incident.pk, actor=actor, task_id=int(ended[2]), outcome=outcome)
    elif given := _GIVE.match(asked.words.strip()):
        # Without a name it is nobody's again.
        whose = people.meant(asked.team_id, given[2], asked.user).pk if given[2] else None
        todos.give(incident.pk, actor=actor, task_id=int(given[1]), owner_id=whose)
    elif asked.words.strip():
        first, rest = words.first_word(asked.words)
        owner = people.meant(asked.team_id, first, asked.user) if people.looks_like_one(first) else None
        text = replace(asked, words=rest).text if owner else asked.text
        todos.add(incident.pk, actor=actor, text=text, owner_id=owner.pk if owner else None)
    return _open(incident)


def _open(incident: Incident) -> Rich:
    rows = incident.tasks.filter(outcome=IncidentTask.Outcome.OPEN).select_related("owner").order_by("pk")
    lines = [
        f"#{row.pk} {escape(row.text)} ({escape(str(row.owner)) if row.owner else _('nobody yet')})"
        for row in rows
    ]
    told = [telling.head(incident), *(lines[:_SHOWN] or [_("No task is open.")])]
    if len(lines) > _SHOWN:
        told.append(_("and %(count)d more in the room") % {"count": len(lines) - _SHOWN})
    sheet = Sheet(telling.head(incident) if lines else "\n".join(told))
    for row, line in zip(rows, lines, strict=True):
        sheet.add(section(line, button(_("Done"), "task", incident.number, f"done {row.pk}")))
    return Rich("\n".join(told), sheet.done(incident).blocks)
