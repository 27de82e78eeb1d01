"""The words of detection: kinds of sources and states of what watches. Pure: no row is touched here."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SourceKind(models.TextChoices):
    """Who speaks to us. Not every kind has a receiver yet: see ``RECEIVED``."""

    ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
    PAGERDUTY = "pagerduty", _("PagerDuty-shaped (Events API v2 and v1)")
    GENERIC = "generic", _("Anything that can send JSON")
    OPSGENIE = "opsgenie", "Opsgenie"
    GRAFANA = "grafana", "Grafana"
    SNS = "sns", "AWS SNS"
    SENTRY = "sentry", "Sentry"
    DATADOG = "datadog", "Datadog"
    GITHUB = "github", "GitHub"
    ZENDESK = "zendesk", "Zendesk"
    EMAIL = "email", _("E-mail")
    INTERNAL = "internal", _("Checks and heartbeats of this instance")


#: Kinds that this version can listen to; the others are refused with a sentence, not made and left dead.
RECEIVED = (SourceKind.ALERTMANAGER, SourceKind.PAGERDUTY, SourceKind.GENERIC)


class AlertStatus(models.TextChoices):
    FIRING = "firing", _("Firing")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    RESOLVED = "resolved", _("Resolved")


class Severity(models.TextChoices):
    """What a signal may call itself; ``incidents.severity.from_signal`` reads all of them."""

    NONE = "", _("the service's default")
    CRITICAL = "critical", _("critical")
    ERROR = "error", _("error")
    WARNING = "warning", _("warning")
    INFO = "info", _("info")


class CheckState(models.TextChoices):
    NEW = "new", _("Not checked yet")
    UP = "up", _("Up")
    DOWN = "down", _("Down")


class HeartbeatState(models.TextChoices):
    NEW = "new", _("Waiting for the first ping")
    UP = "up", _("Up")
    LATE = "late", _("Late, in its grace")
    DOWN = "down", _("Down")


class ReportKind(models.TextChoices):
    PUBLIC = "public", _("From a customer")
    INTERNAL = "internal", _("From inside")
