"""Rows of metrics: what people mark on the charts, and figures counted by month."""

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


class RollupState(models.Model):
    """One row: what the rollups are of, how far they are filled, and the lock of who writes them."""

    #: The instance's zone in which the months begin; another one makes them anew.
    zone = models.CharField(max_length=60)
    #: Changes when what is counted, or how, does; a number of the code.
    layout = models.PositiveSmallIntegerField()
    filled_to = models.BigIntegerField(default=0)
    is_complete = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"rollups in {self.zone}, {'complete' if self.is_complete else f'filled to {self.filled_to}'}"


class Rollup(models.Model):
    """The spans of a month, severity, source and service (or of everything, private incidents among it)."""

    month = models.DateField()
    severity_id = models.BigIntegerField()
    source = models.CharField(max_length=20)
    #: 0: of everything.
    service_id = models.BigIntegerField(default=0)
    count = models.PositiveIntegerField(default=0)
    tallies = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service_id", "month", "severity_id", "source"], name="one_rollup_a_cell"
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.count}"


class Contribution(models.Model):
    """What an incident has put into the rollups, to take it out again. It outlives a purge."""

    incident_id = models.BigIntegerField(primary_key=True)
    month = models.DateField()
    severity_id = models.BigIntegerField()
    source = models.CharField(max_length=20)
    services = models.JSONField(default=list)
    is_private = models.BooleanField(default=False)
    #: By column: microseconds, or why there are none.
    readings = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.incident_id} in {self.month:%Y-%m}"


class GapRollup(models.Model):
    """The gaps between failures of one service that end in a month, under one basis."""

    service_id = models.BigIntegerField()
    month = models.DateField()
    basis = models.CharField(max_length=10)
    #: Of the failures that are not private: what stands beside a service's name.
    is_public = models.BooleanField()
    tally = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service_id", "is_public", "basis", "month"], name="one_gap_rollup_a_cell"
            )
        ]

    def __str__(self) -> str:
        return f"{self.service_id} in {self.month:%Y-%m}"


class StaleGaps(models.Model):
    """A service of which a failure changed since its gaps were counted."""

    service_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return str(self.service_id)
