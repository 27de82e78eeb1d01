"""What can break and who owns it: teams, services, and what helps when one of them is in trouble."""

from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import holidays
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from catalog.hours import check_windows, first_monday, office_hours
from lib.businesshours import BusinessHours, Window

# First words of the catalog's own pages.
RESERVED = ("new", "teams", "mitigations", "panel")


def check_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(
            _("“%(value)s” is not a time zone. Use a name such as Europe/Copenhagen."),
            params={"value": value},
        )


class Team(models.Model):
    """People who answer together, and the hours they keep."""

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_zone])
    windows = models.JSONField(
        _("office hours"),
        default=office_hours,
        blank=True,
        validators=[check_windows],
        help_text=_("A list of [weekday 0–6, start, end], for example [[0, “09:00”, “17:00”]]."),
    )
    holidays_country = models.CharField(
        max_length=2, blank=True, help_text=_("ISO country, for example DK. Empty: no public holidays.")
    )
    holidays_subdivision = models.CharField(max_length=10, blank=True)
    sprint_anchor = models.DateField(default=first_monday, help_text=_("A day on which a sprint starts."))
    sprint_days = models.PositiveSmallIntegerField(
        default=14, validators=[MinValueValidator(1), MaxValueValidator(366)]
    )
    bridge_url = models.URLField(_("conference call"), max_length=500, blank=True)
    people: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="teams"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        country, subdivision = self.holidays_country, self.holidays_subdivision
        if subdivision and not country:
            raise ValidationError({"holidays_subdivision": _("Name the country first.")})
        if not country:
            return
        known = holidays.list_supported_countries(include_aliases=True)
        if country not in known:
            raise ValidationError({"holidays_country": _("We know no public holidays for this country.")})
        if subdivision and subdivision not in known[country]:
            raise ValidationError({"holidays_subdivision": _("We do not know this part of the country.")})

    @cached_property
    def business_hours(self) -> BusinessHours:
        return BusinessHours(
            zone=self.time_zone,
            windows=tuple(
                Window(day, time.fromisoformat(start), time.fromisoformat(end))
                for day, start, end in self.windows
            ),
            holidays=self._is_holiday,
        )

    @cached_property
    def _calendar(self) -> Any:
        # Fills in years as they are asked for.
        return holidays.country_holidays(self.holidays_country, subdiv=self.holidays_subdivision or None)

    def _is_holiday(self, day: date) -> bool:
        return bool(self.holidays_country) and day in self._calendar

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.time_zone))

    def managers(self) -> list[Any]:
        members = self.memberships.filter(is_manager=True, user__is_active=True)
        return [member.user for member in members.select_related("user")]


class Membership(models.Model):
    """A person in a team; managers hear of what stays unmitigated."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    is_manager = models.BooleanField(default=False)

    class Meta:
        ordering = ["team", "-is_manager", "pk"]
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once_per_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class ServiceQuerySet(models.QuerySet["Service"]):
    def active(self) -> "ServiceQuerySet":
        return self.filter(is_active=True)

    def catch_all(self) -> "Service":
        """Where alerts go that nothing else claims."""
        return self.get(is_catch_all=True)


class Service(models.Model):
    """Something people use or other services stand on, with an owner."""

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    description = models.TextField(max_length=2000, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, related_name="services")
    tier = models.PositiveSmallIntegerField(
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(4)],
        help_text=_("1: the business stands still without it. 4: nobody notices today."),
    )
    depends_on: "models.ManyToManyField[Service, Any]" = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="dependents"
    )
    default_severity_rank = models.PositiveSmallIntegerField(
        _("severity when a signal names none"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    is_catch_all = models.BooleanField(default=False)
    auto_declare = models.BooleanField(default=False)
    group_window = models.DurationField(
        default=timedelta(minutes=5),
        help_text=_("Alerts within this time of the last one join its incident."),
    )
    runbook_url = models.URLField(max_length=500, blank=True)
    is_active = models.BooleanField(default=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        ordering = ["tier", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_catch_all"], condition=Q(is_catch_all=True), name="service_one_catch_all"
            ),
            models.CheckConstraint(condition=Q(tier__gte=1, tier__lte=4), name="service_tier_1_to_4"),
            models.CheckConstraint(
                condition=Q(is_catch_all=False) | Q(is_active=True), name="service_catch_all_is_active"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:detail", args=[self.slug])

    def clean(self) -> None:
        if self.slug in RESERVED:
            raise ValidationError({"slug": _("This short name is used by a page of the catalog.")})
        if self.is_catch_all and not self.is_active:
            raise ValidationError({"is_active": _("The catch-all service has to stay active.")})
        if self.group_window < timedelta(0) or self.group_window > timedelta(days=1):
            raise ValidationError({"group_window": _("Use a window between nothing and one day.")})


class Runbook(models.Model):
    """What to do when this service misbehaves: a link, or Markdown kept here."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="runbooks")
    title = models.CharField(max_length=150)
    url = models.URLField(max_length=500, blank=True)
    body = models.TextField(max_length=50_000, blank=True)

    class Meta:
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        if not (self.url or self.body.strip()):
            raise ValidationError({"url": _("Give a link, or write the steps here.")})


class Mitigation(models.Model):
    """A way to stop the pain: steps and a command to copy, for one service or for all."""

    slug = models.SlugField(max_length=50)
    service = models.ForeignKey(
        Service,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="mitigations",
        help_text=_("Empty: offered for every service."),
    )
    name = models.CharField(max_length=100)
    steps = models.TextField(max_length=5000, blank=True, help_text=_("Markdown."))
    command = models.TextField(
        max_length=2000, blank=True, help_text=_("Parameters stand in angle brackets: <name>.")
    )
    parameters = models.JSONField(default=dict, blank=True, help_text=_("Each parameter and its default."))
    risk = models.CharField(max_length=500, blank=True)
    undo = models.CharField(max_length=500, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["slug", "service"],
                condition=Q(service__isnull=False),
                name="mitigation_once_per_service",
            ),
            models.UniqueConstraint(
                fields=["slug"], condition=Q(service__isnull=True), name="mitigation_once_in_general"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        given = self.parameters
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            raise ValidationError(
                {"parameters": _("Parameters are names with a default text, for example {“name”: “”}.")}
            )


class Deploy(models.Model):
    """Something changed: a release or a configuration, at a time we were told."""

    class Kind(models.TextChoices):
        DEPLOY = "deploy", _("Deploy")
        CONFIG = "config", _("Configuration change")

    service = models.ForeignKey(Service, models.CASCADE, related_name="deploys")
    version = models.CharField(max_length=200)
    at = models.DateTimeField(default=now)
    url = models.URLField(max_length=500, blank=True)
    author = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.DEPLOY)
    source = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["service", "version", "at"], name="deploy_told_once")]
        indexes = [
            # For deploys.recent, each time an incident's room is drawn.
            models.Index(fields=["service", "-at"], name="deploy_newest")
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.version}"


class Quiet(models.Model):
    """That nobody is paged for a service between two times, and why; written by `quiet` for rooms above."""

    key = models.CharField(max_length=60, help_text="What asked for it, for example maintenance:12.")
    service = models.ForeignKey(Service, models.CASCADE, related_name="quiets")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    because = models.CharField(max_length=200)

    class Meta:
        ordering = ["ends_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["key", "service"], name="quiet_once_per_key")]
        # For each page that is about to go out, and each room that is drawn.
        indexes = [models.Index(fields=["service", "ends_at"], name="quiet_by_end")]

    def __str__(self) -> str:
        return f"{self.service_id} until {self.ends_at:%d %b %H:%M}: {self.because}"
