"""Rows of the room beside its timeline: who looked in, and what is to be done."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class RoomVisit(models.Model):
    """That somebody's page of an incident, or of its postmortem, was open; see `presence`."""

    class Page(models.TextChoices):
        ROOM = "room", _("room")
        POSTMORTEM = "postmortem", _("postmortem")

    incident = models.ForeignKey("incidents.Incident", models.CASCADE, related_name="visits")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    page = models.CharField(max_length=10, choices=Page, default=Page.ROOM)
    seen_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "user", "page"], name="room_visit_once")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.user_id}"


class IncidentTask(models.Model):
    """Something to do during the incident, or after it; its story is on the timeline."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        DROPPED = "dropped", _("not needed")
        MOVED = "moved", _("moved to the action items")

    incident = models.ForeignKey("incidents.Incident", models.CASCADE, related_name="tasks")
    text = models.CharField(max_length=300)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="incident_tasks")
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.OPEN)
    created_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="open", ended_at=None) | ~Q(outcome="open") & Q(ended_at__isnull=False),
                name="task_open_until_it_ends",
            )
        ]

    def __str__(self) -> str:
        return self.text


class OfferQuerySet(models.QuerySet["ChairOffer"]):
    def running(self) -> "OfferQuerySet":
        return self.filter(ended_at=None)

    def end(self, at: datetime) -> int:
        """End those that run; how many."""
        return self.running().update(ended_at=at)


class ChairOffer(models.Model):
    """Somebody can take an empty chair, and sits in none by saying so; see `volunteering`."""

    incident = models.ForeignKey("incidents.Incident", models.CASCADE, related_name="chair_offers")
    role = models.ForeignKey("incidents.Role", models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    offered_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="The chair was taken, the offer withdrawn, or the incident over."
    )

    objects = OfferQuerySet.as_manager()

    class Meta:
        ordering = ["offered_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "role", "user"], condition=Q(ended_at=None), name="chair_offered_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.role_id} {self.user_id}"


class SearchText(models.Model):
    """One text that search finds: a title, something said, or a document; see `searching`."""

    class Kind(models.TextChoices):
        INCIDENT = "incident", _("Incident")
        UPDATE = "update", _("Update")
        NOTE = "note", _("Note")
        POSTMORTEM = "postmortem", _("Postmortem")

    incident = models.ForeignKey("incidents.Incident", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    number = models.PositiveIntegerField(default=0, help_text="Of the event; 0 where there is only one.")
    text = models.TextField()
    words = models.TextField(help_text="The text as `lib.searchwords.normal` makes it: what is indexed.")
    path = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "kind", "number"], name="search_text_once")
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} {self.number}"
