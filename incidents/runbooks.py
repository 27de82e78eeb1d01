"""Following a runbook: each box ticked, or cleared again, is an event. The timeline alone knows which."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from catalog import steps
from catalog.models import Runbook
from incidents import timeline
from incidents.kinds import OPEN, EventKind, Status
from incidents.models import Incident
from lib.refusal import Invalid, Missing, Refused

# A service with more runbooks than this shows the rest in the catalog only.
_MOST = 6


def tick(incident_id: int, *, actor: Actor, runbook_id: int, step: str, is_done: bool = True) -> Incident:
    """A step of a runbook was done, or was not after all. Saying what stands already changes nothing.

    Raises:
        Missing: no runbook of the incident's services. Invalid: it has no such step (any more).
        Refused: ``wrong_state``, the incident is over.
    """
    with timeline.locked(incident_id, actor=actor, verb="tick_step") as incident:
        if incident.status not in (*OPEN, Status.RESOLVED):
            raise Refused("wrong_state", _("The incident is over; its runbooks are closed."))
        runbook = _of(incident).filter(pk=runbook_id).first()
        if runbook is None:
            raise Missing(_("No service of this incident has such a runbook."))
        found = next((one for one in steps.steps(runbook.body) if one.key == step), None)
        if found is None:
            raise Invalid(_("The runbook no longer has this step. Load the page again."), field="step")
        if is_done != (step in _ticks(incident).get(runbook.pk, {})):
            timeline.record(
                incident,
                EventKind.RUNBOOK_STEP,
                actor=actor,
                text=found.text,
                runbook=runbook.pk,
                title=runbook.title,
                step=step,
                done=is_done,
            )
    return incident


def _of(incident: Incident) -> "QuerySet[Runbook]":
    return Runbook.objects.filter(service__in=incident.service_rows.values("service"))


@dataclass(frozen=True)
class Tick:
    """Who ticked a box, and when."""

    by: str
    at: datetime


@dataclass(frozen=True)
class Line:
    """A piece of the runbook with its tick, if it is a step that was done."""

    block: steps.Block
    tick: Tick | None


@dataclass(frozen=True)
class Open:
    """A runbook as it lies open in the room."""

    runbook: Runbook
    lines: list[Line]
    done: int
    count: int

    @property
    def steps(self) -> list[Line]:
        """Only the boxes, without the words between them."""
        return [line for line in self.lines if line.block.step]


def opened(incident: Incident, rows: list[Runbook] | None = None) -> list[Open]:
    """The runbooks with boxes of the incident's services, each with its ticks; ``rows`` as `kept` gives."""
    ticks = _ticks(incident)
    found: list[Open] = []
    for runbook in kept(incident) if rows is None else rows:
        blocks = steps.blocks(runbook.body)
        count = sum(block.step is not None for block in blocks)
        if count == 0 or len(found) == _MOST:
            continue
        mine = ticks.get(runbook.pk, {})
        lines = [Line(block, mine.get(block.step.key) if block.step else None) for block in blocks]
        found.append(Open(runbook, lines, sum(line.tick is not None for line in lines), count))
    return found


@dataclass(frozen=True)
class Other:
    """A runbook without boxes: ``words`` lie open in the room, a mere link opens a page of its own."""

    title: str
    address: str
    words: str = ""
    key: int = 0


def further(incident: Incident, rows: list[Runbook]) -> list[Other]:
    """What has no boxes to tick: words, links, and the service's main runbook where none is the same."""
    found = [
        Other(row.title, _own(row) if row.body else row.url, row.body, row.pk)
        for row in rows
        if not any(block.step for block in steps.blocks(row.body))
    ]
    main = incident.service.runbook_url
    if main and meant(main, rows) is None:
        found.append(Other(_("Main runbook"), main))
    return found


def kept(incident: Incident) -> list[Runbook]:
    """The runbooks of the incident's services, as far as a room lays them open."""
    return list(_of(incident).select_related("service")[: 2 * _MOST])


def meant(address: str, known: Iterable[Runbook]) -> Runbook | None:
    """Which runbook that has words here an address means: its page here, or the link it keeps."""
    if not address:
        return None
    rows = (row for row in known if row.body)
    return next((row for row in rows if address.rstrip("/") in (row.url.rstrip("/"), _own(row))), None)


def _own(runbook: Runbook) -> str:
    page = reverse("catalog:runbook", args=[runbook.service.slug, runbook.pk])
    return str(settings.BASE_URL) + page.rstrip("/")


def _ticks(incident: Incident) -> dict[int, dict[str, Tick]]:
    """By runbook and step, what stands ticked: the last word on each step counts."""
    found: dict[int, dict[str, Tick]] = {}
    rows = incident.timeline.filter(kind=EventKind.RUNBOOK_STEP).select_related("actor").order_by("number")
    for event in rows:
        runbook = found.setdefault(int(event.get("runbook")), {})
        if event.get("done"):
            runbook[str(event.get("step"))] = Tick(str(event.actor or event.actor_label), event.at)
        else:
            runbook.pop(str(event.get("step")), None)
    return found
