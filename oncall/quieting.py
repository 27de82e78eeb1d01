"""Maintenance: a run whose every service is kept quiet waits for the end, and the timeline says so."""

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from catalog import quiet
from catalog.models import Quiet
from incidents import neighbours
from incidents.models import Incident
from oncall import plans
from oncall.models import PageRun, Policy

_WAITING = {"status": PageRun.Status.RUNNING, "quiet_until__isnull": False}


def over(incident: Incident, policy: Policy | None) -> Quiet | None:
    """What keeps the policy quiet: every service it answers for is in maintenance. The first to end."""
    rows = incident.service_rows.select_related("service")
    services = [row.service_id for row in rows if plans.policy_for(row.service) == policy]
    found = quiet.of(services)
    return found[0] if found and {row.service_id for row in found} == set(services) else None


def wait(run: PageRun, incident: Incident, row: Quiet) -> bool:
    """The run rings at the end of the maintenance, unless it is answered or over by then."""
    waiting = PageRun.objects.filter(pk=run.pk, status=PageRun.Status.RUNNING, next_at=run.next_at)
    if not waiting.update(next_at=row.ends_at, quiet_until=row.ends_at):
        return False
    neighbours.paged(
        incident.pk,
        user_ids=[],
        policy=run.policy_name,
        step=1,
        reason=_("Nobody is paged: maintenance until %(when)s (%(because)s).")
        % {"when": f"{incident.team.local(row.ends_at):%a %d %b, %H:%M}", "because": row.because},
        waits_until=row.ends_at.isoformat(),
    )
    return True


def waits_on(run: PageRun, incident: Incident) -> bool:
    """Its time has come; does another maintenance go on? Who escalates by hand before is not asked this."""
    if run.quiet_until is None or run.quiet_until > now():
        return False
    row = over(incident, run.policy)
    return row is not None and wait(run, incident, row)


@transaction.atomic
def ended() -> int:
    """A maintenance is over earlier than planned: its runs are due now, and look around once more."""
    return PageRun.objects.filter(**_WAITING, next_at__gt=now()).update(next_at=now(), quiet_until=now())
