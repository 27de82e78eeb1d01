"""Rows of the chat door: who somebody in Slack is here, and what was heard already."""

from django.db import models
from django.utils.timezone import now

from accounts.models import User


class ChatUser(models.Model):
    """A person of a Slack workspace and the account they act with, found by their e-mail address."""

    team_id = models.CharField(max_length=40)
    slack_id = models.CharField(max_length=40)
    user = models.ForeignKey(User, models.CASCADE, related_name="chat_users")
    checked_at = models.DateTimeField(default=now, help_text="When Slack last said the e-mail address.")

    class Meta:
        ordering = ["user"]
        constraints = [models.UniqueConstraint(fields=["team_id", "slack_id"], name="chat_user_once")]

    def __str__(self) -> str:
        return f"{self.user} as {self.slack_id}"


class Heard(models.Model):
    """A signature, an event or a pinned message that was taken, so that its repetition changes nothing."""

    key = models.CharField(max_length=200, unique=True)
    until = models.DateTimeField(help_text="May be forgotten after this.")

    class Meta:
        # For once.forget, every five minutes.
        indexes = [models.Index(fields=["until"], name="heard_by_end")]

    def __str__(self) -> str:
        return self.key
