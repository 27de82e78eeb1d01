"""Reasons: a sentence that stands on the timeline."""

from django.utils.translation import gettext as _

from lib.refusal import Invalid
from lib.text import clean

MAX_REASON = 500


def needs_reason(reason: str, *, field: str = "reason") -> str:
    """The reason, tidied.

    Raises:
        Invalid: it is empty or too long.
    """
    tidy = clean(reason, MAX_REASON, field=field)
    if not tidy:
        raise Invalid(
            _("Give a reason in one sentence; it stands on the timeline."), code="reason_needed", field=field
        )
    return tidy
