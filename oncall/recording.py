"""What the pager writes on an incident's timeline when a rung asks nobody."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from incidents import neighbours, timeline
from incidents.models import Incident
from oncall.models import PageRun

Rung = dict[str, Any]


def names(rung: Rung) -> str:
    return ", ".join(str(aim["name"]) for aim in rung["aims"]) or _("nobody")


def reached_nobody(run: PageRun, rung: Rung, incident: Incident) -> None:
    words = _("%(policy)s, step %(step)d: %(why)s.")
    why = "; ".join(_why(aim, incident) for aim in rung["aims"]) or _("it names nobody")
    _failed(run, incident, words % {**_facts(run, rung), "why": why}, step=rung["step"])


def _why(aim: Rung, incident: Incident) -> str:
    """A person cannot be reached, a schedule reaches nobody; in a drill only its people are asked."""
    name = {"name": aim["name"]}
    if aim["kind"] != "person":
        if incident.is_drill:
            return _("%(name)s reaches nobody who takes part in this drill") % name
        return _("%(name)s reaches nobody") % name
    if incident.is_drill and not incident.members.filter(user=aim["id"]).exists():
        return _("%(name)s takes no part in this drill") % name
    return _("%(name)s cannot be reached") % name


def no_help(run: PageRun, incident: Incident) -> None:
    words = _("Help was asked for, and nobody else here can be reached. Who is added now is asked next.")
    _failed(run, incident, words, step=run.step)


def out_of_hours(run: PageRun, rung: Rung, incident: Incident) -> None:
    words = _("%(policy)s, step %(step)d: %(aims)s is asked only in business hours, so it is skipped now.")
    _failed(run, incident, words % _facts(run, rung), step=rung["step"], out_of_hours=True)


def overtaken(run: PageRun, incident: Incident, seen: int) -> None:
    """Rungs from ``seen`` up to the run's own came due while nothing could go out."""
    overtaken_all([(run, incident, seen)])


def overtaken_all(looked_at: Iterable[tuple[PageRun, Incident, int]]) -> None:
    """The same of many runs, among which may be some that skip nothing."""
    words = _(
        "%(policy)s: step %(steps)s was due while nothing could go out, and a later step is due by now. "
        "It is skipped; the current step is asked."
    )
    notes = []
    for run, incident, seen in looked_at:
        if run.position <= seen:
            continue
        steps = ", ".join(dict.fromkeys(str(one["step"]) for one in run.rungs[seen : run.position]))
        data = {"policy": run.policy_name, "skipped": run.position - seen}
        notes.append(timeline.Note(incident, data, words % {"policy": run.policy_name, "steps": steps}))
    if notes:
        neighbours.pages_failed(notes)


def rang_out(run: PageRun, incident: Incident) -> None:
    if run.pages.exists():
        words = _("%(policy)s: everybody was asked and nobody answered.")
    else:
        words = _("%(policy)s: nobody could be asked.")
    _failed(run, incident, words % {"policy": run.policy_name}, step=run.step)


def never_open(run: PageRun, incident: Incident) -> None:
    _failed(run, incident, _("Nobody is asked: the business hours of the team never open."))


def _facts(run: PageRun, rung: Rung) -> dict[str, Any]:
    return {"policy": run.policy_name, "step": rung["step"], "aims": names(rung)}


def _failed(run: PageRun, incident: Incident, text: str, **data: Any) -> None:
    neighbours.page_failed(incident.pk, text=text, policy=run.policy_name, **data)
