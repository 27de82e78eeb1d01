"""What a command answers about an incident. Everything people wrote is escaped here."""

from django.utils.timezone import now
from django.utils.translation import gettext as _

from incidents import questions, roles, room
from incidents.models import Incident
from lib import durations, plainwords
from notifications.channels.slack import escape

Lines = list[str]
_HINTS = 3


def link(incident: Incident) -> str:
    return f"<{incident.url}|{incident.reference}>"


def head(incident: Incident) -> str:
    """``INC-41 SEV2 active: Checkout fails``, with a link to the room."""
    drill = _("DRILL") + " " if incident.is_drill else ""
    state = incident.get_status_display().lower()
    return f"{drill}{link(incident)} {escape(incident.severity.name)} {state}: {escape(incident.title)}"


def status(incident: Incident) -> str:
    """Where it stands: state, since when, scope, chairs, the last word and the next promises."""
    lines = [head(incident)]
    began = durations.words(now() - incident.impact_began_at)
    if incident.is_open:
        lines.append(
            _("%(service)s, for %(time)s") % {"service": escape(str(incident.service)), "time": began}
        )
    if scope := room.scope_words(incident):
        lines.append(escape(scope))
    last = incident.timeline.filter(kind="update_posted", redacted_at=None).order_by("-number").first()
    if last:
        lines.append(f"[UPDATE {incident.team.local(last.at):%H:%M}] {escape(last.text[:500])}")
    lines += [
        _("%(what)s by %(time)s")
        % {"what": escape(one.label), "time": f"{incident.team.local(one.due):%H:%M} ({one.left})"}
        for one in room.promises(incident)[:4]
    ]
    return "\n".join([*lines, who(incident)])


def who(incident: Incident) -> str:
    """Who sits in which chair, which demanded chair is empty, and who is on call."""
    lines = [
        f"{escape(chair.role.name)}: {escape(str(chair.holder)) if chair.holder else _('nobody yet')}"
        for chair in room.chairs(incident)
    ]
    on_call = ", ".join(escape(str(user)) for user in questions.ask.on_call_now(incident.service))
    lines.append(_("On call: %(names)s") % {"names": on_call or _("nobody")})
    return "\n".join(lines)


def declared(incident: Incident) -> str:
    """What one hears right after declaring."""
    lines = [_("Declared %(head)s") % {"head": head(incident)}]
    lines.append(
        _("Service: %(service)s. Channel: #%(channel)s.")
        % {"service": escape(str(incident.service)), "channel": incident.channel_name}
    )
    return "\n".join([*lines, commander(incident)]).strip()


def hints(text: str) -> Lines:
    """What the margin of the room would mark in an update that is posted: blame and guesses, each once."""
    marks = plainwords.lint(text, rules=("blame", "speculation"), allow=plainwords.allowed())
    told = {mark.word.lower(): f"💡 “{escape(mark.word)}” {escape(mark.hint)}" for mark in marks}
    return list(told.values())[:_HINTS]


def quoted(text: str) -> str:
    """Words of somebody's, set apart."""
    return "\n".join(f"> {escape(line)}" for line in text.splitlines())


def commander(incident: Incident) -> str:
    """What is still missing right after a declaration."""
    if "incident_commander" in roles.holders(incident):
        return ""
    return _("Nobody commands yet: take it with “role ic”.")
