"""How a page becomes messages: by the person's own rules, or in a bundle when it rains pages."""

from incidents.models import Incident
from incidents.severity import policy_of
from notifications import briefing, contacts, resting, wording
from notifications.models import Urgency, Word
from oncall import links, storms
from oncall.models import Page, PageRun

#: Runs that ask the service's own on-call; the others (help, management …) are beside them.
OWN = (
    PageRun.Reason.OPENED,
    PageRun.Reason.RAISED,
    PageRun.Reason.REOPENED,
    PageRun.Reason.TIMEOUT,
    PageRun.Reason.HANDED,
    PageRun.Reason.ESCALATED,
)


def ring(page: Page, run: PageRun, incident: Incident) -> None:
    """Owe the messages of one page, by the person's own rules, or let their bundle tell of it."""
    urgency = _urgency(run, incident)
    # A bundle rings at once; what waits for somebody's morning has no part in it.
    rests = urgency == Urgency.LOW and resting.ends_at(page.user) is not None
    if not rests and storms.bundle(page, run, incident):
        return
    link = links.acknowledge_url(page)
    told = briefing.brief(incident) if run.reason == PageRun.Reason.MANAGEMENT else []
    words = wording.page(incident, acknowledge_url=link, reason=_why(run), brief=told)
    contacts.tell(
        page.user,
        Word.PAGE,
        key=f"page:{page.pk}",
        subject=words.subject,
        body=words.body,
        html=words.html,
        incident=incident,
        data={"acknowledge_url": link, "page": page.pk},
        urgency=urgency,
        run_key=run.pk,
        about=page.about,
    )


def _urgency(run: PageRun, incident: Incident) -> str:
    """Low is what the severity lets wait for business hours; who is asked for by name is asked urgently."""
    waits = run.reason in OWN and not policy_of(incident).pages_now
    return Urgency.LOW if waits else Urgency.HIGH


def _why(run: PageRun) -> str:
    """Why this page comes beside the usual one."""
    if run.reason in (PageRun.Reason.OPENED, PageRun.Reason.RAISED):
        return ""
    return run.note or str(PageRun.Reason(run.reason).label)
