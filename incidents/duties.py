"""What is still owed for an incident after it is resolved: the postmortem and the public notice."""

from datetime import datetime, timedelta

from django.utils.timezone import now
from django.utils.translation import gettext as _

from incidents.kinds import EventKind
from incidents.models import Incident, SeverityVersion
from incidents.policy import from_json
from lib.refusal import Refused


def owed(incident: Incident) -> Refused | None:
    """What keeps a resolved incident from being closed, if anything."""
    if incident.has_postmortem_duty and not (
        incident.postmortem_published_at or incident.postmortem_waived_at
    ):
        return Refused(
            "postmortem_owed",
            _("The postmortem is not published yet. Publish it, or ask a manager to waive it."),
        )
    if incident.public_first_at and not incident.public_resolved_at:
        return Refused(
            "public_open", _("The public notice is still open. Resolve it on the status page first.")
        )
    return None


FIRST_ASSESSMENT_WRONG = "first assessment wrong"
_STICKS_AFTER = timedelta(minutes=15)
_PINS = (EventKind.OPENED, EventKind.SEVERITY_CHANGED, EventKind.POLICY_APPLIED)


def sticks(incident: Incident, *, reason: str) -> bool:
    """Does the duty to learn stay although the severity is lowered now?

    It does after more than 15 minutes with the duty, unless the first assessment was wrong.
    """
    since = _owed_since(incident)
    if since is None or reason.strip(" .!").lower() == FIRST_ASSESSMENT_WRONG:
        return False
    return now() - since > _STICKS_AFTER


def _owed_since(incident: Incident) -> datetime | None:
    """Since when, without a break, the pinned severity asks for a postmortem; None while it does not."""
    pins = list(incident.timeline.filter(kind__in=_PINS).order_by("number"))
    versions = SeverityVersion.objects.in_bulk([pin.data["version_id"] for pin in pins])
    since = None
    for pin in pins:
        required = from_json(versions[pin.data["version_id"]].policy).postmortem_required
        since = (since or pin.at) if required else None
    return since


def was_kept(incident: Incident) -> bool:
    """Was the severity lowered after so long at one with the duty that the duty stays?"""
    changes = incident.timeline.filter(kind=EventKind.SEVERITY_CHANGED)
    return any(change.get("keeps_duty") for change in changes)
