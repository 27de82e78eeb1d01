"""What must always hold for pages, stated apart from the code that pages: the pager's pager asks this."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import CharField, Exists, Min, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils.timezone import now
from django.utils.translation import gettext as _

from incidents.kinds import DeadlineKind, Status
from incidents.models import Deadline
from lib.promises import Broken
from notifications.models import Delivery, Word
from oncall import stopping
from oncall.models import Page, PageRun

# A sweep a second, and the watch's relief after a few.
LATE = timedelta(seconds=30)
# What was with a receiver when the acknowledgement came may still arrive: a lease and the longest time-out.
IN_FLIGHT = timedelta(seconds=30)
# A loop-in travels by the outbox and its first retry.
MANAGEMENT_LATE = timedelta(minutes=2)
# So far back they look: what was wrong before is history.
LOOK_BACK = timedelta(hours=1)
AT_MOST = 1000


def unasked() -> Broken | None:
    """No run stands at a due step: it is climbed, or it ends with a reason."""
    late = PageRun.objects.filter(
        stopping.wanted(), status=PageRun.Status.RUNNING, next_at__lt=now() - LATE
    ).order_by("next_at")
    found = list(late.values_list("next_at", flat=True)[:AT_MOST])
    if not found:
        return None
    return Broken("steps", _("%(n)d are due and nobody was asked") % {"n": len(found)}, found[0])


def untried() -> Broken | None:
    """No unanswered page stands without a try, a planned one, or a reason why there is none."""
    at = now()
    about = Concat(Value("page:"), Cast(OuterRef("pk"), CharField()))
    seen_to = (
        Q(claims__gt=0)
        | Q(sent_at__isnull=False)
        | Q(failed_at__isnull=False)
        | Q(cancelled_at__isnull=False)
        | Q(due_at__gt=at - LATE)
    )
    tried = Delivery.objects.filter(seen_to, about=about)
    bundled = Concat(Value("bundle:"), Cast(OuterRef("bundle_id"), CharField()))
    pages = Page.objects.filter(
        ~Exists(tried) & ~Exists(Delivery.objects.filter(seen_to, about=bundled)),
        status=Page.Status.NOTIFIED,
        run__status=PageRun.Status.RUNNING,
        created_at__lt=at - LATE,
        created_at__gt=at - LOOK_BACK,
    )
    found = list(pages.order_by("created_at").values_list("created_at", flat=True)[:AT_MOST])
    if not found:
        return None
    return Broken(
        "asked", _("%(n)d people were asked and no message was tried") % {"n": len(found)}, found[0]
    )


def after_acknowledgement() -> Broken | None:
    """No message of a run goes out after the run was acknowledged, but for what was in flight then."""
    answered: dict[int, datetime] = {}
    runs = PageRun.objects.filter(acknowledged_at__gt=now() - LOOK_BACK).order_by("-acknowledged_at")
    for pk, at in runs.values_list("pk", "acknowledged_at")[:AT_MOST]:
        if at:
            answered[pk] = at
    pages: dict[str, int] = {}
    for pk, run in Page.objects.filter(run__in=answered).values_list("pk", "run"):
        pages[f"page:{pk}"] = run
    late: dict[int, list[datetime]] = defaultdict(list)
    sent = Delivery.objects.filter(about__in=pages, word=Word.PAGE, sent_at__isnull=False)
    for about, sent_at in sent.values_list("about", "sent_at"):
        run = pages[about]
        if sent_at and sent_at > answered[run] + IN_FLIGHT:
            late[run].append(sent_at)
    if not late:
        return None
    reason = _("%(n)d runs rang after their acknowledgement") % {"n": len(late)}
    return Broken("after-acknowledgement", reason, min(min(times) for times in late.values()))


def management_unheard() -> Broken | None:
    """Every missed management clock has its loop-in, one per opening (`reacting.loop_in_management`)."""
    at = now()
    key = Concat(
        Value("management:"),
        Cast(OuterRef("incident_id"), CharField()),
        Value(":"),
        Cast(OuterRef("opening"), CharField()),
    )
    missed = Deadline.objects.filter(
        ~Exists(PageRun.objects.filter(key=key)),
        kind=DeadlineKind.MANAGEMENT,
        missed_at__lt=at - MANAGEMENT_LATE,
        missed_at__gt=at - LOOK_BACK,
        # Mitigated: told, not paged, and that is no run. Over: nobody has to be looped in.
        incident__status__in=(Status.TRIAGE, Status.ACTIVE),
        incident__is_drill=False,
        incident__is_retrospective=False,
    )
    since = missed.aggregate(at=Min("missed_at"))["at"]
    if since is None:
        return None
    return Broken("management", _("a clock ran out and management was not paged"), since)
