"""Telling the public from chat: the notice's next word, or that none is needed."""

import re

from django.utils.translation import gettext as _

from chatops import telling, words
from chatops.asked import Asked
from incidents.models import Incident
from lib.refusal import Missing
from statuspage import following, publishing, wording
from statuspage.kinds import RUNNING, ComponentStatus, NoticeStatus
from statuspage.models import Notice

_ANYWAY = re.compile(r"^anyway\s+\(([^()]{1,300})\)\s*", re.IGNORECASE)
_STATUSES = NoticeStatus.values[:4]


def publish(asked: Asked) -> str:
    """``publish [anyway (why)] [identified] <text>``: out it goes, by the same verb as the panel's button."""
    text, why = asked.text, ""
    if anyway := _ANYWAY.match(text):
        text, why = text[anyway.end() :], anyway[1]
    first, rest = words.first_word(text)
    status = first.lower().rstrip(":") if first.lower().rstrip(":") in _STATUSES else ""
    incident = asked.incident
    _say(asked, incident, rest if status else text, status, why)
    return _("Published for %(link)s.") % {"link": telling.link(incident)}


def _say(asked: Asked, incident: Incident, body: str, status: str, why: str) -> None:
    notice = _notice(incident)
    if notice is not None:
        running = notice.status if notice.status in RUNNING else RUNNING[0]
        publishing.post_update(
            notice.pk, actor=asked.actor, body=body, status=status or running, override=why
        )
        return
    affected = following.affected(incident)
    publishing.open_notice(
        actor=asked.actor,
        title=wording.draft_title(affected),
        body=body,
        components={component.pk: ComponentStatus.PARTIAL_OUTAGE for component in affected},
        status=status or NoticeStatus.INVESTIGATING,
        incident_id=incident.pk,
        override=why,
    )


def nothing(asked: Asked) -> str:
    """``nopublic <reason>``: no public notice is needed; its clock stops."""
    incident = asked.incident
    publishing.skip(incident.pk, actor=asked.actor, reason=asked.text)
    return _("No public notice for %(link)s, and why stands on the timeline.") % {
        "link": telling.link(incident)
    }


def draft(asked: Asked) -> str:
    """``draft``: what would go out next, to read before publishing.

    Raises:
        Missing: nothing is drafted.
    """
    notice = _notice(asked.incident)
    if notice is None or not notice.is_draft:
        raise Missing(_("Nothing is drafted for the public."))
    return telling.quoted(f"{notice.title}\n{notice.draft_body}")


def _notice(incident: Incident) -> Notice | None:
    return incident.public_notices.filter(resolved_at=None, withdrawn_at=None).first()
