"""What is owed to the outside world, when each sweep last ran, and which promises were broken."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

OPEN = Q(delivered_at=None, abandoned_at=None)


class MessageQuerySet(models.QuerySet["Message"]):
    def open(self) -> "MessageQuerySet":
        """Neither delivered nor given up."""
        return self.filter(OPEN)

    def unblocked(self) -> "MessageQuerySet":
        """Open, and first in its stream: an older open message of the same stream goes first."""
        older = Message.objects.filter(
            OPEN, handler=OuterRef("handler"), stream=OuterRef("stream"), pk__lt=OuterRef("pk")
        )
        return self.open().filter(Q(stream="") | ~Exists(older))

    def due(self) -> "MessageQuerySet":
        """What a sweep may deliver now."""
        return self.unblocked().filter(due_at__lte=now())


class Message(models.Model):
    """One announcement owed to one handler.

    The id is its place in the stream: whoever announces on a stream holds the lock of what the
    stream is about, so that ids of one stream are handed out in the order of their commits.
    """

    topic = models.CharField(max_length=80)
    handler = models.CharField(max_length=120)
    key = models.CharField(max_length=200)
    stream = models.CharField(max_length=80, blank=True, default="")
    queue = models.CharField(max_length=8, default="bulk")
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(default=now)
    attempts = models.PositiveIntegerField(default=0)
    note = models.TextField(blank=True, default="")
    delivered_at = models.DateTimeField(null=True, blank=True)
    abandoned_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["handler", "key"], name="message_owed_once_per_handler"),
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(abandoned_at=None),
                name="message_not_both_delivered_and_abandoned",
            ),
        ]
        indexes = [
            # For delivery.sweep, every second.
            models.Index(fields=["queue", "due_at"], condition=OPEN, name="message_owed"),
            # For MessageQuerySet.unblocked.
            models.Index(fields=["handler", "stream", "id"], condition=OPEN, name="message_stream"),
            # For delivery.forget, and for the red list of what was given up.
            models.Index(fields=["delivered_at"], name="message_delivered"),
            models.Index(
                fields=["abandoned_at"], condition=Q(abandoned_at__isnull=False), name="message_abandoned"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} for {self.handler}"

    @property
    def state(self) -> str:
        """One word for the reader: delivered, given up, owed or trying again."""
        if self.delivered_at:
            return "delivered"
        if self.abandoned_at:
            return "given up"
        return "trying again" if self.attempts else "owed"


class SweepRun(models.Model):
    """When a sweep last ran, so that `watch` and `/promises` can tell that it is late."""

    name = models.CharField(max_length=60, primary_key=True)
    last_started_at = models.DateTimeField(null=True, blank=True)
    last_finished_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class BrokenPromise(models.Model):
    """An invariant of the pager that did not hold for a while, and whether the admins were told."""

    what = models.CharField(max_length=60)
    reason = models.CharField(max_length=300)
    began_at = models.DateTimeField(default=now)
    seen_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)
    tell_at = models.DateTimeField(null=True, blank=True, help_text="When the admins have to be told of it.")
    told_at = models.DateTimeField(null=True, blank=True)
    end_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-began_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["what"], condition=Q(ended_at=None), name="promise_broken_once_at_a_time"
            )
        ]
        indexes = [
            # For breaches.claim, every ten seconds.
            models.Index(fields=["tell_at"], condition=Q(tell_at__isnull=False), name="promise_to_tell")
        ]

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"
