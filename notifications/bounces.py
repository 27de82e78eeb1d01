"""Mail that comes back later: the mail server took it, and some time after says that nobody has it.

A report is known by the address it came to (`returnpath`), whatever the server wrote into it. Where the
return path may not be set, the Message-ID of the returned mail tells the same: it is as hard to guess.
"""

from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from lib import dsn
from notifications import delivery, returnpath
from notifications.models import Channel, ContactMethod, Delivery

#: A letter of any size may be returned whole; what the report says stands before that.
MAX_BYTES = 1024 * 1024
# Servers give up after five days at most.
LASTS = timedelta(days=14)


def take(raw: bytes, *, recipient: str = "") -> str:
    """Read one mail that came to the address for bounces, and say in one word what it was.

    ``failed``: a message of ours failed after all. ``known``: we knew. ``passing``: it is still tried.
    ``unknown``: not about a message of ours. ``ignored``: no report at all (an answer, a holiday note).
    """
    report = dsn.read(raw[:MAX_BYTES])
    if report is None:
        return "ignored"
    row = _find(report, recipient)
    if row is None:
        return "unknown"
    if not report.is_final:
        return "passing"
    return "failed" if _fail(row, report) else "known"


def _find(report: dsn.Report, recipient: str) -> Delivery | None:
    rows = Delivery.objects.filter(channel=Channel.EMAIL, claims__gt=0, created_at__gt=now() - LASTS)
    for address in (recipient, *report.to):
        if found := returnpath.read(address):
            return rows.filter(pk=found).first()
    ids = [one.partition("@")[0] for one in report.message_ids if "\x00" not in one]
    return rows.filter(idempotency_id__in=ids).first() if ids else None


@transaction.atomic
def _fail(row: Delivery, report: dsn.Report) -> bool:
    # Most servers say the number in their own words, too.
    said = report.said if report.status in report.said else f"{report.status} {report.said}".strip()
    words = _("The mail came back: %(said)s") % {"said": said}
    if not delivery.came_back(row.pk, words.strip(": ")):
        return False
    ContactMethod.objects.filter(pk=row.fact("method") or 0).update(bounced_at=now())
    return True
