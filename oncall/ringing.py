"""How pages become messages: by the person's own rules, or in a bundle when it rains pages."""

from collections.abc import Sequence

from incidents.models import Incident
from incidents.severity import policy_of
from notifications import briefing, contacts, delivery, resting, rules, wording
from notifications.models import Delivery, Urgency, Word
from notifications.rules import Firing
from oncall import links, storms
from oncall.models import PageRun
from oncall.storms import Call

#: Runs that ask the service's own on-call; the others (help, management …) are beside them.
OWN = (
    PageRun.Reason.OPENED,
    PageRun.Reason.RAISED,
    PageRun.Reason.REOPENED,
    PageRun.Reason.TIMEOUT,
    PageRun.Reason.HANDED,
    PageRun.Reason.ESCALATED,
)


def ring_all(calls: Sequence[Call]) -> None:
    """Owe the messages of pages, each by its person's own rules, or let the person's bundle tell of it."""
    if not calls:
        return
    urgent = {call.page.pk: _urgency(call.run, call.incident) for call in calls}
    # A bundle rings at once; what waits for somebody's morning has no part in it.
    low = {call.page.user for call in calls if urgent[call.page.pk] == Urgency.LOW}
    resting_now = {user.pk for user in low if resting.ends_at(user) is not None}
    rest = [c for c in calls if urgent[c.page.pk] == Urgency.LOW and c.page.user_id in resting_now]
    waits = {call.page.pk for call in rest}
    alone = storms.gather([call for call in calls if call.page.pk not in waits])
    words = _Words(calls)
    delivery.owe_all([row for call in (*rest, *alone) for row in words.of(call, urgent[call.page.pk])])


class _Words:
    """The messages of pages, with what they share asked once."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._alerts = wording.alert_counts([call.incident for call in calls])
        self._alert_runbooks = wording.alert_runbooks([call.incident for call in calls])
        self._runbooks: dict[tuple[int, bool], str] = {}
        self._firings: dict[tuple[int, str], list[Firing]] = {}

    def of(self, call: Call, urgency: str) -> list[Delivery]:
        """One for each step of the person's own order."""
        page, run, incident = call.page, call.run, call.incident
        link = links.acknowledge_url(page)
        why = _why(run)
        told = briefing.brief(incident) if run.reason == PageRun.Reason.MANAGEMENT else []
        words = wording.page(
            incident,
            acknowledge_url=link,
            reason=why,
            brief=told,
            alerts=self._alerts.get(incident.pk, 0),
            link=self._runbook(incident),
        )
        who = (page.user_id, urgency)
        if who not in self._firings:
            self._firings[who] = rules.firings(page.user, urgency)
        return contacts.drafts(
            page.user,
            Word.PAGE,
            key=f"page:{page.pk}",
            subject=words.subject,
            body=words.body,
            html=words.html,
            incident=incident,
            data={"acknowledge_url": link, "page": page.pk, "reason": "" if incident.is_private else why},
            planned=self._firings[who],
            run_key=run.pk,
            about=page.about,
        )

    def _runbook(self, incident: Incident) -> str:
        if own := self._alert_runbooks.get(incident.pk):
            return wording.runbook(incident, own)
        key = (incident.service_id, incident.is_private)
        if key not in self._runbooks:
            self._runbooks[key] = wording.runbook(incident)
        return self._runbooks[key]


def _urgency(run: PageRun, incident: Incident) -> str:
    """Low is what the severity lets wait for business hours; who is asked for by name is asked urgently."""
    waits = run.reason in OWN and not policy_of(incident).pages_now
    return Urgency.LOW if waits else Urgency.HIGH


def _why(run: PageRun) -> str:
    """Why this page comes beside the usual one."""
    if run.reason in (PageRun.Reason.OPENED, PageRun.Reason.RAISED):
        return ""
    return run.note or str(PageRun.Reason(run.reason).label)


__all__ = ["OWN", "Call", "ring_all"]
