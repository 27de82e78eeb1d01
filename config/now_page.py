"""What the Now page and the guide of an empty house show, read from every room."""

import copy
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Prefetch
from django.http import HttpRequest
from django.urls import resolve
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from config import lateness
from config.context import address
from detection.models import Alert, Source
from incidents.models import Deadline, Incident, RoleHolding
from lib import durations
from notifications.models import Delivery, Word
from oncall.models import LayerMember, Page, PageRun
from outbox import breaches, pulse
from outbox.models import Message

logger = logging.getLogger(__name__)
COMMANDER = "incident_commander"
# More open incidents than this are read in the list.
AT_MOST = 25
HOUR = timedelta(hours=1)
# What other rooms show here, in this order: main column, side column.
MAIN, SIDE = ("postmortems:now",), ("oncall:now", "detection:now", "statuspage:now")


@dataclass(frozen=True)
class Promise:
    """What an incident owes next, ready to be drawn."""

    label: str
    due: datetime
    left: str
    late: bool
    soon: bool
    value: int
    max: int


@dataclass(frozen=True)
class Line:
    """One open incident."""

    incident: Incident
    age: timedelta
    commander: User | None
    promise: Promise | None


@dataclass(frozen=True)
class Step:
    """One step of the guide."""

    done: bool
    title: str
    text: str
    url: str
    verb: str


def promise(deadline: Deadline) -> Promise:
    """A running deadline in words: what, by when, how long still."""
    left = deadline.due_at - now()
    late = left < timedelta(0)
    whole = max(int((deadline.due_at - deadline.started_at).total_seconds()), 1)
    kind = deadline.get_kind_display()
    due = localtime(deadline.due_at)
    by = f"{due:%H:%M}" if due.date() == localtime(now()).date() else f"{due:%a %d %b, %H:%M}"
    label = _("%(what)s: missed") if late else _("%(what)s by %(by)s")
    short = durations.words(left) if abs(left) >= HOUR else durations.clock(left)
    return Promise(
        label=label % {"what": kind, "by": by},
        due=deadline.due_at,
        left=_("%(time)s late") % {"time": durations.words(left)} if late else short,
        late=late,
        soon=not late and left.total_seconds() < whole / 5,
        value=1 if late else int(left.total_seconds()),
        max=1 if late else whole,
    )


def open_incidents(user: User) -> list[Line]:
    """The worst first; each with what it owes next and who commands it."""
    running = Deadline.objects.filter(stopped_at=None, overtaken_at=None).order_by("due_at")
    chairs = RoleHolding.objects.filter(until=None, role__slug=COMMANDER).select_related("user")
    found = (
        Incident.objects.visible_to(user)
        .open()
        .select_related("severity", "service")
        .prefetch_related(
            Prefetch("deadlines", running, to_attr="running"),
            Prefetch("holdings", chairs, to_attr="commanders"),
        )
        .order_by("severity__rank", "-detected_at")[:AT_MOST]
    )
    return [_line(incident) for incident in found]


def _line(incident: Incident) -> Line:
    seen: Any = incident
    return Line(
        incident=incident,
        age=now() - incident.detected_at,
        commander=seen.commanders[0].user if seen.commanders else None,
        promise=promise(seen.running[0]) if seen.running else None,
    )


def my_pages(user: User) -> list[Page]:
    """Who asks for me and has no answer yet, one line an incident, the worst first."""
    asked = (
        Page.objects.filter(
            user=user,
            status=Page.Status.NOTIFIED,
            run__status=PageRun.Status.RUNNING,
            run__incident__in=Incident.objects.visible_to(user).open(),
        )
        .select_related("run__incident__severity", "run__incident__service")
        .order_by("run__incident__severity__rank", "created_at")
    )
    by_incident = {page.run.incident_id: page for page in reversed(asked)}
    return sorted(by_incident.values(), key=lambda page: (page.run.incident.severity.rank, page.created_at))


def health(user: User) -> dict[str, Any]:
    """Whether somebody would be woken now."""
    late = lateness.late_sweeps()
    waiting = Message.objects.filter(delivered_at=None, abandoned_at=None, due_at__lte=now())
    oldest = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    tests = Delivery.objects.filter(recipient=user, word=Word.TEST).exclude(sent_at=None)
    return {
        "late": late,
        "asleep": lateness.meaning(late),
        "broken": breaches.standing(),
        "last_sweep": max(pulse.last_finished().values(), default=None),
        "oldest": oldest,
        "abandoned": Message.objects.exclude(abandoned_at=None).count(),
        "test": tests.order_by("-sent_at").first(),
    }


def steps(user: User) -> list[Step]:
    """The guide of an empty house, each step ticked by what is true."""
    tested = Delivery.objects.filter(word=Word.TEST).exclude(sent_at=None).exists()
    return [
        Step(
            LayerMember.objects.filter(user=user).exists(),
            _("Put yourself on call"),
            _("Somebody has to be woken. You can hand it over at any time."),
            address("oncall:index"),
            _("Open the schedules"),
        ),
        Step(
            Alert.objects.exists(),
            _("Connect what watches your systems"),
            _("Alertmanager, Grafana, anything that can send a request: make a source, copy its address."),
            address("detection:index"),
            _("Connect a source"),
        ),
        Step(
            tested,
            _("Send yourself a test page"),
            _("It takes the same way as a real one at night."),
            address("notifications:contacts") or address("accounts:profile"),
            _("Choose how to be reached"),
        ),
        Step(
            User.objects.filter(is_active=True).count() > 1,
            _("Invite the people who answer"),
            _("Two are enough for a night; a SEV1 needs three chairs."),
            address("accounts:people"),
            _("Invite people"),
        ),
    ]


def is_empty() -> bool:
    """Nothing has ever rung, and nothing is connected that could."""
    asked = Incident.objects.all()  # Counts only: says nothing of any incident.
    return not (asked.exists() or Source.objects.exclude(kind="internal").exists())


def fragment(request: HttpRequest, name: str) -> SafeString:
    """What a room shows here, asked from its own view; one that fails does not take the page down."""
    url = address(name)
    if not url:
        return SafeString("")
    inner = copy.copy(request)
    inner.META = {**request.META, "HTTP_HX_REQUEST": "true"}
    inner.__dict__.pop("headers", None)
    inner.htmx = HtmxDetails(inner)  # type: ignore[attr-defined]
    match = resolve(url)
    try:
        response = match.func(inner, *match.args, **match.kwargs)
        if hasattr(response, "render"):
            response.render()
    except Exception:
        logger.exception("the part %s of the Now page failed", name)
        sorry = _("A part of this page failed; the reason is in the log.")
        return format_html('<p class="say warn small">{}</p>', sorry)
    # Our own views' answer, escaped by their templates.
    return SafeString(response.content.decode()) if response.status_code == 200 else SafeString("")


def facts(request: HttpRequest) -> dict[str, Any]:
    """Everything that the Now page shows."""
    user = cast(User, request.user)
    guide = steps(user)
    return {
        "pages": my_pages(user),
        "lines": open_incidents(user),
        "at": now(),
        "health": health(user),
        "main_parts": [fragment(request, name) for name in MAIN],
        "side_parts": [fragment(request, name) for name in SIDE],
        "steps": guide,
        "current": next((step.title for step in guide if not step.done), ""),
        "steps_done": sum(step.done for step in guide),
        "is_empty": is_empty(),
    }
