"""Swaps: a shift offered to a colleague, maybe for one of theirs; nothing changes until they accept."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role, User
from lib.refusal import Forbidden, Invalid, Missing, Refused
from lib.text import clean
from notifications import contacts
from notifications.models import Word
from oncall import rota, schedules
from oncall.models import Override, Schedule, Swap

Span = tuple[datetime, datetime]
# An offer without an answer must not hang over a shift for weeks.
LASTS = timedelta(days=7)
# For a shift that runs already: so long has the other to answer.
AT_LEAST = timedelta(hours=1)


@transaction.atomic
def propose(
    schedule_id: int, *, actor: Actor, other_id: int, given: Span, back: Span | None = None, note: str = ""
) -> Swap:
    """Offer a span of one's own to somebody, who is told; for ``back``, one of theirs.

    Raises:
        Invalid: it is not yours, theirs is not theirs, or it is over.
        Refused: ``already`` when the same span is offered elsewhere.
        Forbidden: viewers.
    """
    me = _responder(actor)
    schedule = Schedule.objects.select_for_update().filter(pk=schedule_id).first()
    other = User.objects.filter(pk=other_id, is_active=True).first()
    if schedule is None or other is None:
        raise Missing(_("There is no such schedule or person."))
    if other == me or not other.is_at_least(Role.RESPONDER):
        raise Invalid(_("Offer it to a colleague who may answer pages."), field="other")
    for name, span in (("end", given), ("back_end", back)):
        _check_span(span, name)
    _check_holds(schedule, me, given, "start")
    if back:
        _check_holds(schedule, other, back, "back_start")
    mine = Swap.objects.filter(_open(), schedule=schedule, proposer=me)
    if mine.filter(start__lt=given[1], end__gt=given[0]).exists():
        raise Refused("already", _("You have offered this shift already. Withdraw that offer first."))
    row = Swap.objects.create(
        schedule=schedule,
        proposer=me,
        other=other,
        start=given[0],
        end=given[1],
        back_start=back[0] if back else None,
        back_end=back[1] if back else None,
        note=clean(note, 200, field="note"),
        expires_at=_expiry(given, back),
    )
    audit.note(actor, "swap.proposed", schedule, after=_facts(row))
    _tell(other, row, "proposed", _("%(name)s offers you a shift") % {"name": me})
    return row


def _responder(actor: Actor) -> User:
    if actor.user is None or not actor.is_at_least(Role.RESPONDER):
        raise Forbidden(_("This needs the role responder."))
    return actor.user


def _check_span(span: Span | None, field: str) -> None:
    if span is None:
        return
    if span[1] <= span[0]:
        raise Invalid(_("It has to end after it starts."), field=field)
    if span[1] <= now():
        raise Invalid(_("That span is over already."), field=field)
    if span[1] - span[0] > schedules.LONGEST_OVERRIDE:
        raise Invalid(_("A year is the longest span."), field=field)


def _check_holds(schedule: Schedule, user: User, span: Span, field: str) -> None:
    if not _holds(schedule, user, span):
        raise Invalid(
            _("%(name)s is not on call on %(schedule)s for all of that time.")
            % {"name": user, "schedule": schedule},
            field=field,
        )


def _holds(schedule: Schedule, user: User, span: Span) -> bool:
    """Is what is left of the span the person's own, all of it?"""
    start = max(span[0], now())
    if start >= span[1]:
        return False
    found = rota.shifts(schedules.load(schedule, since=start), start, span[1])
    return all(shift.user == user.pk for shift in found)


def _expiry(given: Span, back: Span | None) -> datetime:
    first = min(span[0] for span in (given, back) if span)
    return min(max(first, now() + AT_LEAST), now() + LASTS, given[1])


def _open() -> Q:
    return Q(status=Swap.Status.PROPOSED, expires_at__gt=now())


@transaction.atomic
def accept(swap_id: int, *, actor: Actor) -> Swap:
    """The other one agrees: from now on both stand in for each other.

    Raises:
        Refused: ``changed`` when somebody else holds a span by now; ``over`` when it is answered or expired.
        Forbidden: it was offered to somebody else.
    """
    row = _answerable(swap_id)
    # The schedule is the lock of its overrides, so two swaps of one span cannot both be accepted.
    Schedule.objects.select_for_update().get(pk=row.schedule_id)
    _is_for(row, actor, row.other)
    spans = [(row.proposer, row.other, row.start, row.end)]
    if row.back_start and row.back_end:
        spans.append((row.other, row.proposer, row.back_start, row.back_end))
    for holder, taker, start, end in spans:
        if not holder.is_active or not taker.is_active or not _holds(row.schedule, holder, (start, end)):
            raise Refused(
                "changed",
                _("%(name)s no longer holds all of that shift, so it cannot be swapped.") % {"name": holder},
            )
    _settle(row, Swap.Status.ACCEPTED)
    for holder, taker, start, end in spans:
        Override.objects.create(
            schedule=row.schedule,
            user=taker,
            start=max(start, now()),
            end=end,
            note=clean(_("Swap with %(name)s.") % {"name": holder} + f" {row.note}", 200),
            created_by=row.proposer,
        )
    audit.note(actor, "swap.accepted", row.schedule, after=_facts(row))
    _tell(row.proposer, row, "accepted", _("%(name)s takes your shift") % {"name": row.other})
    return row


@transaction.atomic
def decline(swap_id: int, *, actor: Actor) -> Swap:
    """The other one says no; the shift stays where it is."""
    row = _answerable(swap_id)
    _is_for(row, actor, row.other)
    _settle(row, Swap.Status.DECLINED)
    audit.note(actor, "swap.declined", row.schedule, after=_facts(row))
    _tell(row.proposer, row, "declined", _("%(name)s cannot take your shift") % {"name": row.other})
    return row


@transaction.atomic
def withdraw(swap_id: int, *, actor: Actor) -> Swap:
    """The offer is taken back before it was answered."""
    row = _answerable(swap_id)
    _is_for(row, actor, row.proposer)
    _settle(row, Swap.Status.WITHDRAWN)
    audit.note(actor, "swap.withdrawn", row.schedule, after=_facts(row))
    _tell(row.other, row, "withdrawn", _("%(name)s has withdrawn the offer") % {"name": row.proposer})
    return row


def _answerable(swap_id: int) -> Swap:
    row = Swap.objects.select_related("schedule", "proposer", "other").filter(pk=swap_id).first()
    if row is None:
        raise Missing(_("There is no such offer."))
    if row.status != Swap.Status.PROPOSED:
        raise Refused("over", _("This offer is over: %(state)s.") % {"state": row.get_status_display()})
    if row.expires_at <= now():
        raise Refused("over", _("This offer has expired. The shift stays with %(n)s.") % {"n": row.proposer})
    return row


def _is_for(row: Swap, actor: Actor, user: User) -> None:
    if actor.user != user:
        raise Forbidden(_("Only %(name)s can do this.") % {"name": user})
    _responder(actor)


def _settle(row: Swap, status: str) -> None:
    """The claim: of two answers at the same moment one counts."""
    claimed = Swap.objects.filter(pk=row.pk, status=Swap.Status.PROPOSED)
    if not claimed.update(status=status, answered_at=now()):
        raise Refused("over", _("This offer was answered a moment ago."))
    row.refresh_from_db(fields=["status", "answered_at"])


def sweep(limit: int = 100) -> int:
    """Offers that nobody answered in time end, and who made them is told: the shift is still theirs."""
    late = Swap.objects.filter(status=Swap.Status.PROPOSED, expires_at__lte=now()).order_by("expires_at")
    return sum(_expire(pk) for pk in list(late.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _expire(swap_id: int) -> bool:
    due = Swap.objects.filter(pk=swap_id, status=Swap.Status.PROPOSED, expires_at__lte=now())
    if not due.update(status=Swap.Status.EXPIRED, answered_at=now()):
        return False
    row = Swap.objects.select_related("schedule", "proposer", "other").get(pk=swap_id)
    _tell(row.proposer, row, "expired", _("Nobody took your shift: it is still yours"))
    return True


def of(user: User) -> QuerySet[Swap]:
    """What waits for this person's answer, or for the answer to this person; the soonest first."""
    rows = Swap.objects.filter(_open()).filter(Q(proposer=user) | Q(other=user))
    return rows.select_related("schedule", "proposer", "other").order_by("expires_at")


def _facts(row: Swap) -> dict[str, object]:
    return {
        "from": str(row.proposer),
        "to": str(row.other),
        "start": row.start,
        "end": row.end,
        "back_start": row.back_start,
        "back_end": row.back_end,
    }


def _tell(user: User, row: Swap, what: str, subject: str) -> None:
    if not user.is_active:
        return
    zone = ZoneInfo(user.time_zone or row.schedule.time_zone)

    def clock(at: datetime) -> str:
        return f"{at.astimezone(zone):%a %d %b, %H:%M}"

    lines = [
        _("%(schedule)s, %(start)s to %(end)s: %(giver)s gives, %(taker)s takes.")
        % {"schedule": row.schedule, "start": clock(row.start), "end": clock(row.end),
           "giver": row.proposer, "taker": row.other}
    ]  # fmt: skip
    if row.back_start and row.back_end:
        lines.append(
            _("In return, %(start)s to %(end)s: %(taker)s gives, %(giver)s takes.")
            % {"start": clock(row.back_start), "end": clock(row.back_end),
               "giver": row.proposer, "taker": row.other}
        )  # fmt: skip
    lines += [row.note] if row.note else []
    if row.status == Swap.Status.PROPOSED:
        lines.append(_("Answer before %(when)s.") % {"when": clock(row.expires_at)})
    lines.append(settings.BASE_URL + reverse("oncall:index") + "#swaps")
    key = f"swap:{row.pk}:{what}:{user.pk}"
    contacts.tell(user, Word.NEWS, key=key, subject=subject, body="\n".join(lines), about=f"swap:{row.pk}")
