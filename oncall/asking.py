"""Asking people to answer: their pages, the messages of these, and a line on the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.timezone import now

from accounts.models import User
from incidents import neighbours
from incidents.models import Incident
from oncall import ladder, ringing
from oncall.models import Page, PageRun


@dataclass(frozen=True)
class Ask:
    """A rung that was claimed, where its run stands at it, and whom it asks."""

    run: PageRun
    incident: Incident
    rung: ladder.Rung
    users: list[User]


def ask(asked: Sequence[Ask]) -> None:
    """Ask them all, each once per rung. The caller holds the locks of the incidents.

    The statements are as many for one as for a hundred.
    """
    ringing.ring_all(_pages(asked))
    neighbours.paged_all(
        [
            neighbours.Asked(
                one.incident,
                one.users,
                policy=one.run.policy_name,
                step=one.rung["step"],
                reason=one.run.note or str(PageRun.Reason(one.run.reason).label),
                data={"round": one.rung["round"]},
            )
            for one in asked
        ]
    )


def _pages(asked: Sequence[Ask]) -> list[ringing.Call]:
    """A page for each person of each rung, unless it is there already."""
    rows = Page.objects.filter(run__in=[one.run.pk for one in asked])
    there = set(rows.values_list("run", "rung", "user"))
    at = now()
    calls = [
        ringing.Call(
            Page(run=one.run, rung=one.run.position, user=user, step=one.rung["step"], created_at=at),
            one.run,
            one.incident,
        )
        for one in asked
        for user in one.users
        if (one.run.pk, one.run.position, user.pk) not in there
    ]
    Page.objects.bulk_create(call.page for call in calls)
    return calls
