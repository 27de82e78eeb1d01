"""Tasks of the room by chat: list, add with an owner, end."""

import re
from dataclasses import replace

from django.utils.translation import gettext as _

from chatops import people, telling, words
from chatops.asked import Asked
from incidents import todos
from incidents.models import Incident, IncidentTask
from notifications.channels.slack import escape

_END = re.compile(r"^(done|drop)\s+#?(\d{1,12})\Z", re.IGNORECASE)
_SHOWN = 20


def task(asked: Asked) -> str:
    """``task``, ``task [@user] <text>``, ``task done 12``: the open tasks afterwards."""
    incident, actor = asked.incident, asked.actor
    if ended := _END.match(asked.words.strip()):
        outcome = todos.Outcome.DONE if ended[1].lower() == "done" else todos.Outcome.DROPPED
        todos.end(incident.pk, actor=actor, task_id=int(ended[2]), outcome=outcome)
    elif asked.words.strip():
        first, rest = words.first_word(asked.words)
        owner = people.meant(asked.team_id, first, asked.user) if people.looks_like_one(first) else None
        text = replace(asked, words=rest).text if owner else asked.text
        todos.add(incident.pk, actor=actor, text=text, owner_id=owner.pk if owner else None)
    return "\n".join([telling.head(incident), *_open(incident)])


def _open(incident: Incident) -> list[str]:
    rows = incident.tasks.filter(outcome=IncidentTask.Outcome.OPEN).select_related("owner").order_by("pk")
    lines = [
        f"#{row.pk} {escape(row.text)} ({escape(str(row.owner)) if row.owner else _('nobody yet')})"
        for row in rows[:_SHOWN]
    ]
    more = rows.count() - len(lines)
    if more > 0:
        lines.append(_("and %(count)d more in the room") % {"count": more})
    return lines or [_("No task is open.")]
