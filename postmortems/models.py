"""Rows of a postmortem: the document, its history, its timeline table, its reviewers, its action items."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.models import Incident
from postmortems.kinds import (
    OWED,
    ActionKind,
    ActionStatus,
    Priority,
    ReviewMark,
    Section,
    Status,
    TagKind,
    Visibility,
)


def visible_incidents(user: User) -> "models.QuerySet[Incident]":
    """The incidents whose documents this person may know of; drills have none."""
    return Incident.objects.visible_to(user).filter(is_drill=False)


class PostmortemQuerySet(models.QuerySet["Postmortem"]):
    def visible_to(self, user: User) -> "PostmortemQuerySet":
        """Those of incidents that this person may see."""
        return self.filter(incident__in=visible_incidents(user))

    def owed(self) -> "PostmortemQuerySet":
        """Not published, and nobody waived them."""
        return self.exclude(status=Status.PUBLISHED).filter(incident__postmortem_waived_at=None)


class Postmortem(models.Model):
    """What happened and what we learn from it: one document an incident."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="postmortem")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.INTERNAL)
    authors: "models.ManyToManyField[User, models.Model]" = models.ManyToManyField(
        User, blank=True, related_name="postmortems"
    )
    summary = models.TextField(blank=True)
    root_cause = models.TextField(blank=True)
    contributing_factors = models.TextField(blank=True, help_text="One a line.")
    users_affected = models.CharField(max_length=300, blank=True)
    revenue_impact = models.CharField(max_length=300, blank=True)
    went_well = models.TextField(blank=True, help_text="One a line.")
    went_poorly = models.TextField(blank=True, help_text="One a line.")
    opened_at = models.DateTimeField(default=now)
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    public_text = models.TextField(blank=True, help_text="The redacted projection.")
    public_text_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    public_text_at = models.DateTimeField(null=True, blank=True)
    public_parts = models.JSONField(default=list, blank=True, help_text="Parts the projection shows.")
    public_masks = models.TextField(blank=True, help_text="Words the projection leaves out, one a line.")
    public_at = models.DateTimeField(null=True, blank=True, help_text="When the public text was published.")
    public_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    next_reminder_at = models.DateTimeField(null=True, blank=True)
    reminders_sent = models.PositiveSmallIntegerField(default=0)

    objects = PostmortemQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [
            # For reminders.remind_postmortems, every minute.
            models.Index(
                fields=["next_reminder_at"],
                condition=Q(next_reminder_at__isnull=False),
                name="postmortem_to_remind",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status=Status.PUBLISHED) | Q(published_at__isnull=False),
                name="postmortem_published_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Postmortem of {self.incident.reference}"

    def get_absolute_url(self) -> str:
        return reverse("postmortems:detail", args=[self.pk])

    @property
    def is_reviewed(self) -> bool:
        return self.reviewed_at is not None

    @property
    def is_published(self) -> bool:
        return self.status == Status.PUBLISHED

    @property
    def is_public(self) -> bool:
        return self.visibility == Visibility.PUBLIC

    @property
    def is_late(self) -> bool:
        waived = self.incident.postmortem_waived_at is not None
        return not self.is_published and not waived and self.due_at is not None and self.due_at < now()

    @property
    def zone(self) -> ZoneInfo:
        """Times are written in the zone of the primary service's team."""
        return ZoneInfo(self.incident.team.time_zone)

    def points(self, section: Section) -> list[str]:
        """The points of a section that is a list."""
        return [line for line in str(getattr(self, section)).split("\n") if line]


class SectionRevision(models.Model):
    """What a section said: every saved text, and every text that came too late to be the current one."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="revisions")
    section = models.CharField(max_length=24, choices=Section)
    number = models.PositiveIntegerField(null=True, help_text="Empty: set aside in a conflict.")
    base = models.PositiveIntegerField(help_text="The version the writer had read.")
    text = models.TextField(blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["postmortem", "section", "number"], name="section_revision_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.postmortem_id} {self.section} {self.number or 'aside'}"

    @property
    def is_aside(self) -> bool:
        return self.number is None


class TimelineRow(models.Model):
    """One row of the document's table: chosen from the incident's events, or written by hand."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="rows")
    event_number = models.PositiveIntegerField(null=True, blank=True)
    at = models.DateTimeField()
    words = models.CharField(max_length=300)
    position = models.PositiveSmallIntegerField(default=0)
    shown = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["postmortem", "event_number"], name="timeline_row_once_per_event")
        ]

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.words}"

    @property
    def clock(self) -> str:
        """The team's wall clock, as the template writes it."""
        return f"{self.at.astimezone(self.postmortem.zone):%H:%M}"


class Tag(models.Model):
    """What the library finds a document by: its cause, a factor, what mitigated."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="tags")
    kind = models.CharField(max_length=10, choices=TagKind)
    word = models.CharField(max_length=60)

    class Meta:
        ordering = ["kind", "word"]
        constraints = [models.UniqueConstraint(fields=["postmortem", "kind", "word"], name="tag_once")]
        indexes = [models.Index(fields=["kind", "word"], name="tag_by_word")]

    def __str__(self) -> str:
        return self.word


class KeptWord(models.Model):
    """Words that somebody looked at and keeps: the margin of that section marks them no more."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="kept_words")
    section = models.CharField(max_length=24, choices=Section)
    words = models.CharField(max_length=300)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["postmortem", "section", "words"], name="kept_words_once")
        ]

    def __str__(self) -> str:
        return self.words


class Comment(models.Model):
    """A remark beside the text."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="comments")
    section = models.CharField(max_length=24, choices=Section, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)
    text = models.TextField(max_length=4000)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.by}: {self.text[:40]}"


class Review(models.Model):
    """Somebody asked to read the document, and what they said."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="reviews")
    user = models.ForeignKey(User, models.PROTECT, related_name="reviews")
    mark = models.CharField(max_length=10, choices=ReviewMark, default=ReviewMark.ASKED)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(default=now)
    marked_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["postmortem", "user"], name="review_once_per_person")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_mark_display()}"


class ActionItemQuerySet(models.QuerySet["ActionItem"]):
    def visible_to(self, user: User) -> "ActionItemQuerySet":
        """Those of incidents that this person may see."""
        return self.filter(postmortem__incident__in=visible_incidents(user))

    def owed(self) -> "ActionItemQuerySet":
        return self.filter(status__in=OWED)

    def overdue(self, today: date) -> "ActionItemQuerySet":
        return self.owed().filter(due__lt=today)


class ActionItem(models.Model):
    """What somebody will change so that it does not happen again, and by when."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="actions")
    title = models.CharField(_("action"), max_length=200)
    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="action_items", verbose_name=_("owner")
    )
    due = models.DateField(_("due"), null=True, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=ActionKind, default=ActionKind.PREVENT)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.NORMAL)
    factor = models.CharField(_("contributing factor"), max_length=500, blank=True)
    ticket_url = models.URLField(_("ticket"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=ActionStatus, default=ActionStatus.OPEN)
    created_at = models.DateTimeField(default=now)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    next_reminder_at = models.DateTimeField(null=True, blank=True)
    reminders_sent = models.PositiveSmallIntegerField(default=0)

    objects = ActionItemQuerySet.as_manager()

    class Meta:
        ordering = ["postmortem", "pk"]
        indexes = [
            # For reminders.remind_actions, every minute.
            models.Index(
                fields=["next_reminder_at"],
                condition=Q(next_reminder_at__isnull=False),
                name="action_to_remind",
            ),
            # For the board and the Now page: what is owed, most urgent first.
            models.Index(fields=["due"], condition=Q(status__in=OWED), name="action_owed"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status=ActionStatus.DONE) | Q(done_at__isnull=False),
                name="action_done_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("actions:detail", args=[self.pk])

    @property
    def is_owed(self) -> bool:
        return self.status in OWED

    @property
    def is_overdue(self) -> bool:
        return self.is_owed and self.due is not None and self.due < self.today

    @property
    def today(self) -> date:
        """The day in the zone of the team that the incident belongs to."""
        return now().astimezone(self.postmortem.zone).date()

    @property
    def days_late(self) -> int:
        return (self.today - self.due).days if self.due and self.is_overdue else 0


class ActionChange(models.Model):
    """One change of an action: which fields, from what to what, by whom."""

    action = models.ForeignKey(ActionItem, models.CASCADE, related_name="changes")
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=now)
    is_first = models.BooleanField(default=False)
    fields = models.JSONField(default=dict, help_text="Name of the field: [before, after].")

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.action_id}: {', '.join(self.fields)}"

    @property
    def names(self) -> list[str]:
        """``due: 2024-02-01 → 2024-02-08``; of a person only that it changed, because names may go."""
        return [
            str(_("owner changed")) if name == "owner_id" else f"{name}: {before or '–'} → {after or '–'}"
            for name, (before, after) in sorted(self.fields.items())
        ]


def day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
