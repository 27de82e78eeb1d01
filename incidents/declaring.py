"""The form of a declaration, said as verbs: the same by browser and by chat."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents import lifecycle
from incidents.models import Incident
from incidents.severity import suggest
from lib.refusal import Invalid


def declare(given: Mapping[str, Any], *, actor: Actor) -> Incident:
    """Open and declare what a valid ``DeclareForm`` says (``given`` is its ``cleaned_data``).

    A cell of the impact matrix decides the severity, unless another was chosen with a reason.

    Raises:
        Invalid: another severity than the matrix suggests, without a reason; what ``open_incident`` refuses.
    """
    severity, reason = given["severity"], given["reason"]
    if given["impact"]:
        breakage, _dash, reach = given["impact"].partition("-")
        suggested = suggest(breakage, reach)
        if severity is None:
            severity, reason = suggested.severity, suggested.reason
        elif severity != suggested.severity and not reason:
            raise Invalid(
                _("%(suggestion)s Say in one sentence why you decide otherwise.")
                % {"suggestion": suggested.reason},
                field="reason",
            )
    return lifecycle.open_incident(
        title=given["title"],
        actor=actor,
        service_ids=[given["service"].pk],
        severity=severity,
        started_at=given["started_at"],
        declare=True,
        responding=given["responding"],
        is_drill=given["is_drill"],
        is_private=given["is_private"],
        participant_ids=[user.pk for user in given["participants"]],
        reason=f"{given['title']}\n\n{reason}" if reason else given["title"],
    )
