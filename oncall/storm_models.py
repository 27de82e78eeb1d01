"""Rows of the rain of pages; `models` names them, so that Django finds them."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class StormPolicy(models.Model):
    """When pages to one person become a bundle; one row, and without it these defaults."""

    pages = models.PositiveSmallIntegerField(
        _("pages"), default=5, help_text=_("More than so many become one bundle. 0: never.")
    )
    within = models.DurationField(_("within"), default=timedelta(minutes=10))

    class Meta:
        verbose_name_plural = "storm policy"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="storm_policy_is_one_row")]

    def __str__(self) -> str:
        return f"{self.pages}, {self.within}"

    @classmethod
    def current(cls) -> "StormPolicy":
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class Bundle(models.Model):
    """Pages to one person that came so thick that they are told as one."""

    user = models.ForeignKey(User, models.CASCADE, related_name="bundles")
    began_at = models.DateTimeField(default=now)
    last_at = models.DateTimeField(default=now, help_text="When the last page joined.")
    rung_at = models.DateTimeField(default=now)
    size = models.PositiveIntegerField(default=1)
    told_size = models.PositiveIntegerField(default=0)
    closed_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(closed_at=None), name="one_open_bundle")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.size}"

    @property
    def about(self) -> str:
        """How its messages name it."""
        return f"bundle:{self.pk}"
