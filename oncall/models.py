"""Who is woken: schedules, policies, and the runs and pages that came of them."""

from datetime import date, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Service, Team, check_zone
from incidents.models import Incident, Role
from oncall import windows
from oncall.drill_models import DrillPlan as DrillPlan
from oncall.history_models import PastLayer as PastLayer
from oncall.storm_models import Bundle


def first_monday() -> date:
    # A Monday in the past, so that a new weekly rotation has begun.
    return date(2024, 1, 1)


def nine() -> time:
    return time(9)


class Schedule(models.Model):
    """Who answers when, for one line of duty."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="schedules")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[check_zone])
    created_at = models.DateTimeField(
        default=now, null=True, editable=False, help_text=_("Empty: made before this was kept.")
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Layer(models.Model):
    """A rotation of a schedule. A higher position covers a lower one wherever it has somebody."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="layers")
    name = models.CharField(_("name"), max_length=80, default="Rotation")
    position = models.PositiveSmallIntegerField(default=0)
    first_day = models.DateField(
        _("first day"),
        default=first_monday,
        help_text=_("The first turn begins here; its weekday is when hands change."),
    )
    hand_over = models.TimeField(_("hand-over"), default=nine)
    days = models.PositiveSmallIntegerField(_("days a turn"), default=7, validators=[MaxValueValidator(366)])
    hours = models.PositiveSmallIntegerField(
        _("and hours a turn"),
        default=0,
        validators=[MaxValueValidator(23)],
        help_text=_("With 0 days, 12 makes two shifts a day."),
    )
    windows = models.JSONField(
        _("only at these times"),
        default=list,
        blank=True,
        validators=[windows.check],
        help_text=_("Lines such as Mon-Fri 20:00-08:00; empty is around the clock."),
    )
    since = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("Since it is like this; empty: from its first day."),
    )
    people: "models.ManyToManyField[User, Any]" = models.ManyToManyField(
        User, through="LayerMember", related_name="layers"
    )

    class Meta:
        ordering = ["schedule", "position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(days__gte=1) | Q(hours__gte=1), name="layer_turn_has_length")
        ]

    def __str__(self) -> str:
        return f"{self.schedule}: {self.name}"


class LayerMember(models.Model):
    """A place in the order of a rotation."""

    layer = models.ForeignKey(Layer, models.CASCADE, related_name="members")
    user = models.ForeignKey(User, models.CASCADE, related_name="layer_places")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["layer", "position", "pk"]

    def __str__(self) -> str:
        return f"{self.layer_id} {self.position}: {self.user}"


class Override(models.Model):
    """Somebody stands in for a span; the newest one wins where two overlap."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="overrides")
    user = models.ForeignKey(User, models.CASCADE, related_name="overrides")
    start = models.DateTimeField()
    end = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="override_ends_after_it_starts")
        ]
        # For the engine: what covers a span.
        indexes = [models.Index(fields=["schedule", "end"], name="override_by_end")]

    def __str__(self) -> str:
        return f"{self.user} on {self.schedule}, {self.start:%d %b %H:%M} to {self.end:%d %b %H:%M}"


class Swap(models.Model):
    """An offer to a colleague: take this span of mine, and maybe I take that one of yours."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("waits for an answer")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("expired")

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="swaps")
    proposer = models.ForeignKey(User, models.CASCADE, related_name="swaps_proposed")
    other = models.ForeignKey(User, models.CASCADE, related_name="swaps_asked")
    start = models.DateTimeField()
    end = models.DateTimeField()
    back_start = models.DateTimeField(null=True, blank=True)
    back_end = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PROPOSED)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="swap_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(back_start=None, back_end=None) | Q(back_end__gt=F("back_start")),
                name="swap_back_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=~Q(proposer=F("other")), name="swap_between_two"),
        ]
        # For swaps.sweep, every minute.
        indexes = [models.Index(fields=["expires_at"], condition=Q(status="proposed"), name="swap_open")]

    def __str__(self) -> str:
        return f"{self.proposer} to {self.other}, {self.start:%d %b %H:%M} to {self.end:%d %b %H:%M}"


class Policy(models.Model):
    """A ladder: who is asked, after how long the next ones are, and how often it starts again."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="policies")
    repeat = models.PositiveSmallIntegerField(
        _("rounds"), default=3, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    round_length = models.DurationField(_("a round lasts"), default=timedelta(minutes=15))
    is_default = models.BooleanField(
        _("for every service without one"), default=False, help_text=_("At most one policy is.")
    )
    is_for_management = models.BooleanField(
        _("for management, where a team has none"), default=False, help_text=_("At most one policy is.")
    )

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="policy_one_default"
            ),
            models.UniqueConstraint(
                fields=["is_for_management"],
                condition=Q(is_for_management=True),
                name="policy_one_for_management",
            ),
            models.CheckConstraint(condition=Q(repeat__gte=1), name="policy_has_a_round"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.round_length < timedelta(minutes=1):
            raise ValidationError({"round_length": _("A round lasts a minute or more.")})


class Step(models.Model):
    """A rung of the ladder, so long after the start of its round."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=0)
    delay = models.DurationField(_("after"), default=timedelta(0))
    in_hours_only = models.BooleanField(
        _("only in business hours"),
        default=False,
        help_text=_("Outside of the hours of the incident's team it is skipped, and waits for nothing."),
    )

    class Meta:
        ordering = ["policy", "delay", "position", "pk"]

    def __str__(self) -> str:
        return f"{self.policy} step {self.position}"


class Target(models.Model):
    """Whom a step asks."""

    class Kind(models.TextChoices):
        SCHEDULE = "schedule", _("who is on call")
        PERSON = "person", _("a person")
        TEAM = "team", _("everybody in a team")
        MANAGERS = "managers", _("a team's managers")

    step = models.ForeignKey(Step, models.CASCADE, related_name="targets")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SCHEDULE)
    schedule = models.ForeignKey(Schedule, models.PROTECT, null=True, blank=True, related_name="+")
    person = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="+")
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="+",
        help_text=_("For managers, empty means the team of the incident's service."),
    )  # fmt: skip
    in_turn = models.BooleanField(
        _("one of them in turn"),
        default=False,
        help_text=_("Of a team, or of everybody in a schedule, the next one instead of all or the holder."),
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="schedule", schedule__isnull=False)
                | Q(kind="person", person__isnull=False)
                | Q(kind="team", team__isnull=False)
                | Q(kind="managers"),
                name="target_names_somebody",
            ),
            models.CheckConstraint(
                condition=Q(in_turn=False) | Q(kind__in=("schedule", "team")), name="target_turns_of_many"
            ),
        ]

    def __str__(self) -> str:
        name = str(self.schedule or self.person or self.team or self.get_kind_display())
        return str(_("one of %(name)s, in turn") % {"name": name}) if self.in_turn else name


class RoundRobin(models.Model):
    """Who of a team, or of a schedule's people, was asked last where they are asked in turn.

    It belongs to the team or schedule and not to a step: every policy that asks them goes on where the
    last one stopped, and an edited policy forgets nothing.
    """

    schedule = models.OneToOneField(Schedule, models.CASCADE, null=True, blank=True, related_name="+")
    team = models.OneToOneField(Team, models.CASCADE, null=True, blank=True, related_name="+")
    last = models.PositiveBigIntegerField(default=0, help_text="The person's id; the next higher is next.")
    moved_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(schedule__isnull=False, team=None) | Q(schedule=None, team__isnull=False),
                name="round_robin_of_one",
            )
        ]

    def __str__(self) -> str:
        return f"{self.schedule or self.team}: {self.last}"


class Coverage(models.Model):
    """Which policy answers for a service; without a row, the instance's default does."""

    service = models.OneToOneField(Service, models.CASCADE, related_name="coverage")
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="coverages")

    def __str__(self) -> str:
        return f"{self.service}: {self.policy}"


class ManagementCoverage(models.Model):
    """Which policy loops in a team's management."""

    team = models.OneToOneField(Team, models.CASCADE, related_name="management_coverage")
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="management_coverages")

    def __str__(self) -> str:
        return f"{self.team}: {self.policy}"


class RoleCoverage(models.Model):
    """Which schedule is paged when a chair stays empty; without a row, nobody is."""

    role = models.OneToOneField(
        Role, models.CASCADE, related_name="rota", verbose_name=_("chair"), help_text=_("One rota a chair.")
    )
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="chairs")

    class Meta:
        verbose_name = _("rota of a chair")
        verbose_name_plural = _("rotas of chairs")

    def __str__(self) -> str:
        return f"{self.role}: {self.schedule}"


class PageRun(models.Model):
    """One climb of a ladder for one incident, its plan as it stood at the start."""

    class Status(models.TextChoices):
        RUNNING = "running", _("paging")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        CANCELLED = "cancelled", _("called off")
        EXPIRED = "expired", _("nobody answered")

    class Reason(models.TextChoices):
        OPENED = "opened", _("Opened")
        RAISED = "raised", _("Severity raised")
        REOPENED = "reopened", _("Reopened")
        TIMEOUT = "timeout", _("Acknowledged, then silence")
        MANAGEMENT = "management", _("Management")
        HELP = "help", _("Help asked for")
        UPDATE = "update", _("Update overdue")
        MANUAL = "manual", _("Paged by hand")
        HANDED = "handed", _("Handed over")
        ESCALATED = "escalated", _("Escalated")
        CHAIR = "chair", _("Chair empty")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="page_runs")
    policy = models.ForeignKey(Policy, models.SET_NULL, null=True, blank=True, related_name="runs")
    policy_name = models.CharField(max_length=120)
    reason = models.CharField(max_length=12, choices=Reason)
    note = models.CharField(max_length=300, blank=True)
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    opening = models.PositiveSmallIntegerField(default=1)
    key = models.CharField(max_length=120, unique=True)
    plan = models.JSONField(default=dict)
    after_event = models.PositiveIntegerField(
        default=0, help_text="The last event before it began: earlier acknowledgements do not answer it."
    )
    waits_for_hours = models.BooleanField(
        default=False, help_text="Rings only in the business hours of the incident's team."
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.RUNNING)
    position = models.PositiveIntegerField(default=0, help_text="The rung that is climbed next.")
    next_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(default=now)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=200, blank=True)
    quiet_until = models.DateTimeField(
        null=True, blank=True, help_text="Every service it is for is in maintenance: it rings at the end."
    )
    silence_at = models.DateTimeField(
        null=True, blank=True, help_text="When the acknowledgement times out if nothing was done."
    )

    class Meta:
        ordering = ["-pk"]
        indexes = [
            # For paging.sweep, every second.
            models.Index(fields=["next_at"], condition=Q(status="running"), name="run_due"),
            # For answering.sweep_silence, every 5 seconds.
            models.Index(fields=["silence_at"], condition=Q(silence_at__isnull=False), name="run_silence"),
        ]

    def __str__(self) -> str:
        return f"{self.policy_name} for {self.incident_id}: {self.status}"

    @property
    def rungs(self) -> list[dict[str, Any]]:
        return list(self.plan.get("rungs", []))

    @property
    def is_running(self) -> bool:
        return self.status == self.Status.RUNNING

    @property
    def state(self) -> str:
        """As the API says it: a run that has asked nobody yet is pending."""
        if not self.is_running:
            return self.status
        return "notified" if self.pages.exists() else "pending"

    @property
    def step(self) -> int:
        """The policy's step that was asked last (1 is the first)."""
        rungs, place = self.rungs, max(self.position - 1, 0)
        return int(rungs[min(place, len(rungs) - 1)]["step"]) if rungs else 1


class Page(models.Model):
    """One person asked by one rung of a run."""

    class Status(models.TextChoices):
        NOTIFIED = "notified", _("asked")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        HANDED = "handed", _("handed over")
        OVER = "over", _("over")

    run = models.ForeignKey(PageRun, models.CASCADE, related_name="pages")
    bundle = models.ForeignKey(Bundle, models.SET_NULL, null=True, blank=True, related_name="pages")
    user = models.ForeignKey(User, models.CASCADE, related_name="pages")
    rung = models.PositiveIntegerField()
    step = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=12, choices=Status, default=Status.NOTIFIED)
    created_at = models.DateTimeField(default=now)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["run", "rung", "user"], name="page_once_per_rung")]
        # For "my unacknowledged pages", on every Now page.
        indexes = [models.Index(fields=["user"], condition=Q(status="notified"), name="page_unanswered")]

    def __str__(self) -> str:
        return f"{self.user} asked by {self.run_id}"

    @property
    def about(self) -> str:
        """How its messages name it."""
        return f"bundle:{self.bundle_id}" if self.bundle_id else f"page:{self.pk}"


class CalendarLink(models.Model):
    """A private address that a calendar program reads: a person's own shifts, or one schedule's."""

    user = models.ForeignKey(User, models.CASCADE, related_name="calendar_links")
    schedule = models.ForeignKey(
        Schedule,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the person's own.",
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=now)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["user", "schedule", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "schedule"], name="calendar_link_once_per_schedule"),
            models.UniqueConstraint(
                fields=["user"], condition=Q(schedule=None), name="calendar_link_once_for_own_shifts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.schedule or 'own shifts'}"


class CalendarShift(models.Model):
    """A shift as calendar programs were told of it, so that they can be told that it moved or is off."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="calendar_shifts")
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="+")
    uid = models.CharField(max_length=40, unique=True)
    start = models.DateTimeField()
    end = models.DateTimeField()
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(default=now)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["start", "pk"]
        # For calendars.publish and for a feed: what is not long over.
        indexes = [models.Index(fields=["schedule", "end"], name="calendar_shift_by_end")]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.user_id} {self.start:%Y-%m-%d %H:%M}"
