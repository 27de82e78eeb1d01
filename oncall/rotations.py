"""A schedule with all its rotations, written whole: for whoever keeps it in a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role, User
from catalog.models import Team
from lib.refusal import Forbidden, Invalid, Missing, Refused
from lib.text import clean
from oncall import rota, windows
from oncall.models import Layer, LayerMember, Policy, Schedule
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
    """Make or change a schedule; the rotations replace those that it had. Managers only.

    Raises:
        Invalid: nobody takes turns, or the name is taken.
    """
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("Schedules are changed by managers."))
    _check(rotations)
    title = clean(name, 80, field="name")
    if Schedule.objects.filter(name=title).exclude(pk=schedule_id or 0).exists():
        raise Invalid(_("Another schedule has this name."), field="name")
    schedule = (
        Schedule.objects.select_for_update().filter(pk=schedule_id).first() if schedule_id else Schedule()
    )
    if schedule is None:
        raise Missing(_("This schedule is gone."))
    before = describe(schedule) if schedule.pk else {}
    schedule.name, schedule.time_zone, schedule.team = title, time_zone, team
    schedule.full_clean()
    schedule.save()
    _replace(schedule, rotations)
    audit.note(actor, "schedule.saved", schedule, before=before, after=describe(schedule))
    return schedule


def _replace(schedule: Schedule, rotations: Sequence[Rotation]) -> None:
    old = list(schedule.layers.order_by("position", "pk"))
    for place, one in enumerate(rotations):
        layer = old.pop(0) if old else Layer(schedule=schedule)
        layer.name, layer.position = clean(one.name, 80, field="name"), place
        layer.first_day, layer.hand_over = one.first_day, one.hand_over
        layer.days, layer.hours, layer.windows = one.days, one.hours, windows.tidy(one.windows)
        layer.save()
        layer.members.all().delete()
        people = User.objects.in_bulk(list(one.user_ids))
        if len(people) != len(set(one.user_ids)):
            raise Invalid(_("Somebody who takes turns is not there any more."), field="layers")
        LayerMember.objects.bulk_create(
            LayerMember(layer=layer, user=people[pk], position=number)
            for number, pk in enumerate(one.user_ids)
        )
    for layer in old:
        layer.delete()


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
