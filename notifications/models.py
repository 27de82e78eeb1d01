"""How people are reached, and every message that was owed to a person, a room or an address."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.models import Incident
from lib.ids import public_id

OPEN = Q(sent_at=None, failed_at=None, cancelled_at=None)


#: A weekly test that is answered later still counts, but by then the line was called silent.
CANARY_PATIENCE = timedelta(hours=24)


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SLACK = "slack", _("Slack, direct message")
    WEBHOOK = "webhook", _("Signed webhook")
    PUSH = "push", _("Push to a browser or phone")
    SMS = "sms", _("Text message")
    VOICE = "voice", _("Phone call")
    APPRISE = "apprise", _("Apprise")
    ROOM = "room", _("Slack, the incident's channel")
    PAGERDUTY = "pagerduty", _("PagerDuty")
    OPSGENIE = "opsgenie", _("Opsgenie")


FORWARDS = (Channel.PAGERDUTY, Channel.OPSGENIE)


class Word(models.TextChoices):
    """What a message is; pages and tests go first."""

    PAGE = "page", _("Page")
    TEST = "test", _("Test")
    NUDGE = "nudge", _("Reminder")
    UPDATE = "update", _("Update")
    NEWS = "news", _("News")
    NOTICE = "notice", _("Notice")


URGENT = (Word.PAGE, Word.TEST)


class ContactMethod(models.Model):
    """One way to reach a person. Who has none is reached at the account's e-mail address."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        SLACK = "slack", _("Slack, direct message")
        WEBHOOK = "webhook", _("Signed webhook")
        PUSH = "push", _("Push to a browser or phone")
        SMS = "sms", _("Text message")
        VOICE = "voice", _("Phone call")
        APPRISE = "apprise", _("Apprise")
        PAGERDUTY = "pagerduty", _("PagerDuty")
        OPSGENIE = "opsgenie", _("Opsgenie")

    user = models.ForeignKey(User, models.CASCADE, related_name="contact_methods")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.EMAIL)
    address = models.CharField(_("address"), max_length=1000)
    secret = models.CharField(max_length=300, blank=True, editable=False)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=now, editable=False)
    verified_at = models.DateTimeField(null=True, blank=True)
    code_hash = models.CharField(max_length=128, blank=True, editable=False)
    code_until = models.DateTimeField(null=True, blank=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    trouble = models.CharField(max_length=500, blank=True, editable=False)
    trouble_at = models.DateTimeField(null=True, blank=True, editable=False)
    bounced_at = models.DateTimeField(null=True, blank=True, editable=False)
    canary_asked_at = models.DateTimeField(_("weekly test sent"), null=True, blank=True, editable=False)
    canary_heard_at = models.DateTimeField(_("weekly test answered"), null=True, blank=True, editable=False)
    canary_told_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["user", "position", "pk"]
        indexes = [
            # For canary.sweep: which tests may still turn out to be unanswered.
            models.Index(
                fields=["canary_asked_at"],
                condition=Q(canary_asked_at__isnull=False, canary_told_at=None),
                name="canary_unheard",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "address"], name="contact_method_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.address}"

    @property
    def is_waiting(self) -> bool:
        """A weekly test is out and not yet answered."""
        asked, heard = self.canary_asked_at, self.canary_heard_at
        return asked is not None and (heard is None or heard < asked)

    @property
    def is_silent(self) -> bool:
        """Its last weekly test was not answered in time."""
        asked = self.canary_asked_at
        return asked is not None and self.is_waiting and asked < now() - CANARY_PATIENCE


class Urgency(models.TextChoices):
    """High: what pages at any hour. Low: what can wait for the morning."""

    HIGH = "high", _("Urgent")
    LOW = "low", _("Can wait")


class Rule(models.Model):
    """One step of a person's own order: this way, so long after the page began."""

    user = models.ForeignKey(User, models.CASCADE, related_name="reach_rules")
    urgency = models.CharField(max_length=4, choices=Urgency, default=Urgency.HIGH)
    method = models.ForeignKey(ContactMethod, models.CASCADE, related_name="rules")
    delay_seconds = models.PositiveIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["user", "urgency", "delay_seconds", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "urgency", "method", "delay_seconds"], name="rule_once_per_moment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_urgency_display()}, {self.delay_seconds} s: {self.method}"

    @property
    def delay(self) -> timedelta:
        return timedelta(seconds=self.delay_seconds)


class Reach(models.Model):
    """What a person has decided about being reached, beside the rules."""

    user = models.OneToOneField(User, models.CASCADE, related_name="reach")
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    awake_until = models.DateTimeField(null=True, blank=True)
    canary = models.BooleanField(_("a test page every week"), default=False)
    canary_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "reach"
        indexes = [
            # For canary.sweep.
            models.Index(fields=["canary_at"], condition=models.Q(canary=True), name="canary_due"),
        ]

    def __str__(self) -> str:
        return f"{self.user}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def open(self) -> "DeliveryQuerySet":
        """Neither sent, nor failed for good, nor called off."""
        return self.filter(OPEN)

    def due(self) -> "DeliveryQuerySet":
        """What a sweep may send now; within a stream the oldest goes first."""
        older = Delivery.objects.filter(OPEN, stream=OuterRef("stream"), pk__lt=OuterRef("pk"))
        return self.open().filter(due_at__lte=now()).filter(Q(stream="") | ~Exists(older))


class Delivery(models.Model):
    """One message to one address, with what became of it."""

    word = models.CharField(max_length=8, choices=Word)
    is_urgent = models.BooleanField(default=False)
    incident = models.ForeignKey(Incident, models.CASCADE, null=True, blank=True, related_name="deliveries")
    run_key = models.BigIntegerField(
        null=True, blank=True, help_text="The page run this belongs to: sent only while that is wanted."
    )
    bundle_key = models.BigIntegerField(
        null=True, blank=True, help_text="The bundle of pages this tells of: sent only while one is open."
    )
    about = models.CharField(max_length=40, blank=True, help_text="What caused it, for example page:12.")
    recipient = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="deliveries")
    channel = models.CharField(max_length=12, choices=Channel)
    address = models.CharField(max_length=1000, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    html = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)
    key = models.CharField(max_length=160, unique=True, help_text="Owing the same key twice owes it once.")
    idempotency_id = models.CharField(max_length=16, unique=True, default=public_id)
    stream = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(default=now)
    planned_at = models.DateTimeField(
        null=True, blank=True, help_text="When the person's rule wanted it; tries are counted from here."
    )
    claims = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "deliveries"
        indexes = [
            # For delivery.sweep, every second.
            models.Index(fields=["is_urgent", "due_at"], condition=OPEN, name="delivery_owed"),
            # For DeliveryQuerySet.due.
            models.Index(fields=["stream", "id"], condition=OPEN, name="delivery_stream"),
            # For the panel of an incident and for "did every message of this step fail?".
            models.Index(fields=["about"], name="delivery_about"),
            models.Index(fields=["run_key"], condition=OPEN, name="delivery_of_run"),
            models.Index(fields=["bundle_key"], condition=OPEN, name="delivery_of_bundle"),
        ]

    def __str__(self) -> str:
        return f"{self.word} to {self.address or self.channel}"

    @property
    def state(self) -> str:
        """One word for the reader."""
        if self.sent_at:
            return "sent"
        if self.failed_at:
            return "failed"
        if self.cancelled_at:
            return "called off"
        return "trying again" if self.claims else "waiting"

    def fact(self, name: str, default: Any = None) -> Any:
        """A value of ``data``."""
        return self.data.get(name, default)


class DeliveryAttempt(models.Model):
    """One try: when, and what the other side said."""

    class Outcome(models.TextChoices):
        SENT = "sent", _("sent")
        PASSING = "passing", _("failed, will try again")
        PERMANENT = "permanent", _("failed for good")

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    at = models.DateTimeField(default=now)
    outcome = models.CharField(max_length=10, choices=Outcome)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["delivery", "number"]

    def __str__(self) -> str:
        return f"{self.delivery_id} try {self.number}: {self.outcome}"


class ChannelTrouble(models.Model):
    """What keeps a whole channel from working until an admin mends it: a revoked token, a missing right."""

    channel = models.CharField(max_length=12, choices=Channel)
    what = models.CharField(max_length=80, help_text="The token, or the method that may not be called.")
    reason = models.CharField(max_length=300)
    since = models.DateTimeField(default=now)

    class Meta:
        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "what"], name="channel_trouble_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.reason}"


class ChatRoom(models.Model):
    """The Slack channel of an incident, once it was opened."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="chat_room")
    channel_id = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    opened_at = models.DateTimeField(default=now)
    archived_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"#{self.name}"


class OutgoingWebhook(models.Model):
    """Another system that wants to hear what happens, signed after Standard Webhooks."""

    name = models.CharField(max_length=100, unique=True)
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=100, editable=False)
    old_secret = models.CharField(max_length=100, blank=True, editable=False)
    topics = models.JSONField(
        default=list,
        blank=True,
        help_text=_("Kinds of events, for example [“declared”, “resolved”]. Empty: all."),
    )
    is_active = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
