"""Telling the admins that the pager is broken, without the pager: no outbox, no broker, no delivery rows."""

import json
import logging
import smtplib
from collections.abc import Iterable

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Role, User
from lib import http
from outbox.models import BrokenPromise

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS = 10


def admins() -> list[str]:
    """Who has to know. The addresses are kept by the watch, for the hour in which nobody can be asked."""
    found = User.objects.filter(is_active=True, role=Role.ADMIN).order_by("pk")
    return [user.email for user in found if not user.email.endswith(".invalid")]


def tell(subject: str, lines: Iterable[str], to: list[str]) -> bool:
    """Mail and the webhook of the settings, from this process; True when one of them took it.

    Both are tried, because one of them may be what is broken.
    """
    body = "\n".join([*lines, "", settings.BASE_URL + "/promises"])
    took = [_mail(subject, body, to), _hook(subject, body)]
    if not any(took):
        logger.error("The admins could not be told: %s. %s", subject, body)
    return any(took)


def _mail(subject: str, body: str, to: list[str]) -> bool:
    if not to:
        return False
    try:
        headers = {"Auto-Submitted": "auto-generated", "X-Priority": "1", "Importance": "high"}
        return bool(EmailMessage(subject, body, to=to, headers=headers).send())
    except (smtplib.SMTPException, OSError) as error:
        logger.error("The alarm could not be mailed: %s", error)
        return False


def _hook(subject: str, body: str) -> bool:
    if not settings.ALARM_URL:
        return False
    # "text" is what Slack, Mattermost and most others show of an incoming webhook.
    message = json.dumps({"text": f"{subject}\n{body}"})
    headers = {"Content-Type": "application/json"}
    try:
        answer = http.fetch(
            "POST", settings.ALARM_URL, body=message, headers=headers, timeout=TIMEOUT_SECONDS,
            max_bytes=10_000, allow_private=True,
        )  # fmt: skip
    except (http.Blocked, http.Unreachable) as error:
        logger.error("The alarm's webhook cannot be reached: %s", error)
        return False
    if not 200 <= answer.status < 300:
        logger.error("The alarm's webhook answered %d", answer.status)
        return False
    return True


def words(rows: list[BrokenPromise]) -> tuple[str, list[str]]:
    """Subject and lines of one alarm: everything that has to be told at this moment in one message."""
    begun = [row for row in rows if row.ended_at is None]
    if begun:
        subject = ngettext(
            "Tocsin: a promise of the pager is broken",
            "Tocsin: %(n)d promises of the pager are broken",
            len(begun),
        ) % {"n": len(begun)}
    else:
        subject = _("Tocsin: the pager keeps its promises again")
    lines = [
        _("Since %(at)s: %(what)s: %(reason)s.")
        % {"at": _when(row.began_at), "what": row.what, "reason": row.reason}
        for row in begun
    ]
    lines += [
        _("Over at %(at)s, it began at %(began)s: %(what)s.")
        % {"at": _when(row.ended_at), "began": _when(row.began_at), "what": row.what}
        for row in rows
        if row.ended_at
    ]
    if begun:
        lines.append(_("You hear of it once, and once more when it has been well for five minutes."))
    return subject, lines


def _when(at: object) -> str:
    return f"{localtime(at):%Y-%m-%d %H:%M:%S %Z}"  # type: ignore[arg-type]


def ping() -> bool:
    """Tell the outside monitor that Tocsin lives; it rings when this stays out."""
    try:
        answer = http.fetch(
            "GET", settings.DEADMAN_URL, timeout=TIMEOUT_SECONDS, max_bytes=10_000, allow_private=True
        )
    except (http.Blocked, http.Unreachable) as error:
        logger.warning("The dead-man's ping did not arrive: %s", error)
        return False
    if answer.status >= 300:
        logger.warning("The dead-man's switch answered %d", answer.status)
    return answer.status < 300
