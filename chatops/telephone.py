"""What people say by telephone: keys in a call, words in a text message. The same verbs as the buttons."""

import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import person
from accounts.models import User
from incidents.kinds import OPEN
from lib.refusal import Missing, Refused
from notifications import accountmail, canary, delivery
from notifications.models import Channel, ContactMethod, Delivery, Word
from oncall import answering, bundles
from oncall.models import Page, PageRun
from oncall.storm_models import Bundle

#: What the operator calls a message or a call that reached nobody.
LOST = {"failed", "undelivered", "busy", "no-answer", "canceled"}
_WORDS = re.compile(r"^\s*(ack|a|esc|e)\b[\s#]*(?:inc-?)?(\d{1,9})?\s*[.!]?\s*$", re.IGNORECASE)
STOP = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit"}
START = {"start", "unstop", "yes"}
_LISTED = 4
#: So many characters of a reason are read aloud.
_SPOKEN = 200


def outcome(row: Delivery, *, status: str, code: str) -> bool:
    """The operator says what became of a message; one that reached nobody has failed after all."""
    if status not in LOST:
        return False
    reason = _("It reached nobody: %(status)s %(code)s") % {"status": status, "code": code}
    return delivery.came_back(row.pk, reason.strip())


def page_of(row: Delivery) -> Page | None:
    """The page that a call speaks of."""
    rows = Page.objects.select_related("user", "run__incident")
    return rows.filter(pk=row.fact("page") or 0, user=row.recipient, user__is_active=True).first()


def press(row: Delivery, digit: str) -> str:
    """4 acknowledges, 6 escalates; on the call that proves a number, 4 says that it is mine."""
    if row.about.startswith("contact:") and digit == "4":
        return _prove(row)
    if row.about.startswith(canary.ABOUT) and digit == "4":
        canary.heard(ContactMethod.objects.filter(pk=row.fact("method") or 0, user=row.recipient))
        return _("Thank you. This line works.")
    if row.bundle_key and row.recipient and digit == "4":
        mine = Bundle.objects.filter(pk=row.bundle_key, user=row.recipient, user__is_active=True)
        found = mine.select_related("user").first()
        return _answer_bundle(found) if found else _("Nothing was changed.")
    page = page_of(row)
    if page is None or digit not in ("4", "6"):
        return _("Nothing was changed.")
    return answer(page, answering.acknowledge if digit == "4" else answering.escalate)


def _prove(row: Delivery) -> str:
    methods = ContactMethod.objects.filter(
        pk=row.fact("method") or 0, user=row.recipient, address=row.address
    )
    _confirm(methods)
    return _("Thank you. Tocsin will call you here.")


def _confirm(methods: QuerySet[ContactMethod]) -> None:
    for method in methods.filter(verified_at=None).select_related("user"):
        with transaction.atomic():
            if methods.filter(pk=method.pk, verified_at=None).update(verified_at=now()):
                accountmail.keep(method)


def answer(page: Page, verb: Callable[..., Any]) -> str:
    """Say a verb about a page, and the sentence that tells how it went."""
    reference = page.run.incident.reference
    try:
        verb(page.run_id, actor=person(page.user, "chat"))
    except Refused as refusal:
        return f"{reference}: {refusal.message}"
    if verb is answering.acknowledge:
        return _("%(ref)s acknowledged. The pager is quiet.") % {"ref": reference}
    return _("%(ref)s: the next people are being asked.") % {"ref": reference}


def hear(number: str, text: str) -> str:
    """A text message came in; what to answer, or nothing."""
    word = text.strip().lower()
    methods = ContactMethod.objects.filter(kind=Channel.SMS, address=number)
    if word in STOP:
        # The operator answers this word itself and sends nothing there any more.
        methods.update(verified_at=None)
        return ""
    if word in START:
        # Who writes from a number holds it.
        _confirm(methods)
        return ""
    users = User.objects.filter(is_active=True, contact_methods__in=methods.exclude(verified_at=None))
    if not users.exists():
        return ""  # A stranger is told nothing, and costs nothing.
    said = _WORDS.match(text[:200])
    if said is None:
        return _("Reply ack or esc, with the number of the incident, for example: ack 12")
    number_of = int(said[2]) if said[2] else None
    verb = answering.acknowledge if said[1].lower().startswith("a") else answering.escalate
    if number_of is None and verb is answering.acknowledge and (bundle := _only_bundle(users)):
        return _answer_bundle(bundle)
    try:
        page = _meant(users, number_of, is_answer=verb is answering.acknowledge)
    except Refused as refusal:
        # No page waits, so a bare "ack" answers the weekly test that does.
        is_bare = isinstance(refusal, Missing) and number_of is None and verb is answering.acknowledge
        if is_bare and canary.heard(methods.exclude(verified_at=None)):
            return _("Thank you. This line works.")
        return refusal.message
    return answer(page, verb)


def _only_bundle(users: QuerySet[User]) -> Bundle | None:
    """The bundle that a word without a number can only mean: everything that waits for them lies in it."""
    waiting = Page.objects.filter(user__in=users, run__status=PageRun.Status.RUNNING)
    rows = list(waiting.order_by("bundle").values_list("bundle", flat=True).distinct()[:2])
    return Bundle.objects.select_related("user").get(pk=rows[0]) if len(rows) == 1 and rows[0] else None


def _answer_bundle(bundle: Bundle) -> str:
    try:
        bundles.acknowledge(bundle.pk, actor=person(bundle.user, "chat"))
    except Refused as refusal:
        return refusal.message
    return _("All of them are acknowledged. The pager is quiet.")


def _meant(users: QuerySet[User], number: int | None, *, is_answer: bool) -> Page:
    """The page of theirs that is meant: by its incident's number, or because it is the only one.

    Raises:
        Missing: none. Refused: several.
    """
    pages = Page.objects.filter(user__in=users, run__incident__status__in=OPEN)
    pages = pages.select_related("user", "run__incident").order_by("-pk")
    if number is not None:
        pages = pages.filter(run__incident__number=number)
    elif is_answer:
        pages = pages.filter(run__status__in=(PageRun.Status.RUNNING, PageRun.Status.EXPIRED))
    waiting = [page for page in pages[:50] if page.run.is_running] or list(pages[:50])
    found = {page.run.incident_id: page for page in reversed(waiting)}
    if not found:
        raise Missing(_("Nothing asks you at the moment."))
    if len(found) > 1:
        numbers = [page.run.incident.number for page in list(found.values())[-_LISTED:]]
        words = ", ".join(f"ack {one}" for one in numbers)
        raise Refused("which", _("Several ask you. Reply one of: %(words)s") % {"words": words})
    return next(iter(found.values()))


def spoken(row: Delivery) -> tuple[str, bool]:
    """What a call says, and whether keys are listened to. A private incident tells only its number."""
    if row.about.startswith("contact:"):
        return _("This is Tocsin. If you want to be called here when something breaks, press 4."), True
    if row.about.startswith(canary.ABOUT):
        return _("This is Tocsin, with the weekly test of this line. Press 4 to say that it rang."), True
    if row.word != Word.PAGE:
        return _("This is Tocsin. %(words)s") % {"words": row.subject}, False
    if row.bundle_key:
        # Its subject counts the pages and names services, and of private ones only that they are there.
        return _("This is Tocsin. %(what)s. Press 4 to acknowledge all.") % {"what": row.subject}, True
    page = page_of(row)
    if page is None or not page.run.is_running:
        return _("This is Tocsin. The page was answered already. There is nothing to do."), False
    incident = page.run.incident
    if incident.is_private:
        what = _("Private incident %(ref)s") % {"ref": incident.reference}
    else:
        drill = _("Drill.") if incident.is_drill else ""
        service = incident.service.name if incident.service else ""
        why = str(row.fact("reason") or "")[:_SPOKEN]
        parts = (drill, incident.severity.name, service, incident.title, why)
        what = ". ".join(part.rstrip(".") for part in parts if part)
    return _("This is Tocsin. %(what)s. Press 4 to acknowledge, 6 to escalate.") % {"what": what}, True
