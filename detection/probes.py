"""HTTP checks: ask, judge N of the last M, alert, recover. Requests are made outside of any transaction."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from detection import alerts, expectation, matching, sources
from detection.kinds import CheckState as State
from detection.models import Check, CheckResult
from detection.signals import Signal
from lib import http, text
from lib.refusal import Invalid, Missing

_AT_ONCE = 8
_KEEP = timedelta(days=7)
_BODY = 256 * 1024
FIELDS = (
    "name", "service", "url", "method", "expected_status", "body_pattern", "latency_bound", "interval",
    "timeout", "failures_needed", "failures_window", "successes_needed", "severity",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What one request found; ``problem`` is empty when all is well."""

    problem: str = ""
    http_status: int | None = None
    elapsed: timedelta | None = None


@transaction.atomic
def create(*, actor: Actor, **fields: Any) -> Check:
    """A new check, due at once.

    Raises:
        Invalid: with the field to mend.
    """
    sources.may_configure(actor)
    check = _fill(Check(next_at=now(), state_at=now()), fields)
    audit.note(actor, "check created", str(check), after={"url": check.url})
    return check


@transaction.atomic
def change(check_id: int, *, actor: Actor, **fields: Any) -> Check:
    """Change what it asks and expects; it is due at once."""
    sources.may_configure(actor)
    check = _locked(check_id)
    before = check.url
    check.next_at = now()
    _fill(check, fields)
    audit.note(actor, "check changed", str(check), before={"url": before}, after={"url": check.url})
    return check


@transaction.atomic
def pause(check_id: int, *, actor: Actor, paused: bool) -> Check:
    """Stop or go on asking. A pause ends its alert: nobody is looking any more."""
    sources.may_configure(actor)
    check = _locked(check_id)
    if check.is_paused != paused:
        was, check.is_paused, check.next_at = check.state, paused, now()
        check.state, check.state_at = State.NEW, now()
        check.save(update_fields=["is_paused", "next_at", "state", "state_at"])
        audit.note(actor, "check paused" if paused else "check resumed", str(check))
        if was == State.DOWN:
            _speak(check, "resolve")
    return check


def _locked(check_id: int) -> Check:
    rows = Check.objects.select_for_update(of=("self",)).select_related("service")
    check = rows.filter(pk=check_id).first()
    if check is None:
        raise Missing(_("There is no such check."))
    return check


def _fill(check: Check, fields: dict[str, Any]) -> Check:
    for name in FIELDS:
        if name in fields:
            setattr(check, name, fields[name])
    check.name = text.clean(check.name, 100, field="name")
    if not check.name:
        raise Invalid(_("Give the check a name that says what it proves."), field="name")
    try:
        http.check_url(check.url)
    except http.Blocked as blocked:
        raise Invalid(str(blocked), field="url") from blocked
    expectation.statuses(check.expected_status)
    if check.body_pattern:
        try:
            matching.compiled(check.body_pattern)
        except Invalid as bad:
            raise Invalid(bad.message, code=bad.code, field="body_pattern") from bad
    _check_times(check)
    try:
        with transaction.atomic():
            check.save()
    except IntegrityError as taken:
        raise Invalid(_("There is a check of that name already."), field="name") from taken
    return check


def _check_times(check: Check) -> None:
    if not timedelta(seconds=10) <= check.interval <= timedelta(days=1):
        raise Invalid(_("Ask between every 10 seconds and once a day."), field="interval")
    if not timedelta(seconds=1) <= check.timeout <= timedelta(seconds=30):
        raise Invalid(_("Give up after 1 to 30 seconds."), field="timeout")
    if check.latency_bound is not None and not timedelta(0) < check.latency_bound <= check.timeout:
        raise Invalid(_("Use a bound above nothing and not above the timeout."), field="latency_bound")
    if not 1 <= check.failures_needed <= check.failures_window <= 20 or not 1 <= check.successes_needed <= 20:
        raise Invalid(_("Of the last 1 to 20 answers, so many or fewer may fail."), field="failures_needed")


def sweep(limit: int = 24) -> int:
    """Make the requests that are due, some at once; return how many."""
    due = Check.objects.filter(is_paused=False, next_at__lte=now()).order_by("next_at")
    claimed = [check for check in due[:limit] if _claim(check)]
    if not claimed:
        return 0
    # Threads ask; rows are written here, so that no thread needs a connection of its own.
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for check, finding in zip(claimed, pool.map(ask, claimed), strict=True):
            record(check.pk, finding)
    return len(claimed)


def owed_since() -> datetime | None:
    """Since when the oldest check waits to be made."""
    due = Check.objects.filter(is_paused=False, next_at__lte=now()).order_by("next_at")
    return due.values_list("next_at", flat=True).first()


def _claim(check: Check) -> bool:
    """Ours if nobody moved ``next_at`` in between; a check that was late long is not made up for."""
    due = Check.objects.filter(pk=check.pk, next_at=check.next_at, is_paused=False)
    return bool(due.update(next_at=now() + check.interval))


def ask(check: Check, fetch: Callable[..., http.Answer] = http.fetch) -> Finding:
    """Make the request and judge the answer."""
    try:
        answer = fetch(
            check.method, check.url, timeout=check.timeout.total_seconds(), max_bytes=_BODY, redirects=0
        )
    except (http.Blocked, http.Unreachable) as error:
        return Finding(problem=str(error)[:300])
    problem = expectation.disappointment(
        expected=check.expected_status,
        pattern=check.body_pattern,
        bound=check.latency_bound,
        status=answer.status,
        body=answer.text,
        elapsed=answer.elapsed,
    )
    return Finding(problem[:300], answer.status, answer.elapsed)


@transaction.atomic
def record(check_id: int, finding: Finding) -> Check | None:
    """Keep what was found; turn the check down or up when enough answers say so."""
    check = (
        Check.objects.select_for_update(of=("self",)).select_related("service").filter(pk=check_id).first()
    )
    if check is None or check.is_paused:
        return None
    CheckResult.objects.create(
        check_row=check,
        at=now(),
        is_ok=not finding.problem,
        http_status=finding.http_status,
        elapsed=finding.elapsed,
        problem=finding.problem,
    )
    state = _judge(check)
    if state != check.state:
        was, check.state, check.state_at = check.state, state, now()
        check.save(update_fields=["state", "state_at"])
        if state == State.DOWN:
            _speak(check, "trigger", finding.problem)
        elif was == State.DOWN:
            _speak(check, "resolve")
    return check


def _judge(check: Check) -> str:
    """Answers since the check last turned count; N failures of the last M turn it down, K in a row up."""
    size = max(check.failures_window, check.successes_needed)
    recent = list(check.results.order_by("-pk").values_list("is_ok", flat=True)[:size])
    if check.state == State.DOWN:
        well = recent[: check.successes_needed]
        return State.UP if len(well) == check.successes_needed and all(well) else State.DOWN
    if recent[: check.failures_window].count(False) >= check.failures_needed:
        # A recovered check is not turned down again by the failures that it has recovered from.
        return State.DOWN if recent[0] is False else check.state
    return State.UP if recent[0] else check.state


def _speak(check: Check, action: Any, problem: str = "") -> None:
    signal = Signal(
        action=action,
        key=f"check:{check.pk}",
        summary=_("%(name)s fails: %(problem)s") % {"name": check.name, "problem": problem}
        if problem
        else "",
        severity=check.severity,
        service_id=check.service_id,
        labels={"check": check.name, "service": check.service.slug},
        links=({"href": check.url, "text": check.url[:200]},),
    )
    alerts.ingest(sources.internal(), [signal])


def forget_results(limit: int = 2000) -> int:
    """Delete results older than a week, a batch at a time; return how many."""
    old = CheckResult.objects.filter(at__lt=now() - _KEEP).order_by("pk").values_list("pk", flat=True)
    batch = list(old[:limit])
    return CheckResult.objects.filter(pk__in=batch).delete()[0] if batch else 0
