"""Rows of an incident: its policy, its state, its timeline and its running promises."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Mitigation, Service, Team
from incidents.clockrows import Deadline as Deadline
from incidents.kinds import (
    OPEN,
    Breakage,
    CommanderMayHold,
    EventKind,
    Paging,
    Provenance,
    Reach,
    ResponseKind,
    Source,
    Status,
)
from incidents.roomrows import IncidentTask as IncidentTask
from incidents.roomrows import RoomVisit as RoomVisit
from incidents.roomrows import SearchText as SearchText

# Any, because each field takes it among arguments of other types.
SPAN: dict[str, Any] = {"null": True, "blank": True}


class Severity(models.Model):
    """One column of the severity matrix. Edited in the admin; every change makes a new version."""

    rank = models.PositiveSmallIntegerField(
        _("rank"), unique=True, validators=[MinValueValidator(1)], help_text=_("1 is the worst; no gaps.")
    )
    name = models.CharField(_("name"), max_length=12, unique=True)
    user_impact = models.CharField(_("user impact"), max_length=80)
    example = models.CharField(_("example"), max_length=200)
    response_words = models.CharField(_("response time in words"), max_length=80)
    response_kind = models.CharField(
        _("response clock"), max_length=16, choices=ResponseKind, default=ResponseKind.CLOCK
    )
    response_within = models.DurationField(_("acknowledge within"), **SPAN)
    pages = models.CharField(_("pages the on-call"), max_length=16, choices=Paging, default=Paging.AT_ONCE)
    ack_timeout = models.DurationField(
        _("acknowledgement times out after"), help_text=_("Empty: never."), **SPAN
    )
    internal_update_every = models.DurationField(_("internal update every"), **SPAN)
    internal_update_mitigated = models.DurationField(_("while mitigated: internal update every"), **SPAN)
    public_first_reminder = models.DurationField(_("first public update: reminder after"), **SPAN)
    public_first_within = models.DurationField(_("first public update within"), **SPAN)
    public_update_every = models.DurationField(_("public update every"), **SPAN)
    public_update_mitigated = models.DurationField(_("while mitigated: public update every"), **SPAN)
    management_after = models.DurationField(_("management looped in after"), **SPAN)
    roles_within = models.DurationField(_("roles filled within"), default=timedelta(minutes=5))
    required_roles: "models.ManyToManyField[Role, Any]" = models.ManyToManyField(
        "Role", verbose_name=_("roles that must be filled"), blank=True, related_name="+"
    )
    commander_may_hold = models.CharField(
        _("the commander may also hold"),
        max_length=20,
        choices=CommanderMayHold,
        default=CommanderMayHold.ANY,
    )
    hands_off = models.BooleanField(_("commander keeps hands off the keyboard"), default=False)
    postmortem_required = models.BooleanField(_("postmortem required"), default=False)
    postmortem_business_days = models.PositiveSmallIntegerField(
        _("postmortem due in business days"), validators=[MinValueValidator(1)], **SPAN
    )

    class Meta:
        ordering = ["rank"]
        verbose_name_plural = "severities"

    def __str__(self) -> str:
        return self.name

    @property
    def current(self) -> "SeverityVersion":
        """The version that new incidents pin."""
        version = self.versions.order_by("-number").first()
        assert version is not None, "severity.revise() makes the first version with the row"
        return version


class SeverityVersion(models.Model):
    """What a severity promised at a time; incidents pin it, so the past does not change."""

    severity = models.ForeignKey(Severity, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    policy = models.JSONField()
    made_at = models.DateTimeField(default=now)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["severity", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["severity", "number"], name="severity_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.severity} version {self.number}"


class Role(models.Model):
    """A chair: three from the field, further ones (Scribe, Liaison) as rows."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    duty = models.CharField(_("what the holder does"), max_length=200)
    position = models.PositiveSmallIntegerField(_("position"), default=10)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class ImpactRule(models.Model):
    """One cell of the impact matrix: what is broken, who feels it, what to suggest."""

    breakage = models.CharField(_("what is broken"), max_length=12, choices=Breakage)
    reach = models.CharField(_("who feels it"), max_length=8, choices=Reach)
    severity = models.ForeignKey(Severity, models.PROTECT, related_name="impact_rules")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["breakage", "reach"], name="impact_rule_one_per_cell")]

    def __str__(self) -> str:
        return f"{self.get_breakage_display()}, {self.get_reach_display()}: {self.severity}"


class Counter(models.Model):
    """Gapless numbers; one row a name, moved by a conditional update."""

    name = models.CharField(max_length=20, unique=True)
    value = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, user: User) -> "IncidentQuerySet":
        """What this person may know of. Private incidents are for their people only, admins included."""
        if not user.is_authenticated:
            return self.none()
        mine = IncidentMember.objects.belonging().filter(user=user.pk, incident=models.OuterRef("pk"))
        return self.filter(Q(is_private=False) | models.Exists(mine))

    def open(self) -> "IncidentQuerySet":
        return self.filter(status__in=OPEN)

    def unmitigated(self) -> "IncidentQuerySet":
        return self.filter(status__in=(Status.TRIAGE, Status.ACTIVE))

    def counted(self) -> "IncidentQuerySet":
        """What figures count: no drills, nothing dismissed or merged."""
        return self.filter(is_drill=False).exclude(status__in=(Status.DISMISSED, Status.MERGED))


class Incident(models.Model):
    """A reading of its timeline: state, times and severity are written by `transitions.apply` alone."""

    number = models.PositiveBigIntegerField(unique=True)
    title = models.CharField(max_length=200)
    summary = models.TextField(max_length=4000, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.TRIAGE)
    opening = models.PositiveSmallIntegerField(default=1)
    severity = models.ForeignKey(Severity, models.PROTECT, related_name="incidents")
    severity_version = models.ForeignKey(SeverityVersion, models.PROTECT, related_name="+")
    service = models.ForeignKey(Service, models.PROTECT, related_name="primary_incidents")
    services = models.ManyToManyField(Service, through="IncidentService", related_name="incidents")
    source = models.CharField(max_length=20, choices=Source, default=Source.INTERNAL_REPORT)
    ticket_url = models.URLField(max_length=500, blank=True)
    bridge_url = models.URLField(max_length=500, blank=True)
    channel_name = models.CharField(
        max_length=80, null=True, blank=True, unique=True, validators=[RegexValidator(r"^[a-z0-9_-]{1,80}$")]
    )
    users_affected = models.PositiveBigIntegerField(null=True, blank=True)
    users_affected_share = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("Per cent of all users."),
    )
    scope_note = models.CharField(max_length=500, blank=True)
    scope_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=now)
    is_private = models.BooleanField(default=False)
    is_drill = models.BooleanField(default=False)
    is_retrospective = models.BooleanField(default=False)
    pages_nobody = models.BooleanField(
        default=False, help_text="Gathered from reports without sign-in: rings only once somebody declares."
    )
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="duplicates")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    related = models.ManyToManyField("self", blank=True, symmetrical=True)

    started_at = models.DateTimeField(null=True, blank=True)
    started_at_provenance = models.CharField(max_length=10, choices=Provenance, blank=True)
    detected_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    declared_at = models.DateTimeField(null=True, blank=True)
    mitigated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Dismissed or merged.")
    impact_seconds = models.PositiveBigIntegerField(
        default=0, help_text="Of openings before the current one: seconds of impact until mitigated."
    )
    impact_from = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the impact of the current opening began, where a reopening says so.",
    )
    last_update_at = models.DateTimeField(null=True, blank=True)
    promised_at = models.DateTimeField(null=True, blank=True)
    public_first_at = models.DateTimeField(null=True, blank=True)
    public_last_at = models.DateTimeField(null=True, blank=True)
    public_skipped_at = models.DateTimeField(null=True, blank=True)
    public_resolved_at = models.DateTimeField(null=True, blank=True)
    has_postmortem_duty = models.BooleanField(default=False)
    postmortem_published_at = models.DateTimeField(null=True, blank=True)
    postmortem_waived_at = models.DateTimeField(null=True, blank=True)
    signals_clear_at = models.DateTimeField(null=True, blank=True)
    clocks = models.JSONField(
        default=dict, blank=True, help_text="kind → {at: ISO instant the clock started, round: count}"
    )

    objects = IncidentQuerySet.as_manager()
    #: The columns as `timeline.lock` read them; None where the row came another way.
    as_read: dict[str, Any] | None = None

    class Meta:
        ordering = ["-number"]
        indexes = [
            # For the Now page, grouping of alerts and the rail's count: open incidents only.
            models.Index(fields=["service", "status"], condition=Q(status__in=OPEN), name="incident_open"),
            # For lists and metrics by period.
            models.Index(fields=["-detected_at"], name="incident_by_detection"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("incidents:detail", args=[self.number])

    @property
    def url(self) -> str:
        """The absolute address, for messages."""
        return settings.BASE_URL + self.get_absolute_url()

    @property
    def reference(self) -> str:
        return f"INC-{self.number}"

    @property
    def team(self) -> Team:
        """The team of the primary service: its zone, its hours, its policy."""
        return self.service.team

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def impact_began_at(self) -> datetime:
        """Where durations begin: the impact, else the first signal."""
        return self.started_at or self.detected_at

    @property
    def public_title(self) -> str:
        """What messages outside the room may say: nothing of a private incident."""
        if self.is_private:
            return f"Private incident {self.reference}"
        return f"DRILL: {self.title}" if self.is_drill else self.title


class IncidentService(models.Model):
    """A service an incident is about; the first one is the primary one."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="service_rows")
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "service"], name="incident_service_once"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.service_id}"


class MemberQuerySet(models.QuerySet["IncidentMember"]):
    def belonging(self) -> "MemberQuerySet":
        """Those whom a private incident lets in: following alone does not."""
        return self.exclude(why=IncidentMember.Why.FOLLOWS)


class IncidentMember(models.Model):
    """Somebody who belongs to an incident: for a private or drill one, nobody else is told."""

    class Why(models.TextChoices):
        CREATED = "created"
        ROLE = "role"
        ADDED = "added"
        PAGED = "paged"
        BREAK_GLASS = "break_glass"
        TAKES_PART = "takes_part"
        FOLLOWS = "follows"

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="members")
    user = models.ForeignKey(User, models.CASCADE, related_name="incident_memberships")
    why = models.CharField(max_length=12, choices=Why)
    #: Asked to be told of each update, whatever else makes them one of its people.
    follows = models.BooleanField(default=False)
    since = models.DateTimeField(default=now)

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "user"], name="incident_member_once")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.user_id} {self.why}"


class RoleHolding(models.Model):
    """Who held which chair, from when to when. One holder a chair."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="holdings")
    role = models.ForeignKey(Role, models.PROTECT, related_name="holdings")
    user = models.ForeignKey(User, models.PROTECT, related_name="holdings")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    brief = models.CharField(max_length=500, blank=True)
    is_glass_broken = models.BooleanField(default=False)

    class Meta:
        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "role"], condition=Q(until=None), name="role_one_holder"
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.role_id} {self.user_id}"


def new_salt() -> str:
    return secrets.token_hex(8)


class TimelineEvent(models.Model):
    """One thing that happened. Append-only by a database trigger (`guards`)."""

    class ActorKind(models.TextChoices):
        PERSON = "person"
        SOURCE = "source"
        SYSTEM = "system"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="timeline")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=24, choices=EventKind)
    at = models.DateTimeField(help_text="When it happened.")
    recorded_at = models.DateTimeField(help_text="When we learned of it, by our clock.")
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    actor_kind = models.CharField(max_length=8, choices=ActorKind)
    actor_label = models.CharField(max_length=120, blank=True)
    via = models.CharField(max_length=8)
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)
    salt = models.CharField(max_length=16, default=new_salt)
    text_hash = models.CharField(max_length=64)
    data_hash = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    digest_version = models.PositiveSmallIntegerField(default=1)
    redacted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["incident", "number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="timeline_number_once")]

    def __str__(self) -> str:
        return f"{self.incident_id} #{self.number} {self.kind}"

    def get(self, key: str, default: Any = None) -> Any:
        """A value of ``data``."""
        return self.data.get(key, default)


class MitigationAttempt(models.Model):
    """ "Tried it": who ran which mitigation, when, and what came of it."""

    class Outcome(models.TextChoices):
        STARTED = "started", _("started")
        HELPED = "helped", _("helped")
        DID_NOT_HELP = "did_not_help", _("did not help")
        MADE_WORSE = "made_worse", _("made it worse")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="attempts")
    mitigation = models.ForeignKey(Mitigation, models.PROTECT, related_name="attempts")
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    by_label = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=14, choices=Outcome, default=Outcome.STARTED)
    is_dry_run = models.BooleanField(default=False)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.mitigation} {self.outcome}"


class Purge(models.Model):
    """The second gate of the timeline: names the incident whose events may be deleted, and is kept."""

    incident_pk = models.BigIntegerField()
    reference = models.CharField(max_length=24)
    at = models.DateTimeField(default=now)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    is_open = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.reference} purged"
