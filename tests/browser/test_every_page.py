"""Every page that a link leads to, in a house with eight weeks behind it: accessible and narrow enough."""

import re
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from accounts.models import Role, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKS = {
    "light": {},
    "dark-phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}
#: The admin is Django's own; files are no pages; whoever signs out sees nothing more.
LEFT_OUT = re.compile(
    r"^/(admin/|accounts/logout|static/|api/)|\.(pdf|md|csv|json|ics|html|atom|rss|xml|txt|svg|eml)$"
)
#: The rooms of the house: each must be found by following links from Now.
SEEN_AT_LEAST = {
    "now", "guide", "search", "status:site", "status:subscribe", "accounts:people", "accounts:profile",
    "incidents:list", "incidents:detail", "incidents:declare", "incidents:past", "incidents:handbook",
    "incidents:severities", "oncall:index", "oncall:schedule", "oncall:policy", "oncall:simulation",
    "oncall:load", "oncall:drills", "oncall:override", "oncall:swap", "oncall:calendars", "oncall:chairs",
    "notifications:contacts", "catalog:index", "catalog:detail", "catalog:team", "catalog:runbook",
    "detection:index", "detection:alerts", "detection:alert", "detection:source", "detection:check",
    "detection:heartbeat", "detection:silences", "statuspage:manage", "statuspage:notice",
    "postmortems:index", "postmortems:detail", "postmortems:history", "postmortems:picker",
    "postmortems:public", "actions:index", "actions:detail", "actions:report", "metrics:index",
    "metrics:detail", "metrics:review", "metrics:marks",
}  # fmt: skip


@pytest.fixture
def told(settings, tmp_path, transactional_db):
    settings.STATUS_DIR = tmp_path / "statuspage"
    call_command("demo", weeks=8)
    return User.objects.filter(role=Role.ADMIN).first()


def test_every_page_is_accessible_and_fits(told, enter, live_server, faults, console):
    wrong = []
    # One after the other: the eight weeks take as long to tell as all their pages to read.
    for look, options in LOOKS.items():
        wrong += [f"{look} {one}" for one in _walk(enter(told, **options), live_server.url, faults)]
    assert wrong == [], "\n".join(wrong)


def _walk(page: Page, house: str, faults: Callable[[Page], list[str]]) -> list[str]:
    """What is wrong on the pages that links lead to from Now; one of each kind is looked at."""
    waiting, seen, wrong = deque(["/"]), set(), []
    while waiting:
        address = waiting.popleft()
        try:
            name = resolve(urlsplit(address).path).view_name
        except Resolver404:
            wrong.append(f"{address}: a link into nowhere")
            continue
        if name in seen or LEFT_OUT.search(urlsplit(address).path):
            continue
        seen.add(name)
        answer = page.goto(house + address)
        if answer is None or "html" not in answer.headers.get("content-type", ""):
            continue
        if answer.status >= 400:
            wrong.append(f"{address}: {answer.status}")
        wrong += [f"{address}: {fault}" for fault in faults(page)]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append(f"{address}: scrolls sideways")
        links = page.eval_on_selector_all("a[href^='/']", "all => all.map(one => one.getAttribute('href'))")
        waiting.extend(link.partition("#")[0] for link in links)
    return wrong + [f"no link leads to {name} any more" for name in sorted(SEEN_AT_LEAST - seen)]
