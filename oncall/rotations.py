"""A schedule with all its rotations, written whole: for whoever keeps it in a file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit, responders
from accounts.actors import Actor
from accounts.models import Role, User
from catalog.models import Team
from lib.refusal import Forbidden, Invalid, Missing, Refused
from lib.text import clean
from oncall import rota, windows
from oncall.models import Layer, LayerMember, Override, PastLayer, Policy, Schedule
from oncall.schedules import describe

LONGEST_TURN = 366
MOST_LAYERS = 12


@dataclass(frozen=True)
class Rotation:
    """One rotation; a later one of a schedule covers an earlier one wherever it has somebody."""

    name: str
    first_day: date
    hand_over: time
    days: int
    user_ids: tuple[int, ...]
    hours: int = 0
    windows: tuple[str, ...] = ()

    @classmethod
    def of(cls, layer: Layer) -> "Rotation":
        """As it is in the table."""
        return cls(
            layer.name,
            layer.first_day,
            layer.hand_over,
            layer.days,
            tuple(place.user_id for place in layer.members.all()),
            layer.hours,
            tuple(layer.windows),
        )


def engine(rotations: Sequence[Rotation], time_zone: str) -> rota.Rota:
    """The rotations as the engine sees them, before anything is kept: for a preview.

    Raises:
        Invalid: as `save` would.
    """
    _check(rotations)
    return rota.Rota(
        tuple(
            rota.Layer(
                key=place,
                name=one.name,
                zone=time_zone,
                first_day=one.first_day,
                hand_over=one.hand_over,
                days=one.days,
                people=one.user_ids,
                hours=one.hours,
                windows=tuple(windows.parse(line) for line in windows.tidy(one.windows)),
            )
            for place, one in enumerate(rotations, start=1)
        )
    )


def _check(rotations: Sequence[Rotation]) -> None:
    if not rotations or not all(one.user_ids for one in rotations):
        raise Invalid(_("Name at least one person who takes turns."), field="layers")
    if len(rotations) > MOST_LAYERS:
        raise Invalid(_("%(count)d layers are the most.") % {"count": MOST_LAYERS}, field="layers")
    for one in rotations:
        if one.days < 0 or not 0 <= one.hours <= 23 or not one.days + one.hours or one.days > LONGEST_TURN:
            raise Invalid(_("A turn lasts from one hour to 366 days."), field="layers")
        windows.tidy(one.windows)


def _check_people(rotations: Sequence[Rotation], schedule_id: int | None) -> None:
    """Nobody new takes turns who may not answer; who became a viewer meanwhile bars no other change."""
    there = LayerMember.objects.filter(layer__schedule=schedule_id).values_list("user", flat=True)
    asked = {pk for one in rotations for pk in one.user_ids} - set(there)
    for user in User.objects.filter(pk__in=asked):
        responders.check(user)


@transaction.atomic
def save(
    *,
    actor: Actor,
    schedule_id: int | None,
    name: str,
    time_zone: str,
    team: Team | None,
    rotations: Sequence[Rotation],
) -> Schedule:
    """Make or change a schedule; from now on the rotations stand in place of those it had. Managers only.

    The past stays as it was: shifts before this moment are those of the rotations that held then. A new
    schedule has turns from its rotations' first days, and hours count from now (`loads`).

    Raises:
        Invalid: nobody takes turns, or the name is taken.
    """
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("Schedules are changed by managers."))
    _check(rotations)
    _check_people(rotations, schedule_id)
    title = clean(name, 80, field="name")
    if Schedule.objects.filter(name=title).exclude(pk=schedule_id or 0).exists():
        raise Invalid(_("Another schedule has this name."), field="name")
    schedule = (
        Schedule.objects.select_for_update().filter(pk=schedule_id).first() if schedule_id else Schedule()
    )
    if schedule is None:
        raise Missing(_("This schedule is gone."))
    before = describe(schedule) if schedule.pk else {}
    zone_before = schedule.time_zone if schedule.pk else ""
    schedule.name, schedule.time_zone, schedule.team = title, time_zone, team
    schedule.full_clean()
    schedule.save()
    _replace(schedule, rotations, zone_before=zone_before)
    audit.note(actor, "schedule.saved", schedule, before=before, after=describe(schedule))
    return schedule


def _replace(schedule: Schedule, rotations: Sequence[Rotation], *, zone_before: str) -> None:
    """Write the rotations; one that changes ends now as it was, and goes on from now as it is."""
    at, is_new = now(), not zone_before
    old = list(schedule.layers.order_by("position", "pk").prefetch_related("members__user"))
    for place, one in enumerate(rotations):
        wanted = replace(
            one, name=clean(one.name, 80, field="name"), windows=tuple(windows.tidy(one.windows))
        )
        layer = old.pop(0) if old else Layer(schedule=schedule, since=None if is_new else at)
        if layer.pk and _is_same(layer, wanted, place) and zone_before == schedule.time_zone:
            Layer.objects.filter(pk=layer.pk).update(name=wanted.name)
            continue
        if layer.pk:
            _end(layer, at, zone_before)
            layer.since = at
        _write(layer, wanted, place)
    for layer in old:
        _end(layer, at, zone_before)
        layer.delete()


def _is_same(layer: Layer, wanted: Rotation, place: int) -> bool:
    """A new name alone is no change of who answers."""
    return layer.position == place and replace(Rotation.of(layer), name=wanted.name) == wanted


def _end(layer: Layer, at: datetime, zone: str) -> None:
    """Keep the rotation as it was; one that nobody could have held yet leaves nothing behind."""
    if layer.since is not None and layer.since >= at:
        return
    PastLayer.objects.create(
        schedule=layer.schedule,
        name=layer.name,
        position=layer.position,
        time_zone=zone,
        first_day=layer.first_day,
        hand_over=layer.hand_over,
        days=layer.days,
        hours=layer.hours,
        windows=layer.windows,
        people=[place.user_id for place in layer.members.all() if place.user.is_active],
        since=layer.since,
        until=at,
    )


def _write(layer: Layer, wanted: Rotation, place: int) -> None:
    layer.name, layer.position = wanted.name, place
    layer.first_day, layer.hand_over = wanted.first_day, wanted.hand_over
    layer.days, layer.hours, layer.windows = wanted.days, wanted.hours, list(wanted.windows)
    layer.save()
    layer.members.all().delete()
    people = User.objects.in_bulk(list(wanted.user_ids))
    if len(people) != len(set(wanted.user_ids)):
        raise Invalid(_("Somebody who takes turns is not there any more."), field="layers")
    LayerMember.objects.bulk_create(
        LayerMember(layer=layer, user=people[pk], position=number)
        for number, pk in enumerate(wanted.user_ids)
    )


@transaction.atomic
def account_switches(user: User) -> None:
    """Somebody's account is about to be switched off or on: turns and overrides so far stay as they were.

    Who is off is passed over in the order, which would move everybody's past turns too; so the rotations
    that they are in end now as they were, and go on from now.
    """
    at = now()
    ids = LayerMember.objects.filter(user=user).values_list("layer__schedule", flat=True)
    for schedule in Schedule.objects.select_for_update().filter(pk__in=list(ids)).order_by("pk"):
        rows = schedule.layers.filter(members__user=user).distinct()
        for layer in rows.prefetch_related("members__user"):
            _end(layer, at, schedule.time_zone)
            Layer.objects.filter(pk=layer.pk).update(since=at)
    if user.is_active:
        Override.objects.filter(user=user, start__lt=at, end__gt=at).update(end=at)


@transaction.atomic
def delete(schedule_id: int, *, actor: Actor) -> None:
    """Take a schedule away, with its layers and overrides. Managers only.

    Raises:
        Refused: ``in_use`` while a policy asks it, with the policy's name.
    """
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("Schedules are changed by managers."))
    schedule = Schedule.objects.filter(pk=schedule_id).first()
    if schedule is None:
        raise Missing(_("This schedule is gone."))
    asked = Policy.objects.filter(steps__targets__schedule=schedule).first()
    if asked:
        raise Refused(
            "in_use",
            _("The policy %(policy)s asks this schedule. Change the policy first.") % {"policy": asked},
        )
    audit.note(actor, "schedule.deleted", schedule, before=describe(schedule))
    schedule.delete()
