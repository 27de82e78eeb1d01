"""Rows of the schedule of drills: what is practised when and by whom, and what came of each time."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Service, Team, check_zone
from incidents.models import Incident, Severity


def an_hour() -> timedelta:
    return timedelta(hours=1)


class DrillPlan(models.Model):
    """A drill that comes again; see `drills`."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    team = models.ForeignKey(Team, models.CASCADE, related_name="drill_plans")
    service = models.ForeignKey(Service, models.CASCADE, related_name="+")
    severity = models.ForeignKey(Severity, models.PROTECT, related_name="+")
    scenario = models.TextField(
        _("scenario"), max_length=4000, help_text=_("What those who take part read first.")
    )
    cron = models.CharField(_("cron line"), max_length=100)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[check_zone])
    people: "models.ManyToManyField[User, Any]" = models.ManyToManyField(User, blank=True, related_name="+")
    schedules: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        "oncall.Schedule", blank=True, related_name="+"
    )
    pages = models.BooleanField(
        _("pages for real"), default=True, help_text=_("By everybody's own lines, DRILL first.")
    )
    lasts = models.DurationField(
        _("ends by itself after"), default=an_hour, help_text=_("Where nobody has resolved it by then.")
    )
    is_paused = models.BooleanField(_("paused"), default=False)
    next_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["name"]
        indexes = [
            # For drills.sweep.
            models.Index(fields=["next_at"], condition=Q(is_paused=False), name="drill_plan_due")
        ]

    def __str__(self) -> str:
        return self.name


class DrillTurn(models.Model):
    """One time of a plan: the drill it became, or why it did not."""

    class Outcome(models.TextChoices):
        OPENED = "opened", _("held")
        MISSED = "missed", _("left out: Tocsin was not running then")
        BUSY = "busy", _("left out: somebody who takes part was in a real incident")
        NOBODY = "nobody", _("left out: nobody was there to take part")
        RUNNING = "running", _("left out: the one before still ran")
        #: One word for what nobody can tell apart from outside: see `drills._obstacle`.
        ABSENT = "absent", _("left out: its people were not free, or Tocsin could not begin it in time")
        RETIRED = "retired", _("left out: the service is retired")

    plan = models.ForeignKey(DrillPlan, models.CASCADE, related_name="turns")
    planned_at = models.DateTimeField()
    at = models.DateTimeField(default=now)
    is_by_hand = models.BooleanField(default=False)
    outcome = models.CharField(max_length=8, choices=Outcome)
    incident = models.OneToOneField(
        Incident, models.SET_NULL, null=True, blank=True, related_name="drill_turn"
    )
    in_time = models.PositiveSmallIntegerField(null=True, blank=True)
    total = models.PositiveSmallIntegerField(null=True, blank=True)
    scored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-planned_at", "-pk"]
        constraints = [
            # However many sweeps look at once, and whoever dies between.
            models.UniqueConstraint(fields=["plan", "planned_at"], name="drill_turn_once")
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.planned_at:%Y-%m-%d %H:%M} {self.outcome}"
