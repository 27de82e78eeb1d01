"""What a schedule was before it was changed: kept so that the past stays as it was."""

from django.db import models
from django.db.models import F, Q


class PastLayer(models.Model):
    """A rotation as it was from ``since`` (empty: from its first day) until ``until``.

    Written once, when somebody changes the rotation, and never again.
    """

    schedule = models.ForeignKey("oncall.Schedule", models.CASCADE, related_name="past_layers")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    time_zone = models.CharField(max_length=64)
    first_day = models.DateField()
    hand_over = models.TimeField()
    days = models.PositiveSmallIntegerField()
    hours = models.PositiveSmallIntegerField()
    windows = models.JSONField(default=list, blank=True)
    people = models.JSONField(default=list, help_text="Ids in their order, of those who took turns then.")
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField()

    class Meta:
        ordering = ["schedule", "until", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(since=None) | Q(until__gt=F("since")), name="past_layer_ends_after_it_starts"
            )
        ]
        # For the engine: what was true in a span.
        indexes = [models.Index(fields=["schedule", "until"], name="past_layer_by_end")]

    def __str__(self) -> str:
        return f"{self.schedule}: {self.name}, until {self.until:%d %b %Y %H:%M}"
