"""Silences: signals that match open nothing until an end, for a reason that everybody can read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from detection import matching
from detection.models import Alert, Silence
from detection.routing import described
from detection.sources import may_operate
from lib import text
from lib.refusal import Invalid, Missing

LONGEST = timedelta(days=90)


@transaction.atomic
def silence(*, actor: Actor, matchers: Any, until: datetime, reason: str) -> Silence:
    """Keep matching signals from opening anything, until then: for responders, who are woken.

    Raises:
        Invalid: no matchers (that would silence everything), no reason, an end in the past or far away.
    """
    may_operate(actor)
    checked = matching.check(matchers)
    moment = now()
    if not checked:
        raise Invalid(_("Say which alerts: at least one matcher."), field="matchers")
    why = text.clean(reason, 500, field="reason")
    if not why:
        raise Invalid(_("Say why, so that the next person knows."), field="reason")
    if not moment < until <= moment + LONGEST:
        raise Invalid(_("End it in the future, within 90 days."), field="until")
    row = Silence.objects.create(
        matchers=checked, reason=why, until=until, starts_at=moment, created_by=actor.user
    )
    audit.note(actor, "silence begun", row.words, after={"until": until.isoformat(), "reason": why})
    return row


@transaction.atomic
def end(silence_id: int, *, actor: Actor) -> Silence:
    """End it now; what still fires is looked at again by the next sweep."""
    may_operate(actor)
    row = Silence.objects.select_for_update().filter(pk=silence_id).first()
    if row is None:
        raise Missing(_("There is no such silence."))
    if row.ended_at is None and row.until > now():
        row.ended_at = now()
        row.save(update_fields=["ended_at"])
        audit.note(actor, "silence ended", row.words)
    return row


def running() -> list[Silence]:
    """What is silent now."""
    moment = now()
    return list(Silence.objects.filter(ended_at=None, starts_at__lte=moment, until__gt=moment))


def over(alert: Alert, silences: Sequence[Silence]) -> Silence | None:
    """The silence that covers this alert, if any."""
    if not silences:
        return None
    labels = {
        **described(alert.labels, summary=alert.summary, severity=alert.severity),
        "service": alert.service.slug,
        "alert_source": alert.source.name,
    }
    return next((row for row in silences if matching.matches(row.matchers, labels)), None)
