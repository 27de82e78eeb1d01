"""Rows of detection: who speaks to us, what they said, and what we look after ourselves."""

from datetime import timedelta
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Service
from detection import matching
from detection.kinds import (
    AlertStatus,
    CheckState,
    HeartbeatState,
    ReportKind,
    Severity,
    SourceKind,
)
from incidents.models import Incident
from incidents.models import Severity as PolicySeverity

FLAP_WINDOW = timedelta(minutes=15)
SIGNAL: dict[str, Any] = {"max_length": 10, "choices": Severity, "blank": True, "default": Severity.NONE}


class Source(models.Model):
    """Somebody with a key: a monitoring tool, a script, or Tocsin's own checks (which need none)."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=14, choices=SourceKind)
    service = models.ForeignKey(
        Service,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sources",
        help_text=_("Where its alerts go when no rule says otherwise. Empty: by the label “service”."),
    )
    digest = models.CharField(max_length=64, unique=True, null=True, editable=False)
    prefix = models.CharField(max_length=12, blank=True, editable=False)
    options = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(_("listens"), default=True)
    created_at = models.DateTimeField(default=now, editable=False)
    last_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: What its deliveries need again and again, as long as the cache of keys keeps the row.
    kept: dict[str, Any] | None = None

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind=SourceKind.INTERNAL), name="source_one_internal"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_internal(self) -> bool:
        return self.kind == SourceKind.INTERNAL


class RoutingRule(models.Model):
    """Labels of a source's signals → service, severity, and whether to declare at once."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="rules")
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    matchers = models.JSONField(_("matchers"), default=list, blank=True)
    service = models.ForeignKey(Service, models.PROTECT, related_name="routing_rules")
    severity = models.ForeignKey(
        PolicySeverity, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("severity")
    )
    auto_declare = models.BooleanField(_("declare at once"), default=False)

    class Meta:
        ordering = ["source", "position", "pk"]

    def __str__(self) -> str:
        return f"{matching.words(self.matchers) or 'everything'} → {self.service}"


class Silence(models.Model):
    """Signals that match open nothing until it ends; they are kept and shown all the same."""

    matchers = models.JSONField(default=list)
    reason = models.CharField(max_length=500)
    starts_at = models.DateTimeField(default=now)
    until = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Ended by hand, before its time.")

    class Meta:
        ordering = ["-until"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=models.F("starts_at")), name="silence_ends_later")
        ]
        indexes = [
            # For every new alert: silences that may still hold.
            models.Index(fields=["until"], condition=Q(ended_at=None), name="silence_running")
        ]

    def __str__(self) -> str:
        return f"{self.words} until {self.until:%d %b %H:%M}"

    @property
    def words(self) -> str:
        return matching.words(self.matchers).replace("\n", ", ")

    @property
    def is_running(self) -> bool:
        return self.ended_at is None and self.starts_at <= now() < self.until


class Bundle(models.Model):
    """A storm of one source, folded into one incident that says how many alerts and which."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="bundles")
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="bundles")
    started_at = models.DateTimeField(default=now)
    last_at = models.DateTimeField(default=now)
    count = models.PositiveIntegerField(default=0)
    said = models.PositiveIntegerField(default=0, help_text="The count that the timeline last named.")

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.count} alerts of {self.source}"


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> "AlertQuerySet":
        return self.filter(resolved_at=None)

    def visible_to(self, user: User) -> "AlertQuerySet":
        """Alerts of private incidents are known only to the people of those."""
        seen = Incident.objects.visible_to(user)
        return self.filter(Q(incident=None) | Q(incident__in=seen))


class Alert(models.Model):
    """One thing a source keeps saying, from its first firing until it clears. Written by `alerts` alone."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="alerts")
    dedup_key = models.CharField(max_length=255)
    occurrence = models.CharField(
        max_length=64, blank=True, help_text="Which firing of the key, where the source says so."
    )
    service = models.ForeignKey(Service, models.PROTECT, related_name="alerts")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, blank=True, related_name="alerts")
    summary = models.CharField(max_length=1024)
    status = models.CharField(max_length=12, choices=AlertStatus, default=AlertStatus.FIRING)
    severity = models.CharField(max_length=10, blank=True, help_text="The source's own word.")
    labels = models.JSONField(default=dict, blank=True)
    details = models.JSONField(default=dict, blank=True)
    links = models.JSONField(default=list, blank=True, help_text="[{href, text}]")
    runbook_url = models.CharField(max_length=500, blank=True)
    count = models.PositiveBigIntegerField(default=1)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When it began, by the source's clock.")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    silence = models.ForeignKey(Silence, models.SET_NULL, null=True, blank=True, related_name="alerts")
    flips = models.JSONField(
        default=list, blank=True, help_text="Instants of its last changes, oldest first."
    )
    is_flapping = models.BooleanField(default=False)
    held_until = models.DateTimeField(
        null=True, blank=True, help_text="Flapping and said to be clear: resolves then, if it stays quiet."
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "dedup_key"], condition=Q(resolved_at=None), name="alert_one_open_per_key"
            ),
            models.CheckConstraint(
                condition=Q(status=AlertStatus.RESOLVED, resolved_at__isnull=False)
                | (~Q(status=AlertStatus.RESOLVED) & Q(resolved_at=None)),
                name="alert_resolved_at_a_time",
            ),
        ]
        indexes = [
            # For storms (new alerts of a source in the last minute) and the last alerts of a source.
            models.Index(fields=["source", "-first_seen_at"], name="alert_newest_of_source"),
            # For the predecessor of a key: flapping, late duplicates.
            models.Index(fields=["source", "dedup_key", "-id"], name="alert_history_of_key"),
            # For alerts.release, every 15 seconds.
            models.Index(fields=["held_until"], condition=Q(held_until__isnull=False), name="alert_held"),
        ]

    def __str__(self) -> str:
        return self.summary[:80]

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


class Payload(models.Model):
    """A raw body as it came. Nothing points at it; the sweep deletes old ones in batches."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="payloads", db_constraint=False)
    received_at = models.DateTimeField(default=now, db_index=True)
    path = models.CharField(max_length=60)
    body = models.TextField()
    status = models.PositiveSmallIntegerField(help_text="The HTTP status of our answer.")
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.path} {self.status} {self.received_at:%H:%M:%S}"


class Check(models.Model):
    """An HTTP request made again and again from here."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    service = models.ForeignKey(Service, models.PROTECT, related_name="checks")
    url = models.URLField(_("address"), max_length=500)
    method = models.CharField(
        _("method"), max_length=4, choices=[("GET", "GET"), ("HEAD", "HEAD"), ("POST", "POST")], default="GET"
    )
    expected_status = models.CharField(_("expected status"), max_length=60, default="200-299")
    body_pattern = models.CharField(_("body matches"), max_length=300, blank=True)
    latency_bound = models.DurationField(_("answers within"), null=True, blank=True)
    interval = models.DurationField(_("every"), default=timedelta(minutes=1))
    timeout = models.DurationField(_("gives up after"), default=timedelta(seconds=10))
    failures_needed = models.PositiveSmallIntegerField(
        _("failures"), default=2, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    failures_window = models.PositiveSmallIntegerField(
        _("out of the last"), default=3, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    successes_needed = models.PositiveSmallIntegerField(
        _("successes in a row to recover"),
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
    )
    severity = models.CharField(_("severity"), **SIGNAL)
    is_paused = models.BooleanField(default=False)
    state = models.CharField(max_length=6, choices=CheckState, default=CheckState.NEW)
    state_at = models.DateTimeField(default=now)
    next_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(failures_needed__gte=1, failures_needed__lte=models.F("failures_window")),
                name="check_needs_no_more_failures_than_it_looks_at",
            )
        ]
        indexes = [
            # For probes.sweep, every second.
            models.Index(fields=["next_at"], condition=Q(is_paused=False), name="check_due")
        ]

    def __str__(self) -> str:
        return self.name


class CheckResult(models.Model):
    """What one request of a check found."""

    check_row = models.ForeignKey(Check, models.CASCADE, related_name="results")
    at = models.DateTimeField(default=now)
    is_ok = models.BooleanField()
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    elapsed = models.DurationField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["check_row", "-id"], name="check_result_newest")]

    def __str__(self) -> str:
        return "ok" if self.is_ok else self.problem


class Heartbeat(models.Model):
    """Something that has to report in: every so often, or by cron."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    service = models.ForeignKey(Service, models.PROTECT, related_name="heartbeats")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(max_length=12, editable=False)
    period = models.DurationField(_("every"), null=True, blank=True)
    cron = models.CharField(_("or by cron"), max_length=100, blank=True)
    time_zone = models.CharField(_("in the zone"), max_length=64, default="UTC")
    grace = models.DurationField(_("grace"), default=timedelta(minutes=5))
    severity = models.CharField(_("severity"), **SIGNAL)
    is_paused = models.BooleanField(default=False)
    state = models.CharField(max_length=6, choices=HeartbeatState, default=HeartbeatState.NEW)
    last_ping_at = models.DateTimeField(null=True, blank=True)
    last_start_at = models.DateTimeField(null=True, blank=True)
    last_took = models.DurationField(null=True, blank=True)
    last_code = models.SmallIntegerField(null=True, blank=True)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="Up: when it turns late. Late: when it turns down. Else empty."
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(period__isnull=False, cron="") | (Q(period=None) & ~Q(cron="")),
                name="heartbeat_has_one_rhythm",
            )
        ]
        indexes = [
            # For heartbeats.sweep, every 5 seconds.
            models.Index(
                fields=["due_at"], condition=Q(is_paused=False, due_at__isnull=False), name="heartbeat_due"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Report(models.Model):
    """What a person told us is wrong."""

    kind = models.CharField(max_length=8, choices=ReportKind)
    service = models.ForeignKey(Service, models.PROTECT, related_name="reports")
    text = models.TextField(max_length=4000)
    at = models.DateTimeField(default=now)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, blank=True, related_name="reports")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.at:%d %b %H:%M}"


class ReportContact(models.Model):
    """A reporter's name and address, in a row of their own so that they can be forgotten."""

    report = models.OneToOneField(Report, models.CASCADE, related_name="contact")
    name = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=254, blank=True)

    def __str__(self) -> str:
        return self.name or self.address


class ReportPaging(models.Model):
    """That many reports without sign-in about this service wake its on-call. No row: they never do."""

    service = models.OneToOneField(Service, models.CASCADE, related_name="report_paging")

    def __str__(self) -> str:
        return str(self.service)


class ReportVoice(models.Model):
    """That somebody reported lately: a keyed hash and a time, kept for ten minutes, to count people once."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="+")
    mark = models.CharField(max_length=32)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "mark"], name="report_voice_once")]
        # For reports.forget_voices, and each count.
        indexes = [models.Index(fields=["at"], name="report_voice_age")]

    def __str__(self) -> str:
        return f"{self.service_id} {self.at:%H:%M}"


class Settings(models.Model):
    """The switches of this room: one row."""

    is_report_public = models.BooleanField(
        _("public report form"),
        default=False,
        help_text=_("Anybody may report at /report/, without sign-in."),
    )
    report_intro = models.CharField(_("what the form says first"), max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "settings"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="detection_settings_one_row")]

    def __str__(self) -> str:
        return "Detection"

    @classmethod
    def current(cls) -> "Settings":
        return cls.objects.filter(pk=1).first() or cls(pk=1)
