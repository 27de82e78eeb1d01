"""Many pages to one person in a short time: one bundle that is kept up to date, and does not ring again."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from incidents.models import Incident
from notifications import contacts, delivery, rules, wording
from notifications.models import OPEN, Channel, Delivery, Urgency, Word
from oncall import links
from oncall.models import Page, PageRun
from oncall.storm_models import Bundle, StormPolicy

#: Mail, which cannot be edited, is sent anew each time that the bundle has grown so many times: the second
#: incident is told at once, and a thousand make ten letters.
GROWTH = 2
_NAMED = 4
_LOUD_REASONS = (PageRun.Reason.ESCALATED, PageRun.Reason.HANDED, PageRun.Reason.TIMEOUT)


@dataclass(frozen=True)
class Call:
    """A page with what it is about, before anything rings."""

    page: Page
    run: PageRun
    incident: Incident


def gather(calls: Sequence[Call]) -> list[Call]:
    """Let their person's bundle tell of those that come too thick; return those that ring by themselves.

    The worst severity and drills always ring by themselves. The pages are written, and the caller holds the
    locks of their incidents.
    """
    policy = StormPolicy.current()
    if not policy.pages or not calls:
        return list(calls)
    since = now() - policy.within
    alone, thick = [], defaultdict(list)
    came = _before(calls, since)
    for call in calls:
        came[call.page.user_id] += 1
        is_loud = call.incident.severity.rank == 1 or call.incident.is_drill
        if is_loud or came[call.page.user_id] <= policy.pages:
            alone.append(call)
        else:
            thick[call.page.user_id].append(call)
    # In one order, or two sweeps could wait for each other's bundles.
    for _user, several in sorted(thick.items()):
        _bundle(several, since)
    return alone


def _before(calls: Sequence[Call], since: datetime) -> dict[int, int]:
    """How many pages each person got lately, without these."""
    users, these = {call.page.user_id for call in calls}, [call.page.pk for call in calls]
    pages = Page.objects.filter(user__in=users, created_at__gt=since).exclude(pk__in=these)
    counted = pages.order_by().values_list("user").annotate(n=Count("pk"))
    return defaultdict(int, counted)


def _bundle(calls: Sequence[Call], since: datetime) -> None:
    user = calls[0].page.user
    row, is_new = _join(user, since, len(calls)), False
    if row is None:
        row, is_new = _begin(user, len(calls))
    Page.objects.filter(pk__in=[call.page.pk for call in calls]).update(bundle=row)
    if is_new or row.rung_at <= since:
        _ring(row, soft=all(_may_be_soft(call.page, call.run, since) for call in calls))
    else:
        _refresh(row)


def waiting(row: Bundle) -> list[int]:
    """The runs in it that nobody has answered."""
    alive = (PageRun.Status.RUNNING, PageRun.Status.EXPIRED)
    pages = Page.objects.filter(bundle=row, run__status__in=alive)
    return list(pages.order_by("run").values_list("run", flat=True).distinct())


def _join(user: User, since: datetime, more: int) -> Bundle | None:
    """The open bundle, counted up by a conditional UPDATE: who acknowledges waits for us, or we for them."""
    row = Bundle.objects.filter(user=user, closed_at=None).first()
    if row is None:
        return None
    open_still = Bundle.objects.filter(pk=row.pk, closed_at=None)
    asks = Page.objects.filter(bundle=row, run__status=PageRun.Status.RUNNING)
    if asks.exists() and open_still.filter(last_at__gt=since).update(size=F("size") + more, last_at=now()):
        return Bundle.objects.get(pk=row.pk)
    mine = Page.objects.filter(bundle=row, run__acknowledged_by=user).exists()
    open_still.update(closed_at=now(), acknowledged_at=now() if mine else None)
    return None


def _begin(user: User, size: int) -> tuple[Bundle, bool]:
    """A bundle of this person, and whether it is new."""
    try:
        with transaction.atomic():
            return Bundle.objects.create(user=user, size=size), True
    except IntegrityError:
        # Somebody else began it at this moment, and rings.
        Bundle.objects.filter(user=user, closed_at=None).update(size=F("size") + size, last_at=now())
        return Bundle.objects.get(user=user, closed_at=None), False


def _may_be_soft(page: Page, run: PageRun, since: datetime) -> bool:
    """Who is awake and has answered the bundle before this one is told by push and chat.

    Escalation steps stay loud: they mean that somebody else did not answer.
    """
    if not rules.is_awake(page.user):
        return False
    if page.step > 1 or run.reason in _LOUD_REASONS:
        return False
    return Bundle.objects.filter(user=page.user, acknowledged_at__isnull=False, last_at__gt=since).exists()


def words(row: Bundle) -> tuple[str, str]:
    """``4 pages at once: SEV1 search (3), SEV2 checkout INC-7``, the worst first; one alone says as much as
    a page does. What is private is counted and named by its reference alone."""
    running = Q(page_runs__pages__bundle=row, page_runs__status=PageRun.Status.RUNNING)
    rows = Incident.objects.filter(running).select_related("severity", "service").distinct()
    incidents = sorted(rows, key=lambda one: (one.severity.rank, one.service.slug, one.number))
    count = (
        Page.objects.filter(bundle=row, run__status=PageRun.Status.RUNNING).values("run").distinct().count()
    )
    head = ngettext("%(n)d page more", "%(n)d pages at once", count) % {"n": count}
    named = _named(incidents)
    shown = ", ".join(named[:_NAMED])
    if len(named) > _NAMED:
        shown += ", " + _("%(n)d more") % {"n": len(named) - _NAMED}
    head += f": {shown}" if shown else ""
    return head, f"{head} · ack {links.bundle_url(row)}"


def _named(incidents: Sequence[Incident]) -> list[str]:
    """One alone as its page would say it; of more, each service once with its worst severity."""
    if len(incidents) == 1:
        [one] = incidents
        said = wording.head(one)
        return [said if one.is_private else f"{said} {one.reference}"]
    found = [(one.severity.rank, wording.head(one)) for one in incidents if one.is_private]
    by_service: dict[str, list[Incident]] = {}
    for one in incidents:
        if not one.is_private:
            by_service.setdefault(one.service.slug, []).append(one)
    for slug, several in by_service.items():
        which = several[0].reference if len(several) == 1 else f"({len(several)})"
        found.append((several[0].severity.rank, f"{several[0].severity.name} {slug} {which}"))
    return [text for _rank, text in sorted(found)]


def _ring(row: Bundle, *, soft: bool) -> None:
    at = now()
    Bundle.objects.filter(pk=row.pk).update(rung_at=at, told_size=row.size)
    head, body = words(row)
    contacts.tell(
        row.user,
        Word.PAGE,
        key=f"bundle:{row.pk}:{at.timestamp():.0f}",
        subject=head,
        body=body,
        data={"acknowledge_url": links.bundle_url(row), "bundle": f"bundle-{row.pk}"},
        planned=rules.firings(row.user, Urgency.HIGH, soft=soft),
        bundle_key=row.pk,
        about=row.about,
    )


def _refresh(row: Bundle) -> None:
    """Slack's message is edited, the push replaced; mail says it again when it has doubled."""
    head, body = words(row)
    rings = Delivery.objects.filter(about=row.about, word=Word.PAGE)
    rings.filter(OPEN, claims=0).update(subject=head[:300], body=body)
    latest = {one.channel + one.address: one for one in rings.exclude(sent_at=None).order_by("pk")}
    grown = row.size >= row.told_size * GROWTH
    if grown:
        Bundle.objects.filter(pk=row.pk).update(told_size=row.size)
    for sent in latest.values():
        if sent.channel in (Channel.SLACK, Channel.PUSH) or (grown and sent.channel == Channel.EMAIL):
            _say_again(row, sent, head, body)


def _say_again(row: Bundle, sent: Delivery, head: str, body: str) -> None:
    waiting = Delivery.objects.filter(
        OPEN, about=row.about, word=Word.NEWS, channel=sent.channel, address=sent.address, claims=0
    )
    if waiting.update(subject=head[:300], body=body):
        return
    data = {name: sent.fact(name) for name in ("acknowledge_url", "bundle", "method") if sent.fact(name)}
    if sent.channel == Channel.SLACK:
        told = sent.fact("told", {})
        data["edit"] = {"ts": told.get("ts"), "channel": told.get("channel")}
    delivery.owe(
        Word.NEWS,
        channel=sent.channel,
        address=sent.address,
        key=f"bundle:{row.pk}:{sent.pk}:{row.size}",
        recipient=row.user,
        subject=head,
        body=body,
        data=data,
        bundle_key=row.pk,
        about=row.about,
    )
