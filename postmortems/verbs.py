"""What postmortems add to an incident's command palette: write it, or waive it."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents.kinds import Status
from incidents.models import Incident
from incidents.palette import Offer
from postmortems.models import Postmortem


def of(incident: Incident, actor: Actor) -> Iterator[Offer]:
    """The verbs of the room's postmortem panel, as that offers them."""
    if incident.is_drill or incident.status not in (Status.RESOLVED, Status.CLOSED):
        return
    words = "postmortem retro review learn write report pm"
    written = Postmortem.objects.filter(incident=incident).first()
    if written:
        label = _("Read the postmortem") if written.is_published else _("Write the postmortem")
        yield Offer(verb="postmortem", label=label, words=words, href=written.get_absolute_url())
    else:
        yield Offer(
            verb="postmortem",
            label=_("Open a postmortem"),
            right="write_postmortem",
            words=words,
            post=reverse("postmortems:open", args=[incident.number]),
            into="postmortem-panel",
        )
    done = incident.postmortem_waived_at or incident.postmortem_published_at
    if incident.has_postmortem_duty and not done:
        panel = reverse("postmortems:panel", args=[incident.number])
        yield Offer(
            verb="waive",
            label=_("Waive the postmortem"),
            right="waive_postmortem",
            words="waive postmortem skip not needed",
            target="waive-reason",
            href=f"{panel}#waive-reason",
        )
