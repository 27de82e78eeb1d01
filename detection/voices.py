"""How many different people report trouble without sign-in: counted by a keyed hash, forgotten in minutes."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from catalog.models import Service
from detection import sources
from detection.models import ReportPaging, ReportVoice, Settings
from lib import text

#: So many different reporters within so long wake the on-call, where an admin allows it for the service.
ENOUGH, WITHIN = 5, timedelta(minutes=10)


@transaction.atomic
def heard(service: Service, reporter: str) -> bool:
    """Count one more reporter; are there enough to wake somebody?

    ``reporter`` is a network address, of which only a keyed hash is kept, and where nobody is to be woken
    not even that. Whoever reports again counts once. The caller holds the service's row.
    """
    if not reporter or not ReportPaging.objects.filter(service=service).exists():
        return False
    forget(limit=200)
    mark = salted_hmac(f"detection.voices:{service.pk}", reporter, algorithm="sha256").hexdigest()[:32]
    ReportVoice.objects.update_or_create(service=service, mark=mark, defaults={"at": now()})
    return ReportVoice.objects.filter(service=service, at__gt=now() - WITHIN).count() >= ENOUGH


def forget(limit: int = 2000) -> int:
    """Drop whoever reported more than ten minutes ago; return how many."""
    old = ReportVoice.objects.filter(at__lte=now() - WITHIN).order_by("pk").values_list("pk", flat=True)
    batch = list(old[:limit])
    return ReportVoice.objects.filter(pk__in=batch).delete()[0] if batch else 0


def pages(service: Service) -> bool:
    """May many reports about the service wake somebody?"""
    return ReportPaging.objects.filter(service=service).exists()


@transaction.atomic
def let_page(service: Service, value: Any, *, actor: Actor) -> None:
    """Let many reports about the service wake its on-call, or not (the default).

    Raises:
        Forbidden: not an admin.
    """
    sources.may_configure(actor)
    before, wanted = pages(service), value is True
    if before == wanted:
        return
    if wanted:
        ReportPaging.objects.create(service=service)
    else:
        ReportPaging.objects.filter(service=service).delete()
        ReportVoice.objects.filter(service=service).delete()
    audit.note(
        actor, "reports.page", service, before={"reports_page": before}, after={"reports_page": wanted}
    )


@transaction.atomic
def configure(*, actor: Actor, is_public: bool, intro: str, paging: Iterable[Service]) -> None:
    """The public report form: whether there is one, what it says first, and where many reports wake somebody.

    Raises:
        Forbidden: not an admin.
    """
    sources.may_configure(actor)
    row = Settings.current()
    before = {"is_report_public": row.is_report_public, "report_intro": row.report_intro}
    row.is_report_public, row.report_intro = is_public, text.clean(intro, 300, field="intro")
    after = {"is_report_public": row.is_report_public, "report_intro": row.report_intro}
    if before != after:
        row.save()
        audit.note(actor, "reports.form", _("Report form"), before=before, after=after)
    ticked = {service.pk for service in paging}
    for service in Service.objects.filter(is_active=True):
        let_page(service, service.pk in ticked, actor=actor)
