"""The words of a postmortem: its sections, its states, the kinds of action items. Pure."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    PUBLISHED = "published", _("Published")


class Visibility(models.TextChoices):
    INTERNAL = "internal", _("Internal")
    PUBLIC = "public", _("Public")


class Section(models.TextChoices):
    """What people write in; the order is the template's."""

    SUMMARY = "summary", _("Summary")
    TIMELINE = "timeline", _("Timeline")
    ROOT_CAUSE = "root_cause", _("Root Cause")
    CONTRIBUTING_FACTORS = "contributing_factors", _("Contributing Factors")
    USERS_AFFECTED = "users_affected", _("Users affected")
    REVENUE_IMPACT = "revenue_impact", _("Revenue impact")
    WENT_WELL = "went_well", _("What Went Well")
    WENT_POORLY = "went_poorly", _("What Went Poorly")


#: Sections that are lists: one point a line.
LISTS = (Section.CONTRIBUTING_FACTORS, Section.WENT_WELL, Section.WENT_POORLY)
#: Sections of one line.
LINES = (Section.USERS_AFFECTED, Section.REVENUE_IMPACT)
#: Sections kept as text; the timeline is rows.
TEXTS = tuple(section for section in Section if section != Section.TIMELINE)
#: Longest text of a section, in characters.
MAX_SECTION = 40_000
MAX_LINE = 300


class ActionKind(models.TextChoices):
    PREVENT = "prevent", _("Prevent")
    DETECT = "detect", _("Detect")
    MITIGATE = "mitigate", _("Mitigate")
    PROCESS = "process", _("Process")


class ActionStatus(models.TextChoices):
    OPEN = "open", _("Open")
    IN_PROGRESS = "in_progress", _("In progress")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("Dropped")


#: Actions somebody still owes.
OWED = (ActionStatus.OPEN, ActionStatus.IN_PROGRESS)


class Priority(models.IntegerChoices):
    HIGH = 1, _("High")
    NORMAL = 2, _("Normal")
    LOW = 3, _("Low")


class ReviewMark(models.TextChoices):
    ASKED = "asked", _("Asked")
    APPROVED = "approved", _("Looks right")
    CHANGES = "changes", _("Needs changes")


class TagKind(models.TextChoices):
    """What the library's tags speak of."""

    CAUSE = "cause", _("Cause")
    FACTOR = "factor", _("Factor")
    MITIGATION = "mitigation", _("Mitigation")


class PublicPart(models.TextChoices):
    """What the public projection may show; people, money and the review never leave the house."""

    SUMMARY = "summary", _("What happened")
    TIMELINE = "timeline", _("Timeline")
    ROOT_CAUSE = "root_cause", _("Why")
    CONTRIBUTING_FACTORS = "contributing_factors", _("What made it possible")
    USERS_AFFECTED = "users_affected", _("Who was affected")
    WENT_WELL = "went_well", _("What went well")
    WENT_POORLY = "went_poorly", _("What went poorly")
    ACTIONS = "actions", _("What we change")


#: Parts a new projection starts with.
USUAL_PARTS = (PublicPart.SUMMARY, PublicPart.TIMELINE, PublicPart.ROOT_CAUSE, PublicPart.ACTIONS)
