"""Heartbeats: something reports in by itself, and silence is the alarm."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from detection import alerts, sources
from detection.kinds import HeartbeatState as State
from detection.models import Heartbeat
from detection.signals import Signal
from lib import text
from lib.durations import words
from lib.refusal import Invalid, Missing

SHORTEST, LONGEST = timedelta(seconds=30), timedelta(days=366)


@transaction.atomic
def create(*, actor: Actor, **fields: Any) -> tuple[Heartbeat, str]:
    """A new heartbeat and the token of its address, which nobody can show again.

    Raises:
        Invalid: no name or a taken one, no rhythm or two, an unreadable cron line, an unknown zone.
    """
    sources.may_configure(actor)
    beat, token = Heartbeat(), secrets.token_urlsafe(16)
    beat.digest, beat.prefix = sources.digest(token), token[:6]
    _fill(beat, fields)
    audit.note(actor, "heartbeat created", str(beat))
    return beat, token


@transaction.atomic
def change(heartbeat_id: int, *, actor: Actor, **fields: Any) -> Heartbeat:
    """Change its rhythm; what is due is reckoned anew from its last ping."""
    sources.may_configure(actor)
    beat = _locked(heartbeat_id)
    _fill(beat, fields)
    if beat.state in (State.UP, State.LATE) and beat.last_ping_at:
        beat.state, beat.due_at = State.UP, next_due(beat, beat.last_ping_at)
        beat.save(update_fields=["state", "due_at"])
    audit.note(actor, "heartbeat changed", str(beat))
    return beat


@transaction.atomic
def pause(heartbeat_id: int, *, actor: Actor, paused: bool) -> Heartbeat:
    """Stop or go on expecting it. A pause ends its alert; going on waits for a first ping."""
    sources.may_configure(actor)
    beat = _locked(heartbeat_id)
    if beat.is_paused != paused:
        was = beat.state
        beat.is_paused, beat.state, beat.due_at = paused, State.NEW, None
        beat.save(update_fields=["is_paused", "state", "due_at"])
        audit.note(actor, "heartbeat paused" if paused else "heartbeat resumed", str(beat))
        if was == State.DOWN:
            _speak(beat, "resolve")
    return beat


@transaction.atomic
def renew_token(heartbeat_id: int, *, actor: Actor) -> tuple[Heartbeat, str]:
    """A new address; the old one stops working at once."""
    sources.may_configure(actor)
    beat, token = _locked(heartbeat_id), secrets.token_urlsafe(16)
    beat.digest, beat.prefix = sources.digest(token), token[:6]
    beat.save(update_fields=["digest", "prefix"])
    audit.note(actor, "heartbeat address renewed", str(beat))
    return beat, token


def _locked(heartbeat_id: int) -> Heartbeat:
    rows = Heartbeat.objects.select_for_update(of=("self",)).select_related("service")
    beat = rows.filter(pk=heartbeat_id).first()
    if beat is None:
        raise Missing(_("There is no such heartbeat."))
    return beat


def _fill(beat: Heartbeat, fields: dict[str, Any]) -> None:
    for name in ("name", "service", "period", "cron", "time_zone", "grace", "severity"):
        if name in fields:
            setattr(beat, name, fields[name])
    beat.name = text.clean(beat.name, 100, field="name")
    beat.cron = (beat.cron or "").strip()
    if not beat.name:
        raise Invalid(_("Give it a name that says what reports in."), field="name")
    check_rhythm(beat)
    try:
        with transaction.atomic():
            beat.save()
    except IntegrityError as taken:
        raise Invalid(_("There is a heartbeat of that name already."), field="name") from taken


def check_rhythm(beat: Heartbeat) -> None:
    """Exactly one of period and cron, in bounds.

    Raises:
        Invalid: with the field to mend.
    """
    if bool(beat.period) == bool(beat.cron):
        raise Invalid(_("Say how often, or give a cron line: one of the two."), field="period")
    if beat.period and not SHORTEST <= beat.period <= LONGEST:
        raise Invalid(_("Use a time between 30 seconds and a year."), field="period")
    if not timedelta(0) <= beat.grace <= timedelta(days=31):
        raise Invalid(_("Use a grace between nothing and a month."), field="grace")
    if beat.time_zone not in available_timezones():
        raise Invalid(_("That is no time zone. Use a name such as Europe/Copenhagen."), field="time_zone")
    if beat.cron:
        try:
            next_due(beat, now())
        except (CronSimError, StopIteration) as bad:
            raise Invalid(_("That is no cron line. Write it like 30 2 * * *"), field="cron") from bad


def next_due(beat: Heartbeat, after: datetime) -> datetime:
    """When the next ping is expected after one at that time."""
    if beat.period:
        return after + beat.period
    zone = ZoneInfo(beat.time_zone)
    local: datetime = next(CronSim(beat.cron, after.astimezone(zone)))
    return local


@transaction.atomic
def ping(token: str, kind: str = "", code: int | None = None) -> Heartbeat | None:
    """It reported in: started, failed, or is well. None where there is no such address."""
    rows = Heartbeat.objects.select_for_update(of=("self",)).select_related("service")
    beat = rows.filter(digest=sources.digest(token)).first()
    if beat is None:
        return None
    at = now()
    if kind == "start":
        Heartbeat.objects.filter(pk=beat.pk).update(last_start_at=at)
        return beat
    failed = kind == "fail" or bool(code)
    was = beat.state
    beat.last_took = at - beat.last_start_at if beat.last_start_at else None
    beat.last_start_at, beat.last_ping_at, beat.last_code = None, at, code
    if not beat.is_paused:
        beat.state = State.DOWN if failed else State.UP
        beat.due_at = None if failed else next_due(beat, at)
    beat.save(update_fields=["last_took", "last_start_at", "last_ping_at", "last_code", "state", "due_at"])
    if failed and not beat.is_paused:
        said = _("code %(code)d") % {"code": code} if code else _("a failure")
        _speak(beat, "trigger", _("%(name)s reported %(said)s") % {"name": beat.name, "said": said})
    elif was == State.DOWN:
        _speak(beat, "resolve")
    return beat


def sweep(limit: int = 100) -> int:
    """Notice who did not report: late first, and after the grace down, with an alert. Return how many."""
    due = Heartbeat.objects.filter(is_paused=False, due_at__lte=now()).order_by("due_at")
    waiting = list(due.values_list("pk", "due_at")[:limit])
    return sum(_miss(pk, due_at) for pk, due_at in waiting if due_at)


def owed_since() -> datetime | None:
    """Since when the oldest silence waits to be noticed."""
    due = Heartbeat.objects.filter(is_paused=False, due_at__lte=now()).order_by("due_at")
    return due.values_list("due_at", flat=True).first()


@transaction.atomic
def _miss(pk: int, due_at: datetime) -> bool:
    """A ping that comes first changes ``due_at``, and then this claim finds nothing."""
    beat = Heartbeat.objects.select_related("service").get(pk=pk)
    claim = Heartbeat.objects.filter(pk=pk, due_at=due_at, is_paused=False)
    if beat.state == State.UP and beat.grace:
        return bool(claim.filter(state=State.UP).update(state=State.LATE, due_at=due_at + beat.grace))
    if not claim.update(state=State.DOWN, due_at=None):
        return False
    since = now() - beat.last_ping_at if beat.last_ping_at else beat.grace
    _speak(
        beat,
        "trigger",
        _("%(name)s has not reported for %(time)s") % {"name": beat.name, "time": words(since)},
    )
    return True


def _speak(beat: Heartbeat, action: Any, summary: str = "") -> None:
    signal = Signal(
        action=action,
        key=f"heartbeat:{beat.pk}",
        summary=summary,
        severity=beat.severity,
        service_id=beat.service_id,
        labels={"heartbeat": beat.name, "service": beat.service.slug},
    )
    alerts.ingest(sources.internal(), [signal])


def address(token: str) -> str:
    return f"{settings.BASE_URL}/ping/{token}"
