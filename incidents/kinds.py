"""The words of an incident: states, kinds of events and clocks. Pure: no row is touched here."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    TRIAGE = "triage", _("Triage")
    ACTIVE = "active", _("Active")
    MITIGATED = "mitigated", _("Mitigated")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")
    DISMISSED = "dismissed", _("Dismissed")
    MERGED = "merged", _("Merged")


#: States in which users may still be hurt or the cause may still be there.
OPEN = (Status.TRIAGE, Status.ACTIVE, Status.MITIGATED)
#: States that are no incident of their own: left out of every figure.
NOT_COUNTED = (Status.DISMISSED, Status.MERGED)


class Source(models.TextChoices):
    MONITORING_ALERT = "monitoring_alert", _("Monitoring alert")
    CUSTOMER_REPORT = "customer_report", _("Customer report")
    INTERNAL_REPORT = "internal_report", _("Internal report")
    HEALTH_CHECK = "health_check", _("Health check")


class Provenance(models.TextChoices):
    """How we know when the impact began."""

    UNKNOWN = "", _("unknown")
    MEASURED = "measured", _("measured")
    REPORTED = "reported", _("reported")
    ESTIMATED = "estimated", _("estimated")


class EventKind(models.TextChoices):
    OPENED = "opened", _("Opened")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    DECLARED = "declared", _("Declared")
    SEVERITY_CHANGED = "severity_changed", _("Severity changed")
    POLICY_APPLIED = "policy_applied", _("Severity matrix applied")
    SCOPE_SET = "scope_set", _("Scope set")
    ROLE_TAKEN = "role_taken", _("Role taken")
    ROLE_LEFT = "role_left", _("Role left")
    ROLE_OFFERED = "role_offered", _("Offered to take a chair")
    ROLE_WITHDRAWN = "role_withdrawn", _("Offer withdrawn")
    BREAK_GLASS = "break_glass", _("Break glass")
    UPDATE_POSTED = "update_posted", _("Update")
    CLOCK_SNOOZED = "clock_snoozed", _("Update put off")
    NOTE_ADDED = "note_added", _("Note")
    CAUSE_IDENTIFIED = "cause_identified", _("Root cause identified")
    ACTION_TAKEN = "action_taken", _("Action taken")
    MITIGATION_TRIED = "mitigation_tried", _("Mitigation tried")
    RUNBOOK_STEP = "runbook_step", _("Runbook step")
    TASK_ADDED = "task_added", _("Task")
    TASK_DONE = "task_done", _("Task done")
    MITIGATED = "mitigated", _("Mitigated")
    RESOLVED = "resolved", _("Resolved")
    REOPENED = "reopened", _("Reopened")
    CLOSED = "closed", _("Closed")
    DISMISSED = "dismissed", _("Dismissed")
    MERGED = "merged", _("Merged")
    ABSORBED = "absorbed", _("Took over a duplicate")
    LINKED = "linked", _("Linked")
    DETAILS_CHANGED = "details_changed", _("Details changed")
    CORRECTED = "corrected", _("Corrected")
    REDACTED = "redacted", _("Redacted")
    ALERT_JOINED = "alert_joined", _("Alert joined")
    ALERT_CLEARED = "alert_cleared", _("Alert cleared")
    SIGNALS_CLEAR = "signals_clear", _("All signals clear")
    MAY_NOT_BE_MITIGATED = "may_not_be_mitigated", _("May not be mitigated")
    DEADLINE_MISSED = "deadline_missed", _("Promise missed")
    DEADLINE_NUDGED = "deadline_nudged", _("Reminder")
    PAGE_ASKED = "page_asked", _("Help asked for")
    PAGED = "paged", _("Paged")
    PAGE_FAILED = "page_failed", _("Page failed")
    MANAGEMENT_INFORMED = "management_informed", _("Management informed")
    PUBLISHED = "published", _("Public update")
    PUBLIC_SKIPPED = "public_skipped", _("No public notice needed")
    PUBLIC_RESOLVED = "public_resolved", _("Public notice resolved")
    POSTMORTEM_OPENED = "postmortem_opened", _("Postmortem opened")
    POSTMORTEM_PUBLISHED = "postmortem_published", _("Postmortem published")
    POSTMORTEM_WAIVED = "postmortem_waived", _("Postmortem waived")
    MEMBER_ADDED = "member_added", _("Person added")
    MADE_PRIVATE = "made_private", _("Made private")
    MADE_PUBLIC = "made_public", _("Made public")
    DRILL_ENDED = "drill_ended", _("Drill ended")

    @property
    def topic(self) -> str:
        """The outbox topic that announces this kind."""
        return f"incidents.{self.value}"


class DeadlineKind(models.TextChoices):
    RESPONSE = "response", _("Acknowledge")
    ROLES = "roles", _("Fill the chairs")
    INTERNAL_UPDATE = "internal_update", _("Next update to the team")
    PUBLIC_FIRST = "public_first", _("First public notice")
    PUBLIC_UPDATE = "public_update", _("Next public update")
    MANAGEMENT = "management", _("Loop in management")
    POSTMORTEM = "postmortem", _("Postmortem")
    HAND_OVER = "hand_over", _("Hand over a chair")


class Paging(models.TextChoices):
    AT_ONCE = "at_once", _("at once")
    BUSINESS_HOURS = "business_hours", _("in business hours only")
    NEVER = "never", _("never")


class ResponseKind(models.TextChoices):
    CLOCK = "clock", _("clock time")
    BUSINESS_HOURS = "business_hours", _("business hours")
    NEXT_SPRINT = "next_sprint", _("start of the next sprint")


class CommanderMayHold(models.TextChoices):
    """Which other roles the Incident Commander may hold at the same time."""

    NONE = "none", _("no other role")
    NOT_TECHNICAL_LEAD = "not_technical_lead", _("any but Technical Lead, with a hint")
    ANY_WITH_HINT = "any_with_hint", _("any, with a hint")
    ANY = "any", _("any")


INCIDENT_COMMANDER = "incident_commander"
TECHNICAL_LEAD = "technical_lead"
COMMS_LEAD = "comms_lead"


class Breakage(models.TextChoices):
    """What is broken: the rows of the impact matrix."""

    DATA = "data", _("data lost or exposed")
    EVERYTHING = "everything", _("everything")
    MAJOR = "major", _("a major feature")
    MINOR = "minor", _("a minor feature")
    COSMETIC = "cosmetic", _("cosmetic")


class Reach(models.TextChoices):
    """Who feels it: the columns of the impact matrix."""

    ALL = "all", _("all users")
    MANY = "many", _("many (≥ 10 %)")
    SOME = "some", _("some (< 10 %)")
    FEW = "few", _("few or internal")
