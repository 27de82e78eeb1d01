"""What the stories of on-call share: a team, looks in three shapes, and the mails that went out."""

import email
import email.policy
import os
from collections.abc import Callable
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from playwright.sync_api import Page

from catalog.models import Membership, Team
from notifications import delivery
from oncall import answering, paging
from oncall.models import Layer, LayerMember, Schedule

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 360, "height": 800}


def team_of(manager: Any, *others: Any) -> Team:
    """Payments, with business hours from 9 to 17 on weekdays."""
    team = Team.objects.create(slug="payments", name="Payments", time_zone="UTC")
    Membership.objects.create(team=team, user=manager, is_manager=True)
    for user in others:
        Membership.objects.create(team=team, user=user)
    return team


def turns(name: str, *people: Any, first_day: date, team: Team | None = None) -> Schedule:
    """A day each, hands change at nine."""
    row = Schedule.objects.create(name=name, team=team)
    layer = Layer.objects.create(schedule=row, days=1, first_day=first_day)
    for place, user in enumerate(people):
        LayerMember.objects.create(layer=layer, user=user, position=place)
    return row


def monday_after_next(today: date) -> date:
    return today - timedelta(days=today.weekday()) + timedelta(days=14)


def in_all_shapes(page: Page, name: str, faults: Callable[[Page], list[str]]) -> None:
    """Nothing for axe to find and nothing out of reach, in the light, in the dark and on a phone.

    Pictures are kept under ``TOCSIN_SCREENSHOTS``, where that is set.
    """
    folder = os.environ.get("TOCSIN_SCREENSHOTS")
    for label, scheme, size in (("light", "light", WIDE), ("dark", "dark", WIDE), ("360", "dark", NARROW)):
        page.emulate_media(color_scheme=cast(Any, scheme))
        page.set_viewport_size(cast(Any, size))
        if folder:
            # Hiding the caret needs an inline style, which the pages rightly refuse.
            path = str(Path(folder) / f"{name}-{label}.png")
            page.screenshot(path=path, full_page=True, caret="initial")
        # The dark is looked at on the phone, where more can go wrong.
        if label != "dark":
            assert faults(page) == [], f"{name} {label}"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} {label}"
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(cast(Any, WIDE))


def everything(drain: Callable[[], int]) -> None:
    """Every worker and sweep once."""
    drain()
    paging.sweep()
    answering.sweep_silence()
    while delivery.sweep():
        drain()


def mails(address: str) -> list[EmailMessage]:
    """What lies in the mail folder for an address, the oldest first."""
    found = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(Path(settings.MAIL_DIR).glob("*.eml"))
    ]
    return [cast(EmailMessage, one) for one in found if address in str(one["To"])]


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""
