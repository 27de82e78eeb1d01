"""Two lines for management: what hurts, and what is being done. Facts of the room, nothing else."""

from datetime import timedelta

from django.utils.timezone import now
from django.utils.translation import gettext as _

from incidents.kinds import INCIDENT_COMMANDER, EventKind
from incidents.models import Incident
from lib import durations
from notifications import wording

_SAID = 200


def brief(incident: Incident) -> list[str]:
    """Two lines, in the zone of the incident's team; none of a private one, which is read in its room."""
    if incident.is_private:
        return []
    return [_hurts(incident), _done(incident)]


def _hurts(incident: Incident) -> str:
    since = durations.words(max((incident.mitigated_at or now()) - incident.impact_began_at, timedelta(0)))
    state = (
        _("Users were hurt for %(long)s") if incident.mitigated_at else _("Users have been hurt for %(long)s")
    )
    services = ", ".join(row.service.name for row in incident.service_rows.select_related("service")[:5])
    words = [state % {"long": since}, _reach(incident), services]
    return ", ".join(word for word in words if word) + "."


def _reach(incident: Incident) -> str:
    if incident.users_affected_share is not None:
        share = f"{incident.users_affected_share:.2f}".rstrip("0").rstrip(".")
        return _("about %(share)s %% of them") % {"share": share}
    if incident.users_affected is not None:
        return _("%(count)s of them") % {"count": f"{incident.users_affected:,}"}
    return _("how many is not known yet")


def _done(incident: Incident) -> str:
    chair = incident.holdings.filter(until=None, role__slug=INCIDENT_COMMANDER).select_related("user").first()
    who = _("%(who)s commands.") % {"who": chair.user} if chair else _("Nobody commands yet.")
    last = (
        incident.timeline.filter(kind=EventKind.UPDATE_POSTED, redacted_at=None).order_by("-number").first()
    )
    if last is None:
        said = _("No update yet.")
    else:
        text = " ".join(last.text.split())
        text = text if len(text) <= _SAID else text[: _SAID - 1] + "…"
        said = _("At %(time)s: %(text)s") % {"time": f"{incident.team.local(last.at):%H:%M}", "text": text}
    return " ".join(word for word in (who, said, wording.next_update(incident)) if word)
