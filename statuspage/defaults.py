"""What a new house starts with: a page, and one component for everything."""

from django.db import transaction

from catalog.models import Service
from statuspage.changes import page, site, touch
from statuspage.models import Component


@transaction.atomic
def install() -> None:
    """Idempotent: makes only what is missing, changes nothing that is there."""
    page()
    site()
    if not Component.objects.exists():
        component = Component.objects.create(name="Everything else", position=100)
        component.services.set(Service.objects.filter(is_catch_all=True))
        touch()
