"""The running promises of an incident, and how each of them ended."""

from datetime import datetime

from django.db import models
from django.db.models import Count, Q

from incidents.kinds import DeadlineKind

#: The promises to tell somebody something.
UPDATES = (DeadlineKind.INTERNAL_UPDATE, DeadlineKind.PUBLIC_FIRST, DeadlineKind.PUBLIC_UPDATE)


class DeadlineQuerySet(models.QuerySet["Deadline"]):
    """Choices of promises."""

    def judged(self) -> "DeadlineQuerySet":
        """Those that came in time or ran out; not those that run, were overtaken or were not needed."""
        return self.filter(was_kept__isnull=False, overtaken_at=None)

    def updates(self) -> "DeadlineQuerySet":
        """The promises to tell the team or the public."""
        return self.filter(kind__in=UPDATES)


#: For ``aggregate`` and ``annotate`` over `DeadlineQuerySet.judged`: promises kept, and promises due.
COUNTED = {"kept": Count("pk", filter=Q(was_kept=True)), "due": Count("pk")}


class Deadline(models.Model):
    """A promise of the policy: one row per incident, kind, opening and round."""

    class Level(models.IntegerChoices):
        NUDGE = 0
        COMMANDER = 1
        PAGE = 2

    objects = DeadlineQuerySet.as_manager()

    incident = models.ForeignKey("incidents.Incident", models.CASCADE, related_name="deadlines")
    kind = models.CharField(max_length=16, choices=DeadlineKind)
    opening = models.PositiveSmallIntegerField(default=1)
    round = models.PositiveIntegerField(default=1)
    version = models.ForeignKey("incidents.SeverityVersion", models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    interval = models.DurationField(help_text="How long the promise runs: the step of its nudges.")
    stopped_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)
    snoozed_from = models.DateTimeField(
        null=True, blank=True, help_text="Somebody put it off: when it was first due."
    )
    was_kept = models.BooleanField(
        null=True,
        blank=True,
        help_text="Whether it came in time. Empty: it still runs, or it ended without being needed any more.",
    )
    overtaken_at = models.DateTimeField(
        null=True, blank=True, help_text="A correction put it into the past: nobody is nudged."
    )
    level = models.PositiveSmallIntegerField(null=True, blank=True, choices=Level)
    next_at = models.DateTimeField(
        null=True, blank=True, help_text="When the sweep has to look: reminder, miss, next level."
    )

    class Meta:
        ordering = ["due_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind", "opening", "round"], name="deadline_one_per_round"
            )
        ]
        indexes = [
            # For overdue.miss_overdue, every second.
            models.Index(
                fields=["next_at"],
                condition=Q(stopped_at=None, next_at__isnull=False),
                name="deadline_running",
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} by {self.due_at:%H:%M}"

    @property
    def first_due_at(self) -> datetime:
        """When it was due before anybody put it off: the instant that counts as in time."""
        return self.snoozed_from or self.due_at

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None

    @property
    def is_late(self) -> bool:
        return self.missed_at is not None and self.stopped_at is None
