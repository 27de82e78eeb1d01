"""What still pages for an incident when somebody has said that they are on it."""

from accounts.models import User
from incidents.models import Incident, TimelineEvent
from oncall import paging, plans
from oncall.models import PageRun


def would_answer(incident: Incident, user: User, before: TimelineEvent) -> bool:
    """Would one more acknowledgement stop a pager, said ``before`` already by the same person?

    What was asked by then has that answer, heard or not; a run that began later, or has come to ask the
    person since, has none.
    """
    for run in _running(incident):
        is_later = run.after_event >= before.number
        asked = run.pages.filter(user=user, created_at__gt=before.recorded_at).exists()
        if asked or (is_later and _answers(run, incident, user)):
            return True
    return False


def still_asked(incident: Incident, user: User) -> list[str]:
    """``Payments (Alice)``: the runs that this person's acknowledgement leaves going."""
    found = []
    for run in _running(incident):
        if not _answers(run, incident, user):
            names = ", ".join(dict.fromkeys(str(page.user) for page in run.pages.order_by("pk")))
            name = run.policy_name
            found.append(f"{name} ({names})" if names and names != name else name)
    return list(dict.fromkeys(found))


def _running(incident: Incident) -> list[PageRun]:
    runs = PageRun.objects.filter(incident=incident, status=PageRun.Status.RUNNING)
    return list(runs.prefetch_related("pages__user").order_by("pk"))


def _answers(run: PageRun, incident: Incident, user: User) -> bool:
    if run.pages.filter(user=user).exists():
        return True
    return run.reason in paging.OWN and plans.asks(run.plan, user, incident.team)
