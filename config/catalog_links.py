"""What the catalog shows of the rooms above it: which services are in trouble now, and what watches them."""

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog import extras
from catalog.models import Service
from incidents.models import Incident
from lib.templatetags.tocsin import sevmark


def hit(user: User) -> set[int]:
    """Services of open incidents, drills left out."""
    seen = Incident.objects.visible_to(user).open().filter(is_drill=False)
    return set(seen.values_list("services", flat=True))


def state(user: User, services: list[Service]) -> dict[int, Any]:
    """The worst open incident of each service, as a link."""
    seen = Incident.objects.visible_to(user).open().filter(is_drill=False, services__in=services)
    rows = seen.select_related("severity").order_by("-severity__rank", "number").prefetch_related("services")
    worst: dict[int, Any] = {}
    for incident in rows.distinct():
        mark = format_html(
            '<a href="{}">{} {}</a>',
            incident.get_absolute_url(),
            sevmark(incident.severity),
            incident.reference,
        )
        worst |= {service.pk: mark for service in incident.services.all()}
    well = format_html('<span class="say good small">{}</span>', _("well"))
    return {service.pk: worst.get(service.pk, well) for service in services}


def connect() -> None:
    """Hand both to the catalog; once a process."""
    if hit not in extras.services_hit:
        extras.services_hit.append(hit)
        extras.service_panels.append("service_now")
        extras.service_columns.append(extras.ServiceColumn(_("State"), state))
