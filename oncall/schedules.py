"""Schedules as rows: read for the engine, asked who is on call, and edited."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet, prefetch_related_objects
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit, responders
from accounts.actors import Actor
from accounts.models import Role, User
from lib.refusal import Forbidden, Invalid, Missing, Refused
from lib.text import clean
from oncall import rota, windows
from oncall.models import Layer, LayerMember, Override, PastLayer, Schedule

LONGEST_OVERRIDE = timedelta(days=366)


def layers_of(schedule: Schedule) -> list[Layer]:
    """The rows from the lowest to the highest; what was prefetched is not asked for again."""
    if "layers" in getattr(schedule, "_prefetched_objects_cache", {}):
        return sorted(schedule.layers.all(), key=lambda layer: (layer.position, layer.pk))
    return list(schedule.layers.order_by("position", "pk").prefetch_related("members__user"))


def load(schedule: Schedule, *, since: datetime | None = None) -> rota.Rota:
    """The schedule as the engine sees it; what ended before ``since`` (now) is left out.

    Past layers have negative keys: their rows are of another table.
    """
    live = layers_of(schedule)
    here = [
        rota.Layer(
            key=layer.pk,
            name=layer.name,
            zone=schedule.time_zone,
            first_day=layer.first_day,
            hand_over=layer.hand_over,
            days=layer.days,
            people=tuple(place.user_id for place in layer.members.all() if place.user.is_active),
            hours=layer.hours,
            windows=tuple(windows.parse(line) for line in layer.windows),
            since=layer.since,
        )
        for layer in live
    ]
    placed = [(layer.position, one) for layer, one in zip(live, here, strict=True)]
    begin = since or now()
    # After the live ones: whatever is changed in between, no moment is left without a rotation.
    placed += [(row.position, _past(row)) for row in _past_ahead(schedule, begin)]
    layers = tuple(one for _place, one in sorted(placed, key=lambda pair: pair[0]))
    rows = [row for row in overrides_ahead(schedule, begin) if row.end > begin]
    overrides = tuple(rota.Override(row.pk, row.user_id, row.start, row.end, row.note) for row in rows)
    return rota.Rota(layers, overrides)


def _past_ahead(schedule: Schedule, since: datetime) -> Iterable[PastLayer]:
    if hasattr(schedule, "fetched_past"):
        return cast(list[PastLayer], schedule.fetched_past)
    return schedule.past_layers.filter(until__gt=since)


def overrides_ahead(schedule: Schedule, since: datetime) -> Iterable[Override]:
    """Those that end after ``since``, the oldest row first; what `on_call_of` fetched is not asked again."""
    if hasattr(schedule, "fetched_overrides"):
        return cast(list[Override], schedule.fetched_overrides)
    return _standing(since).filter(schedule=schedule)


def _standing(since: datetime) -> "QuerySet[Override]":
    # Who is off stands in no more; what they stood in for before stays theirs.
    counts = Q(user__is_active=True) | Q(end__lte=now())
    return Override.objects.filter(counts, end__gt=since).order_by("pk")


def _past(row: PastLayer) -> rota.Layer:
    return rota.Layer(
        key=-row.pk,
        name=row.name,
        zone=row.time_zone,
        first_day=row.first_day,
        hand_over=row.hand_over,
        days=row.days,
        people=tuple(row.people),
        hours=row.hours,
        windows=tuple(windows.parse(line) for line in row.windows),
        since=row.since,
        until=row.until,
    )


def who(schedule: Schedule, at: datetime | None = None) -> rota.Answer:
    """Who answers at a moment (now), and why."""
    moment = at or now()
    return rota.who(load(schedule, since=moment), moment)


def on_call(schedule: Schedule, at: datetime | None = None) -> User | None:
    """The person who answers, or None in a gap."""
    holder = who(schedule, at).user
    return User.objects.filter(pk=holder).first() if holder else None


def on_call_of(several: Sequence[Schedule]) -> list[User]:
    """Who answers now in these, each once, in the order given; as many statements for one as for ten."""
    moment = now()
    members = Prefetch("layers__members", LayerMember.objects.select_related("user"))
    ahead = Prefetch("overrides", _standing(moment).select_related("user"), to_attr="fetched_overrides")
    past = Prefetch("past_layers", PastLayer.objects.filter(until__gt=moment), to_attr="fetched_past")
    prefetch_related_objects(several, members, ahead, past)
    found: dict[int, User] = {}
    for schedule in several:
        holder = who(schedule, moment).user
        people = {row.user_id: row.user for row in overrides_ahead(schedule, moment)}
        people |= {row.user_id: row.user for layer in schedule.layers.all() for row in layer.members.all()}
        if holder in people:
            found.setdefault(holder, people[holder])
    return list(found.values())


def belongs(user: User, schedule_ids: Iterable[int], *, at: datetime | None = None) -> bool:
    """Does the person take turns in one of these, or stand in for somebody at this moment?"""
    ids, moment = list(schedule_ids), at or now()
    places = LayerMember.objects.filter(layer__schedule__in=ids, user=user)
    standing_in = Override.objects.filter(schedule__in=ids, user=user, start__lte=moment, end__gt=moment)
    return places.exists() or standing_in.exists()


def trace(schedule: Schedule, at: datetime) -> list[str]:
    """Why it is that person, sentence by sentence: layers with their restrictions, then the override."""
    answer = who(schedule, at)
    names = User.objects.in_bulk([pk for pk in (answer.user, answer.layer_user) if pk])
    lines = [_passed(layer, at) for layer in answer.passed]
    if answer.layer and answer.layer_user:
        lines.append(
            _("%(layer)s (%(turns)s) gives %(name)s.")
            % {
                "layer": answer.layer.name,
                "turns": turns(answer.layer),
                "name": names.get(answer.layer_user, _("former user")),
            }
        )
    else:
        lines.append(_("No rotation of %(schedule)s has anybody then.") % {"schedule": schedule})
    if answer.override:
        lines.append(_stands_in(answer.override, schedule))
    return lines


def _passed(layer: rota.Layer, at: datetime) -> str:
    """Why a layer has nobody at a moment."""
    if not layer.people:
        return _("%(layer)s has nobody in it.") % {"layer": layer.name}
    if layer.number_at(at) < 0:
        return _("%(layer)s begins on %(day)s.") % {"layer": layer.name, "day": f"{layer.first_day:%d %b %Y}"}
    hours = ", ".join(windows.spell(window) for window in layer.windows)
    return _("%(layer)s answers only %(hours)s, so it does not count then.") % {
        "layer": layer.name,
        "hours": hours,
    }


def _stands_in(override: rota.Override, schedule: Schedule) -> str:
    row = Override.objects.select_related("created_by", "user").get(pk=override.key)
    zone = ZoneInfo(schedule.time_zone)
    facts = {
        "name": row.user,
        "by": row.created_by,
        "start": f"{row.start.astimezone(zone):%a %d %b %H:%M}",
        "end": f"{row.end.astimezone(zone):%a %d %b %H:%M}",
    }
    words = _("An override, %(start)s to %(end)s, gives %(name)s.") % facts
    if row.created_by:
        words = _("An override by %(by)s, %(start)s to %(end)s, gives %(name)s.") % facts
    return f"{words} {row.note}".strip()


def turns(layer: rota.Layer) -> str:
    """How often hands change: weekly, Monday 09:00."""
    clock = f"{layer.hand_over:%H:%M}"
    if layer.hours == 0 and layer.days % 7 == 0:
        often = _("weekly") if layer.days == 7 else _("every %(n)d weeks") % {"n": layer.days // 7}
        return f"{often}, {windows.DAYS[layer.first_day.weekday()]} {clock}"
    if layer.hours == 0:
        often = _("daily") if layer.days == 1 else _("every %(n)d days") % {"n": layer.days}
        return f"{often}, {clock}"
    return _("every %(n)d hours, from %(clock)s") % {"n": layer.days * 24 + layer.hours, "clock": clock}


@transaction.atomic
def stand_in(
    schedule_id: int, *, actor: Actor, user_id: int, start: datetime, end: datetime, note: str = ""
) -> Override:
    """Somebody takes a span over. Responders for a span of their own or for themselves, managers for any.

    Raises:
        Invalid: it ends before it starts, is over, or longer than a year.
        Forbidden: other people's shifts, without being a manager.
    """
    schedule = Schedule.objects.select_for_update().filter(pk=schedule_id).first()
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if schedule is None or user is None:
        raise Missing(_("There is no such schedule or person."))
    responders.check(user)
    if end <= start:
        raise Invalid(_("It has to end after it starts."), field="end")
    if end <= now():
        raise Invalid(_("That span is over already."), field="end")
    if end - start > LONGEST_OVERRIDE:
        raise Invalid(_("A year is the longest span."), field="end")
    _may_stand_in(schedule, actor, user, start, end)
    row = Override.objects.create(
        schedule=schedule,
        user=user,
        start=start,
        end=end,
        note=clean(note, 200, field="note"),
        created_by=actor.user,
    )
    audit.note(actor, "override.added", schedule, after={"user": str(user), "start": start, "end": end})
    return row


def _may_stand_in(schedule: Schedule, actor: Actor, user: User, start: datetime, end: datetime) -> None:
    if actor.is_at_least(Role.MANAGER):
        return
    if not actor.is_at_least(Role.RESPONDER):
        raise Forbidden(_("This needs the role responder."))
    me = actor.user.pk if actor.user else None
    held = {shift.user for shift in rota.shifts(load(schedule, since=start), start, end)}
    if user.pk != me and held - {me}:
        raise Forbidden(
            _("You can give away shifts of your own or take one yourself. Ask a manager for anything else.")
        )


@transaction.atomic
def end_override(override_id: int, *, actor: Actor) -> None:
    """Take an override away; what of it has passed stays on the record."""
    row = Override.objects.select_related("user", "schedule").filter(pk=override_id).first()
    if row is None:
        raise Missing(_("This override is gone already."))
    mine = actor.user is not None and actor.user.pk in (row.user_id, row.created_by_id)
    if not (mine and actor.is_at_least(Role.RESPONDER)) and not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("Ask a manager, or whoever made this override."))
    if row.end <= now():
        raise Refused("over", _("This override is over already."))
    audit.note(actor, "override.ended", row.schedule, before={"user": str(row.user), "end": row.end})
    if row.start < now():
        Override.objects.filter(pk=row.pk).update(end=now())
    else:
        row.delete()


def history(schedule: Schedule, *, most: int = 100) -> list[dict[str, Any]]:
    """How its rotations were before they were changed, the newest first.

    Each: ``name``, ``turns`` (a sentence), ``windows`` (lines), ``time_zone``, ``people`` (users in their
    order), ``since`` (None: from its first day) and ``until``.
    """
    rows = list(schedule.past_layers.order_by("-until", "position", "pk")[:most])
    known = User.objects.in_bulk({pk for row in rows for pk in row.people})
    return [
        {
            "name": row.name,
            "turns": turns(_past(row)),
            "windows": row.windows,
            "time_zone": row.time_zone,
            "people": [known[pk] for pk in row.people if pk in known],
            "since": row.since,
            "until": row.until,
        }
        for row in rows
    ]


def describe(schedule: Schedule) -> dict[str, object]:
    """What the audit log keeps of a schedule."""
    return {
        "name": schedule.name,
        "time_zone": schedule.time_zone,
        "layers": [
            {
                "first_day": layer.first_day,
                "hand_over": layer.hand_over,
                "days": layer.days,
                "hours": layer.hours,
                "windows": layer.windows,
                "people": [str(place.user) for place in layer.members.select_related("user")],
            }
            for layer in schedule.layers.all()
        ],
    }


def mine(user: User) -> list[Schedule]:
    """The schedules a person takes turns in."""
    asked = Q(layers__members__user=user) | Q(overrides__user=user, overrides__end__gt=now())
    return list(Schedule.objects.filter(asked).distinct())
