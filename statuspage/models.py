"""Rows of the status page: its settings, components, notices, maintenance and the people who follow it."""

import secrets
import zoneinfo
from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Service
from incidents.models import Incident
from lib.ids import public_id
from statuspage.kinds import ComponentStatus, Impact, MaintenanceStatus, NoticeStatus


def check_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("This is not a time zone. Use a name such as Europe/Copenhagen."))


def today() -> date:
    return now().date()


def new_uid() -> str:
    return secrets.token_hex(8)


class Page(models.Model):
    """What the public page is called and how it counts. One row, edited in the admin."""

    public_id = models.CharField(max_length=12, default=public_id, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=80, default="Status")
    url = models.URLField(
        _("address"),
        max_length=300,
        blank=True,
        help_text=_("Where visitors read it, when that is another server. Empty: /status/ of this one."),
    )
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[check_zone])
    intro = models.TextField(_("introduction"), max_length=1000, blank=True)
    allowed_words = models.TextField(
        _("words customers know"),
        max_length=4000,
        blank=True,
        help_text=_("One a line. Never marked as jargon; names of components never are either."),
    )
    major_percent = models.PositiveSmallIntegerField(
        _("a major outage counts (%)"), default=100, validators=[MaxValueValidator(100)]
    )
    partial_percent = models.PositiveSmallIntegerField(
        _("a partial outage counts (%)"), default=30, validators=[MaxValueValidator(100)]
    )
    degraded_percent = models.PositiveSmallIntegerField(
        _("degraded performance counts (%)"), default=0, validators=[MaxValueValidator(100)]
    )

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Where visitors read it, without a slash at the end."""
        return (self.url or f"{settings.BASE_URL}/status").rstrip("/")


class Site(models.Model):
    """What has changed and what has been written; the claim keeps two publishers from fighting. One row."""

    uid = models.CharField(max_length=16, default=new_uid)
    changes = models.PositiveBigIntegerField(default=1)
    written = models.PositiveBigIntegerField(default=0)
    claim = models.PositiveBigIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=now)
    written_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"change {self.changes}, written {self.written}"


class ComponentGroup(models.Model):
    """A heading over components."""

    public_id = models.CharField(max_length=12, default=public_id, unique=True, editable=False)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["position", "name", "pk"]

    def __str__(self) -> str:
        return self.name


class Component(models.Model):
    """Something customers know by this name; mapped to the services behind it."""

    public_id = models.CharField(max_length=12, default=public_id, unique=True, editable=False)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    group = models.ForeignKey(
        ComponentGroup, models.SET_NULL, null=True, blank=True, related_name="components"
    )
    position = models.PositiveSmallIntegerField(default=1)
    services = models.ManyToManyField(Service, blank=True, related_name="status_components")
    status = models.CharField(
        _("status set by hand"),
        max_length=24,
        choices=ComponentStatus,
        default=ComponentStatus.OPERATIONAL,
    )
    status_since = models.DateTimeField(default=now)
    showcase = models.BooleanField(_("show the 90 days"), default=True)
    only_show_if_degraded = models.BooleanField(_("show only in trouble"), default=False)
    publishes_itself = models.BooleanField(
        _("publish drafts without a human"),
        default=False,
        help_text=_("A notice goes out at once when everything it is about has this switched on."),
    )
    start_date = models.DateField(default=today)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "name", "pk"]

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """A public incident. A draft is seen by nobody outside; a withdrawn one is no longer."""

    public_id = models.CharField(max_length=12, default=public_id, unique=True)
    incident = models.ForeignKey(
        Incident, models.SET_NULL, null=True, blank=True, related_name="public_notices"
    )
    drafted_by_event = models.BigIntegerField(
        null=True, blank=True, unique=True, help_text="The timeline event that asked for the draft."
    )
    title = models.CharField(max_length=150)
    status = models.CharField(max_length=16, choices=NoticeStatus, default=NoticeStatus.INVESTIGATING)
    impact = models.CharField(max_length=10, choices=Impact, default=Impact.NONE)
    is_impact_set = models.BooleanField(default=False, help_text="Said by a person, no longer computed.")
    draft_body = models.TextField(max_length=5000, blank=True)
    is_draft = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(default=now)
    published_at = models.DateTimeField(null=True, blank=True)
    monitoring_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    next_update_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    components = models.ManyToManyField(Component, through="NoticeComponent", related_name="notices")

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident"],
                condition=Q(resolved_at=None, withdrawn_at=None),
                name="notice_one_open_per_incident",
            ),
        ]
        indexes = [
            models.Index(fields=["-started_at"], condition=Q(is_draft=False), name="notice_by_start"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None and self.withdrawn_at is None


class NoticeComponent(models.Model):
    """What a notice says now of one component."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="component_rows")
    component = models.ForeignKey(Component, models.PROTECT, related_name="notice_rows")
    status = models.CharField(max_length=24, choices=ComponentStatus)

    class Meta:
        ordering = ["component__position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "component"], name="notice_component_once"),
        ]

    def __str__(self) -> str:
        return f"{self.component_id} {self.status}"


class NoticeUpdate(models.Model):
    """One thing the public was told. Never changed afterwards."""

    public_id = models.CharField(max_length=12, default=public_id, unique=True)
    notice = models.ForeignKey(Notice, models.CASCADE, related_name="updates")
    status = models.CharField(max_length=16, choices=NoticeStatus)
    body = models.TextField(max_length=50_000)
    at = models.DateTimeField(default=now)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    by_label = models.CharField(max_length=120, blank=True)
    override_reason = models.CharField(max_length=300, blank=True)
    override_words = models.JSONField(default=list, blank=True)
    from_event = models.BigIntegerField(
        null=True, blank=True, unique=True, help_text="The timeline event that published this postmortem."
    )

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.status}"


class UpdateComponent(models.Model):
    """What an update changed for one component; the past of the 90 days is read from these."""

    update = models.ForeignKey(NoticeUpdate, models.CASCADE, related_name="changes")
    component = models.ForeignKey(Component, models.PROTECT, related_name="changes")
    old_status = models.CharField(max_length=24, choices=ComponentStatus)
    new_status = models.CharField(max_length=24, choices=ComponentStatus)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["update", "component"], name="update_component_once"),
        ]

    def __str__(self) -> str:
        return f"{self.component_id} {self.new_status}"


class Maintenance(models.Model):
    """Work that was announced. Begins and ends by the clock unless somebody says so earlier."""

    public_id = models.CharField(max_length=12, default=public_id, unique=True)
    title = models.CharField(max_length=150)
    status = models.CharField(max_length=16, choices=MaintenanceStatus, default=MaintenanceStatus.SCHEDULED)
    scheduled_for = models.DateTimeField()
    scheduled_until = models.DateTimeField()
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    components = models.ManyToManyField(Component, blank=True, related_name="maintenances")
    muted_services = models.ManyToManyField(Service, blank=True, related_name="+")

    class Meta:
        ordering = ["scheduled_for", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scheduled_until__gt=models.F("scheduled_for")),
                name="maintenance_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class MaintenanceUpdate(models.Model):
    """What the public was told of a maintenance."""

    public_id = models.CharField(max_length=12, default=public_id, unique=True)
    maintenance = models.ForeignKey(Maintenance, models.CASCADE, related_name="updates")
    status = models.CharField(max_length=16, choices=MaintenanceStatus)
    body = models.TextField(max_length=5000)
    at = models.DateTimeField(default=now)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.maintenance_id} {self.status}"


class Subscriber(models.Model):
    """An address that asked for mail. Only a confirmed one gets any; links are signed, none is stored."""

    public_id = models.CharField(max_length=12, default=public_id, unique=True)
    email = models.EmailField(max_length=254, unique=True)
    components = models.ManyToManyField(Component, blank=True, related_name="subscribers")
    created_at = models.DateTimeField(default=now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When it was last sent a link.")
    link_round = models.PositiveIntegerField(default=1, help_text="Counting up makes older links useless.")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.email

    @property
    def is_active(self) -> bool:
        return self.confirmed_at is not None and self.unsubscribed_at is None


class SubscriberMail(models.Model):
    """One mail that is owed to one subscriber: what was tried, and what came of it."""

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="mails")
    notice_update = models.ForeignKey(
        NoticeUpdate, models.CASCADE, null=True, blank=True, related_name="mails"
    )
    maintenance_update = models.ForeignKey(
        MaintenanceUpdate, models.CASCADE, null=True, blank=True, related_name="mails"
    )
    created_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(default=now)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    abandoned_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "notice_update"], name="mail_once_per_update"),
            models.UniqueConstraint(
                fields=["subscriber", "maintenance_update"], name="mail_once_per_maintenance_update"
            ),
            models.CheckConstraint(
                condition=Q(notice_update__isnull=False) ^ Q(maintenance_update__isnull=False),
                name="mail_is_about_one_update",
            ),
        ]
        indexes = [
            # For mailing.send_due, every two seconds.
            models.Index(
                fields=["due_at"], condition=Q(sent_at=None, abandoned_at=None), name="subscriber_mail_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.notice_update_id or self.maintenance_update_id}"


class Publication(models.Model):
    """One writing of the whole site; the last few hundred are kept."""

    at = models.DateTimeField(default=now)
    number = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    files = models.PositiveIntegerField()
    took = models.DurationField()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.digest[:8]}"
