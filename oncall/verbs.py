"""What on-call adds to an incident's command palette: answer, escalate, hand over and page somebody."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents.models import Incident
from incidents.palette import Offer
from oncall.models import PageRun

Status = PageRun.Status


def of(incident: Incident, actor: Actor) -> Iterator[Offer]:
    """The verbs of the room's pages panel, as that offers them."""
    if not incident.is_open:
        return
    panel = reverse("oncall:panel", args=[incident.number])
    yield Offer(
        verb="page",
        label=_("Page somebody"),
        right="page",
        words="call wake who on-call ring phone help",
        target="page-target",
        href=f"{panel}#page-target",
    )
    for run in incident.page_runs.filter(status__in=(Status.RUNNING, Status.ACKNOWLEDGED)):
        yield from _run(incident, run, panel)


def _run(incident: Incident, run: PageRun, panel: str) -> Iterator[Offer]:
    name = {"policy": run.policy_name}
    if run.status == Status.RUNNING:
        yield Offer(
            verb="answer",
            label=_("Acknowledge the page: %(policy)s") % name,
            right="acknowledge",
            words="ack answer quiet stop pager",
            post=reverse("oncall:acknowledge", args=[run.pk]),
            into="pages",
        )
    yield Offer(
        verb="escalate",
        label=_("Escalate now: %(policy)s") % name,
        right="escalate",
        words="more next level step wake",
        post=reverse("oncall:escalate", args=[run.pk]),
        into="pages",
        confirm=_("The next in line is paged at once."),
    )
    yield Offer(
        verb="hand",
        label=_("Hand the page to …: %(policy)s") % name,
        right="reassign",
        words="give reassign somebody else pass",
        target=f"hand-{run.pk}",
        href=f"{panel}#hand-{run.pk}",
    )
