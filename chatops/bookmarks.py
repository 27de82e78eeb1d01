"""Links at the top of an incident's channel: the status page, the postmortem."""

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.kinds import EventKind
from incidents.models import TimelineEvent
from notifications import telling
from statuspage.changes import page


@transaction.atomic
def add(event_id: int) -> None:
    """Owe the link that this event is about; each is owed once."""
    event = TimelineEvent.objects.select_related("incident").get(pk=event_id)
    if event.kind == EventKind.PUBLISHED:
        telling.bookmark(event.incident, _("Status page"), f"{page().address}/")
    elif event.get("postmortem"):
        path = reverse("postmortems:detail", args=[event.get("postmortem")])
        telling.bookmark(event.incident, _("Postmortem"), f"{settings.BASE_URL}{path}")
