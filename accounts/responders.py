"""Who can be asked to answer: a viewer may only read, so a page to one would ring for nothing."""

from django.utils.translation import gettext as _

from accounts.models import User
from lib.refusal import Refused


def check(user: User) -> User:
    """The person, who may answer.

    Raises:
        Refused: ``not_a_responder``.
    """
    if not user.may_answer:
        raise Refused(
            "not_a_responder",
            _("%(name)s may only read. An admin can make them a responder.") % {"name": user},
        )
    return user
