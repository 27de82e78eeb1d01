"""Somebody has it, or is asked instead: the others who were asked hear so, once, where they were asked."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from incidents.models import Incident
from notifications import delivery, wording
from notifications.models import Channel, Delivery, Word
from oncall import storms
from oncall.models import PageRun
from oncall.storm_models import Bundle

#: A call or a text would only wake them again; machines hear by their own webhooks.
_TOLD = (Channel.EMAIL, Channel.SLACK, Channel.PUSH)


def answered(run: PageRun, incident: Incident, by: User | None) -> int:
    """Owe the word to everybody this run has asked but the one who answered; return how many.

    Slack's message is edited and the push is replaced, so that neither adds one; mail is one short letter.
    Who was asked by a bundle hears of it once, when everything in it has somebody.
    """
    name = str(by) if by else _("The monitoring tool")
    text = _("%(name)s has it. You have nothing to do.") % {"name": name}
    return _tell_asked(run, incident, text, key="answered", but=[by])


def handed(run: PageRun, incident: Incident, *, to: User, by: User | None) -> int:
    """The same when somebody else is asked instead."""
    text = _("%(name)s is asked instead of you. You have nothing to do.") % {"name": to}
    return _tell_asked(run, incident, text, key="handed", but=[to, by])


def _tell_asked(run: PageRun, incident: Incident, text: str, *, key: str, but: list[User | None]) -> int:
    spared = {one.pk for one in but if one}
    people = [page.user_id for page in run.pages.all() if page.user_id not in spared]
    sent = Delivery.objects.filter(
        run_key=run.pk, recipient__in=people, word=Word.PAGE, channel__in=_TOLD, sent_at__isnull=False
    )
    told = sum(_tell(row, incident, text, key) for row in sent.select_related("recipient").order_by("pk"))
    return told + sum(_bundle_taken(row) for row in _bundles(run, people))


def _bundles(run: PageRun, people: list[int]) -> list[Bundle]:
    """Those that hold the run, ask somebody else, and have nobody left to find."""
    held = Bundle.objects.filter(user__in=people, acknowledged_at=None)
    held = held.filter(pk__in=run.pages.exclude(bundle=None).values("bundle"))
    return [row for row in held if not storms.waiting(row)]


def _bundle_taken(bundle: Bundle) -> int:
    text = _("Others have everything that asked you at once. You have nothing to do.")
    sent = Delivery.objects.filter(
        bundle_key=bundle.pk, word=Word.PAGE, channel__in=_TOLD, sent_at__isnull=False
    )
    # It names no incident: some of them may be private.
    return sum(
        _owe(row, f"taken:{bundle.pk}", f"bundle-{bundle.pk}", text, text, text, "")
        for row in sent.select_related("recipient").order_by("pk")
    )


def _tell(row: Delivery, incident: Incident, text: str, key: str) -> bool:
    words = wording.letter(incident, subject=text, text=text)
    short = f"{text}\n{wording.head(incident)}"
    return _owe(
        row,
        f"{key}:{row.run_key}",
        row.run_key,
        words.subject,
        short,
        words.body,
        words.html,
        incident=incident,
    )


def _owe(
    row: Delivery,
    key: str,
    tag: int | str | None,
    subject: str,
    short: str,
    body: str,
    html: str,
    *,
    incident: Incident | None = None,
) -> bool:
    """One word after a message, where that was sent: ``short`` in chat and push, else a letter."""
    told = row.fact("told", {})
    data: dict[str, Any] = {"number": incident.number, "url": incident.url} if incident else {}
    once = f"{key}:{row.pk}"
    if row.channel == Channel.SLACK:
        data["edit"] = {"ts": told.get("ts"), "channel": told.get("channel")}
        body, html = short, ""
    elif row.channel == Channel.PUSH:
        # The tag of the page itself (`channels.push.tag`): the phone shows one message, this one.
        data |= {"method": row.fact("method"), "bundle": tag}
        body, html = short, ""
    else:
        once = f"{key}:{row.recipient_id}:{row.address}"
    owed = delivery.owe(
        Word.NEWS,
        channel=row.channel,
        address=row.address,
        key=once[:160],
        recipient=row.recipient,
        incident=incident,
        subject=subject,
        body=body,
        html=html,
        data=data,
        about=row.about,
    )
    return owed is not None
