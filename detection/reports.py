"""Reports by people: from customers without sign-in, which wake nobody, and from inside, which page."""

from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.actors import source as source_actor
from catalog.models import Service
from detection import voices
from detection.kinds import ReportKind
from detection.models import Report, ReportContact
from detection.signals import cut
from incidents import lifecycle, neighbours, notes
from incidents.kinds import Source
from incidents.models import Incident, Severity
from lib import limits, text
from lib.refusal import Invalid, Refused

MAX_TEXT = 4000
_PER_ADDRESS, _SPAN = 5, timedelta(minutes=10)
_REPORTER = "Report form"


@transaction.atomic
def from_customer(
    *, service: Service, words: str, name: str = "", address: str = "", reporter: str = ""
) -> Report:
    """Keep the report and put it in front of people, without waking anybody.

    Where an admin allows it, the fifth ``reporter`` (a network address) in ten minutes does wake people.

    It joins the open incident of the service, else one triage item per service gathers them. The
    reporter's name and address stay in a row of their own and never reach the timeline.

    Raises:
        Invalid: nothing was said, or too much.
    """
    said = _said(words)
    # Not the key of the row: two first reports at once must not open two items.
    Service.objects.select_for_update(no_key=True).get(pk=service.pk)
    actor = source_actor(_REPORTER)
    incident = _gathering(service)
    if incident is None:
        incident = lifecycle.open_incident(
            title=_("Customers report trouble with %(service)s") % {"service": service.name},
            actor=actor,
            service_ids=[service.pk],
            source=Source.CUSTOMER_REPORT,
            pages=False,
        )
    report = Report.objects.create(
        kind=ReportKind.PUBLIC, service=service, text=said, at=now(), incident=incident
    )
    name, address = text.clean(name, 120, field="name"), text.clean(address, 254, field="address")
    if name or address:
        ReportContact.objects.create(report=report, name=name, address=address)
    notes.add_note(
        incident.pk, actor=actor, text=_("A customer reports: %(words)s") % {"words": cut(said, 3900)}
    )
    if voices.heard(service, reporter) and incident.pages_nobody:
        neighbours.let_ring(
            incident.pk,
            actor=actor,
            text=_("%(n)d different people reported this within 10 minutes: the on-call is paged.")
            % {"n": voices.ENOUGH},
        )
    return report


def _gathering(service: Service) -> Incident | None:
    rows = Incident.objects.open().filter(
        service_rows__service=service, is_private=False, is_drill=False, is_retrospective=False
    )
    return rows.order_by("-detected_at").first()


@transaction.atomic
def from_inside(
    *,
    actor: Actor,
    service: Service,
    words: str,
    title: str = "",
    severity: Severity | None = None,
    ticket_url: str = "",
) -> Report:
    """Somebody of ours saw it: an incident in triage, which pages as any other.

    Raises:
        Invalid: nothing was said, or too much.
    """
    said = _said(words)
    incident = lifecycle.open_incident(
        title=cut(title or said.splitlines()[0], 200),
        actor=actor,
        service_ids=[service.pk],
        severity=severity,
        source=Source.INTERNAL_REPORT,
        summary=said,
        ticket_url=ticket_url,
    )
    return Report.objects.create(
        kind=ReportKind.INTERNAL, service=service, text=said, at=now(), user=actor.user, incident=incident
    )


def _said(words: str) -> str:
    said = text.clean(words, MAX_TEXT, field="text")
    if not said:
        raise Invalid(_("Say in a sentence what you see."), field="text")
    return said


def allow(address: str) -> None:
    """At most five reports in ten minutes from one address.

    Raises:
        Refused: 429, with when to come back.
    """
    if limits.is_over("report", address, most=_PER_ADDRESS, span=_SPAN):
        raise Refused(
            "too_many_reports",
            _("Thank you, we have several reports from you. Try again in ten minutes."),
            429,
        )
