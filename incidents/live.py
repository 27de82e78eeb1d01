"""The live part of an incident's room: what it holds, and how one drawing serves everybody who watches.

Each reader asks every two seconds, so an event that two hundred await would be drawn two hundred times. What
is the same for all who may act, and for all who may not, is drawn once for somebody without a name: no
request is within reach while it is drawn, so nothing of one reader can come to another. The reader's own
token, key and pause take the place of marks afterwards, which are random words of that drawing alone: nobody
can write them into an incident beforehand. Who holds a chair or an open task sees other buttons, and has a
drawing of their own; so have the few who may see a private incident, of which nothing is kept.
"""

import secrets
import threading
from dataclasses import dataclass
from typing import Any, cast

from django.core.cache import caches
from django.db.models import Prefetch
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from accounts.models import Role as Rank
from accounts.models import User
from catalog import quiet
from catalog.models import Service
from incidents import deadlines, questions, room, runbooks, scoring, telling
from incidents.kinds import Status
from incidents.models import Incident, IncidentService
from incidents.seen import Seen

SHOWN_EVENTS = 50
DONE = (Status.CLOSED, Status.DISMISSED, Status.MERGED)
PART = "incidents/detail.html#live"
#: Seconds. News has a key of its own; this bounds what no event tells, such as a changed name.
LIFE = 5
# While one draws, others of this process wait for it, but not for long: then they draw themselves.
_PATIENCE = 2.0
_drawing = [threading.Lock() for _ in range(16)]


@dataclass(frozen=True)
class Drawn:
    """The live part as anybody sees it; ``own`` are the keys of people whose part differs."""

    html: str
    token_mark: str
    reader_mark: str
    pause_mark: str
    own: frozenset[int]
    is_over: bool

    def for_reader(self, token: str, user: User) -> str:
        own = {self.token_mark: token, self.reader_mark: str(user.pk), self.pause_mark: pause()}
        html = self.html
        for mark, word in own.items():
            html = html.replace(mark, word)
        return html


def pause() -> str:
    """How long a page waits until it asks again: about two seconds, by chance a quarter more or less.

    Who awaits the same news hears it in the same moment; without the chance they would all ask again in one.
    """
    return f"{1750 + secrets.randbelow(501)}ms"


@dataclass(frozen=True)
class Anybody:
    """Stands for the reader in a shared drawing: equal to nobody, and the key is a mark."""

    pk: str


@dataclass(frozen=True)
class Window:
    """Which lines of the timeline: one kind of them, and before or around an event's number."""

    show: str = ""
    before: str = ""
    at: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> "Window":
        show = request.GET.get("show", "")
        return cls(
            show if show in telling.GROUPS else "", request.GET.get("before", ""), request.GET.get("at", "")
        )

    def end(self, last: int) -> int | None:
        """The number that all lines are below; None is the newest page, which moves."""
        if _is_number(self.at):
            end = int(self.at) + SHOWN_EVENTS // 2
            return end if end <= last else None
        return int(self.before) if _is_number(self.before) else None


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 10


def answer(request: HttpRequest, incident_id: int, last: int) -> tuple[str, bool]:
    """The live part for this reader, who may see the incident, and whether the story is over.

    ``last`` is the number of the newest event that the caller saw: nothing older is given out.
    """
    user, window = cast(User, request.user), Window.of(request)
    may_act = user.is_at_least(Rank.RESPONDER)
    drawn = _shared(incident_id, last, window, may_act)
    if drawn and user.pk not in drawn.own:
        return drawn.for_reader(get_token(request), user), drawn.is_over
    incident = loaded(Incident.objects.visible_to(user), pk=incident_id)
    context = context_of(incident, may_act=may_act, window=window)
    return render_to_string(PART, context, request), incident.status in DONE


def loaded(rows: Any, **which: int) -> Incident:
    """The incident with what its head names. Raises Incident.DoesNotExist."""
    # What few incidents have (the one it was merged into, its parent) is asked for where it is there: joined,
    # two more of the widest rows cost every room more than all the others together.
    names = ("severity", "severity_version", "service__team", "acknowledged_by")
    found = rows.select_related(*names).prefetch_related(
        Prefetch("service_rows", IncidentService.objects.select_related("service"))
    )
    return cast(Incident, found.get(**which))


def _shared(incident_id: int, last: int, window: Window, may_act: bool) -> Drawn | None:
    """One drawing for many; None for a private incident. No reader is named here, and none may be."""
    kept = caches["drawn"]
    parts = (incident_id, last, window.show, int(may_act), get_language(), get_current_timezone_name())
    key = ":".join(str(part) for part in parts)
    found = cast(Drawn | None, kept.get(key))
    if found:
        return found
    lock = _drawing[hash(key) % len(_drawing)]
    is_first = lock.acquire(timeout=_PATIENCE)
    try:
        found = cast(Drawn | None, kept.get(key))
        if not found:
            # visible_to: the caller has asked for its reader; and what is private is left at once.
            rows = Incident.objects.filter(is_private=False)
            try:
                found = _draw(loaded(rows, pk=incident_id), window, may_act)
            except Incident.DoesNotExist:
                return None
            kept.set(key, found, LIFE)
        return found
    finally:
        if is_first:
            lock.release()


def _draw(incident: Incident, window: Window, may_act: bool) -> Drawn:
    token_mark, reader_mark, pause_mark = (secrets.token_hex(16) for _ in range(3))
    seen = Seen(incident)
    seen.on_call = _on_call(incident.service)
    context = context_of(incident, may_act=may_act, window=window, seen=seen)
    marks = {"csrf_token": token_mark, "user": Anybody(reader_mark), "pause": pause_mark}
    html = render_to_string(PART, {**context, **marks})
    holders = {row.user_id for row in seen.holdings}
    owners = {task.owner_id for task in context["tasks"] if task.ended_at is None and task.owner_id}
    return Drawn(
        html, token_mark, reader_mark, pause_mark, frozenset(holders | owners), incident.status in DONE
    )


def _on_call(service: Service) -> list[User]:
    """Who is on call changes with the hour and not with the event: asked once in `LIFE` for all drawings."""
    kept, key = caches["drawn"], f"on-call:{service.pk}"
    found = cast(list[User] | None, kept.get(key))
    if found is None:
        found = questions.ask.on_call_now(service)
        kept.set(key, found, LIFE)
    return found


def context_of(
    incident: Incident, *, may_act: bool, window: Window, seen: Seen | None = None
) -> dict[str, Any]:
    """The parts that the server changes while somebody watches; nothing here depends on who does."""
    seen = seen or Seen(incident)
    count, last = room.counts(incident)
    ticks = room.checklist(seen)
    promises = room.promises(incident, seen)
    tasks = sorted(incident.tasks.select_related("owner"), key=lambda task: task.ended_at is not None)
    books = runbooks.kept(incident)
    is_early = incident.status in (Status.TRIAGE, Status.ACTIVE)
    return {
        **_log(incident, window, last),
        "incident": incident,
        "last_number": last,
        "total": sum(count.values()),
        "groups": [
            (name, sum(count.get(kind, 0) for kind in kinds)) for name, kinds in telling.GROUPS.items()
        ],
        "quiet": quiet.of([service.pk for service in seen.services]) if incident.is_open else [],
        "score": scoring.of(incident) if scoring.is_due(incident) else None,
        "promises": promises,
        "promise": promises[0] if promises else None,
        "kept": deadlines.in_percent(*deadlines.adherence(incident)),
        "step": room.next_step(seen) if may_act else None,
        "ticks": ticks if is_early and not all(tick.is_done for tick in ticks) else [],
        "ticked": sum(tick.is_done for tick in ticks),
        "chairs": room.chairs(incident, seen),
        "open_runbooks": runbooks.opened(incident, books),
        "further_runbooks": runbooks.further(incident, books),
        "tasks": tasks,
        "open_tasks": sum(task.ended_at is None for task in tasks),
        "may_act": may_act,
        "scope": room.scope_words(incident),
        "services": seen.services,
        "watching": incident.status not in DONE,
        "pause": pause(),
    }


def _log(incident: Incident, window: Window, last: int) -> dict[str, Any]:
    """One page of the timeline, the newest first: constant work, however long the incident is.

    A page that ends before an event's number is the past, and does not move.
    """
    events = incident.timeline.select_related("actor").order_by("-number")
    if window.show:
        events = events.filter(kind__in=telling.GROUPS[window.show])
    end, zone = window.end(last), get_current_timezone_name()
    if end is not None:
        events = events.filter(number__lt=end)
    page = list(events[: SHOWN_EVENTS + 1])
    shown = page[:SHOWN_EVENTS]
    return {
        "lines": telling.tell(incident, shown),
        # Most lines of a drawing were in the one before; a line that changed is another one.
        "lines_life": LIFE,
        "lines_kept": "nowhere" if incident.is_private else "lines",
        "reads_in": (get_language(), zone, zone.rpartition("/")[2].replace("_", " ")),
        "earlier": shown[-1].number if len(page) > SHOWN_EVENTS else None,
        "is_past": end is not None,
        "show": window.show,
    }
