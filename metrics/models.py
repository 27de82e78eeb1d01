"""Rows of metrics: what people mark on the charts."""

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import User
from catalog.models import Service, Team


class Annotation(models.Model):
    """Something that changed on a day, such as "one-command rollback"; of everything, a service or a team."""

    day = models.DateField()
    label = models.CharField(max_length=80)
    service = models.ForeignKey(Service, models.CASCADE, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-day", "-pk"]
        indexes = [models.Index(fields=["day"], name="annotation_by_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(service=None) | Q(team=None), name="annotation_of_one_thing_at_most"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.label}"

    @property
    def words(self) -> str:
        """The label, with what it is about: ``one-command rollback (Checkout)``."""
        about = self.service or self.team
        return f"{self.label} ({about})" if about else self.label
