"""What the status page adds to an incident's command palette: publish, or no notice at all."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents.models import Incident
from incidents.palette import Offer


def of(incident: Incident, actor: Actor) -> Iterator[Offer]:
    """The verbs of the room's status panel, as that offers them."""
    if incident.is_private or incident.is_drill:
        return
    notice = incident.public_notices.filter(resolved_at=None, withdrawn_at=None).first()
    if notice is None and not incident.is_open:
        return
    panel = reverse("statuspage:panel", args=[incident.number])
    is_draft = notice is None or notice.is_draft
    yield Offer(
        verb="publish",
        label=_("Publish to the status page") if is_draft else _("Post public update"),
        right="publish",
        words="publish public status customers comms outside notice",
        target="status-form",
        href=f"{panel}#status-form",
    )
    if is_draft and incident.is_open and not incident.public_skipped_at:
        yield Offer(
            verb="no-notice",
            label=_("No public notice needed"),
            right="publish",
            words="skip public status customers silent nopublic",
            target="skip-form",
            href=f"{panel}#skip-form",
        )
