"""The words of every message, in one place. A private incident says nothing but its reference."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.template.loader import render_to_string
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents import room
from incidents.kinds import DeadlineKind, EventKind
from incidents.models import Incident, TimelineEvent
from incidents.updates import line
from lib import durations


@dataclass(frozen=True)
class Words:
    """One message in its three forms."""

    subject: str
    body: str
    html: str = ""


def head(incident: Incident) -> str:
    """``SEV1 checkout: error rate 34 %``; ``SEV1 Private incident INC-41``; DRILL stands first."""
    if incident.is_private:
        return f"{incident.severity.name} {_('Private incident')} {incident.reference}"
    drill = "DRILL " if incident.is_drill else ""
    return f"{drill}{incident.severity.name} {incident.service.slug}: {incident.title}"


def alert_counts(incidents: Iterable[Incident]) -> dict[int, int]:
    """How many alerts opened or joined each of the incidents; who is missing has none."""
    rows = TimelineEvent.objects.filter(incident__in=incidents)
    opened = Q(kind=EventKind.OPENED, data__has_key="alert")
    joined = rows.filter(opened | Q(kind=EventKind.ALERT_JOINED))
    return dict(joined.order_by().values_list("incident").annotate(n=Count("pk")))


def alert_runbooks(incidents: Iterable[Incident]) -> dict[int, str]:
    """The runbook that an alert of each incident brought itself, the first one's first."""
    kinds = (EventKind.OPENED, EventKind.ALERT_JOINED)
    rows = TimelineEvent.objects.filter(incident__in=incidents, kind__in=kinds, redacted_at=None)
    rows = rows.filter(data__has_key="runbook_url").order_by("-number")
    return {event.incident_id: str(event.get("runbook_url")) for event in rows}


def facts(incident: Incident, alerts: int, *, at: datetime | None = None) -> list[str]:
    """``42 alerts``, ``3 min``, ``INC-41``: what may be known of it."""
    moment = at or now()
    age = durations.words(max(moment - incident.detected_at, moment - moment))
    if incident.is_private:
        return [age]
    counted = [f"{alerts} alerts" if alerts > 1 else "1 alert"] if alerts else []
    return [*counted, age, incident.reference]


def runbook(incident: Incident, of_alert: str = "") -> str:
    """The runbook as a link: the alert's own knows best what to do, else the service's."""
    service = incident.service
    if incident.is_private:
        return ""
    if of_alert or service.runbook_url:
        return of_alert or service.runbook_url
    first = service.runbooks.exclude(url="").first()
    return first.url if first else ""


def page(
    incident: Incident,
    *,
    acknowledge_url: str,
    reason: str = "",
    brief: Sequence[str] = (),
    alerts: int | None = None,
    link: str | None = None,
) -> Words:
    """``SEV1 checkout: error rate 34 % · 42 alerts · 3 min · INC-41 · ack <link> · runbook <link>``

    ``brief`` are lines that stand below. ``alerts`` and the runbook's ``link`` are asked for when not given.
    """
    counted = alert_counts([incident]).get(incident.pk, 0) if alerts is None else alerts
    if link is None:
        link = runbook(incident, alert_runbooks([incident]).get(incident.pk, ""))
    known, said = facts(incident, counted), "" if incident.is_private else reason
    parts = [head(incident), *known, said, f"ack {acknowledge_url}"]
    parts += [f"runbook {link}" if link else "", f"call {incident.bridge_url}" if incident.bridge_url else ""]
    line_ = " · ".join(part for part in parts if part)
    context = {
        "incident": incident,
        "head": head(incident),
        "facts": known,
        "reason": said,
        "acknowledge_url": acknowledge_url,
        "runbook": link,
        "brief": brief,
    }
    return Words(
        subject=f"{head(incident)} · {incident.reference}" if not incident.is_private else head(incident),
        body="\n".join([line_, *brief]),
        html=render_to_string("notifications/page.html", context),
    )


def letter(incident: Incident, *, subject: str, text: str, link: str = "") -> Words:
    """A mail about an incident that asks for nothing loud."""
    url = link or incident.url
    title = incident.public_title
    full = f"{incident.reference}: {subject}"
    if incident.is_drill:
        full = f"DRILL {full}"
    body = render_to_string(
        "notifications/letter.txt", {"title": title, "text": text, "link": url, "incident": incident}
    )
    html = render_to_string(
        "notifications/letter.html",
        {"title": title, "text": text, "link": url, "incident": incident, "subject": subject},
    )
    return Words(subject=full, body=body, html=html)


def update(event: TimelineEvent, incident: Incident) -> Words:
    """``[UPDATE 14:35] Still investigating.`` with the promise of the next one."""
    if incident.is_private:
        return letter(incident, subject=_("There is an update"), text=_("Read it in the room."))
    text = line(event, incident)
    if promised := next_update(incident):
        text += f"\n{promised}"
    return letter(incident, subject=_("Update"), text=text)


def next_update(incident: Incident) -> str:
    """``Next update by 14:50.``, in the team's zone: the promise, else the policy's cadence."""
    clock = incident.deadlines.filter(kind=DeadlineKind.INTERNAL_UPDATE, stopped_at=None).first()
    due = clock.due_at if clock else incident.promised_at
    if due is None:
        return ""
    return _("Next update by %(time)s.") % {"time": f"{incident.team.local(due):%H:%M}"}


_OWED = {
    DeadlineKind.RESPONSE: gettext_lazy("Nobody has acknowledged yet."),
    DeadlineKind.ROLES: gettext_lazy("Not every chair is filled yet. Give the empty ones to somebody."),
    DeadlineKind.INTERNAL_UPDATE: gettext_lazy("The next update to the team is due. One sentence is enough."),
    DeadlineKind.PUBLIC_FIRST: gettext_lazy("The public has not been told yet. The draft is in the room."),
    DeadlineKind.PUBLIC_UPDATE: gettext_lazy("The next public update is due."),
    DeadlineKind.MANAGEMENT: gettext_lazy("Management is being looped in."),
    DeadlineKind.POSTMORTEM: gettext_lazy("The postmortem is due."),
    DeadlineKind.HAND_OVER: gettext_lazy("You are still alone. Hand a chair to somebody as soon as you can."),
}


def nudge(event: TimelineEvent, incident: Incident) -> Words:
    """A reminder of a promise, to the person who can keep it."""
    kind = DeadlineKind(event.get("deadline", DeadlineKind.RESPONSE))
    text = str(_OWED.get(kind, kind.label))
    subject = _("Reminder: %(what)s") % {"what": str(kind.label).lower()}
    return letter(incident, subject=subject, text=text)


def post(event: TimelineEvent, incident: Incident) -> str:
    """One event as one line of the incident's channel, in the team's zone."""
    if event.kind == EventKind.UPDATE_POSTED:
        return " ".join(part for part in (line(event, incident), next_update(incident)) if part)
    who = event.actor_label if event.actor_kind != "system" else ""
    said = " · ".join(part for part in (str(EventKind(event.kind).label), detail(event), who) if part)
    stamp = f"{incident.team.local(event.at):%H:%M}"
    return f"{'DRILL ' if incident.is_drill else ''}{stamp} {said}"


_CHAIRS = (
    EventKind.ROLE_TAKEN,
    EventKind.ROLE_LEFT,
    EventKind.ROLE_OFFERED,
    EventKind.ROLE_WITHDRAWN,
)


def detail(event: TimelineEvent) -> str:
    """What of an event's data belongs into its one line."""
    if event.kind == EventKind.SEVERITY_CHANGED:
        return f"{event.get('from')} → {event.get('to')}: {event.text}"
    if event.kind in _CHAIRS:
        return f"{event.get('role_name')}: {event.get('user_name')}"
    if event.kind in (EventKind.DEADLINE_MISSED, EventKind.DEADLINE_NUDGED):
        label = str(DeadlineKind(event.get("deadline", DeadlineKind.RESPONSE)).label)
        return f"{label} ({event.get('user_name')})" if event.get("user_name") else label
    if event.kind == EventKind.PAGED:
        return (
            f"{event.text} ({event.get('policy')}, step {event.get('step')})"
            if event.text
            else str(event.get("reason", ""))
        )
    if event.kind == EventKind.MITIGATION_TRIED and event.get("name"):
        outcome = str(event.get("outcome") or "").replace("_", " ")
        return f"{event.get('name')}: {outcome} ({event.get('by')})"
    if event.kind == EventKind.MEMBER_ADDED:
        return str(event.get("user_name") or "")
    return event.text[:2_000]


def summary(incident: Incident) -> str:
    """What is pinned at the top of the channel."""
    began = f"{_('detected')} {incident.team.local(incident.detected_at):%H:%M}"
    lines = [
        head(incident),
        incident.summary,
        f"{incident.severity.name} · {incident.get_status_display()} · {began}",
        incident.url,
    ]
    if incident.bridge_url:
        lines.append(f"{_('Call')}: {incident.bridge_url}")
    return "\n".join(part for part in lines if part)


def topic(incident: Incident, chairs: dict[str, Any]) -> str:
    """The channel's topic: severity, state, who commands, the next promise, the call."""
    commander = chairs.get("incident_commander")
    owed = next(iter(room.promises(incident)), None) if incident.is_open else None
    parts = [
        f"{incident.severity.name} {incident.get_status_display()}",
        f"IC {commander}" if commander else _("nobody commands yet"),
        f"{owed.label} {incident.team.local(owed.due):%H:%M}" if owed else "",
        incident.reference,
        incident.bridge_url,
    ]
    return ("DRILL · " if incident.is_drill else "") + " · ".join(str(part) for part in parts if part)
