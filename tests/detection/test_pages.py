"""Every page of detection opens, and says no to those who may not."""

import re
from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts.actors import person, system
from catalog.models import Runbook
from detection import heartbeats, probes, silences, sources
from detection.matching import parse
from detection.models import Alert, Check, Heartbeat, RoutingRule, Silence, Source
from incidents import lifecycle

PAGES = [
    "/detection/",
    "/detection/now/",
    "/detection/alerts/",
    "/detection/alerts/?status=all&q=rate&source={source}",
    "/detection/alerts/{alert}/",
    "/detection/silences/",
    "/detection/sources/{source}/",
    "/detection/checks/{check}/",
    "/detection/checks/new/",
    "/detection/checks/{check}/edit/",
    "/detection/heartbeats/{beat}/",
    "/detection/heartbeats/new/",
    "/detection/heartbeats/{beat}/edit/",
    "/detection/report/",
    "/detection/panel/{number}/",
]


@pytest.fixture
def things(shop, source, fire, house):
    check = probes.create(actor=system(), name="Front page", service=shop, url="https://shop.example/")
    for problem in ("", "HTTP 500 instead of 200-299"):
        probes.record(check.pk, probes.Finding(problem, 200, timedelta(milliseconds=80)))
    beat, _token = heartbeats.create(actor=system(), name="Backup", service=shop, period=timedelta(hours=1))
    silences.silence(
        actor=system(), matchers=parse("env=test"), until=now() + timedelta(hours=1), reason="Moving house"
    )
    RoutingRule.objects.create(source=source, matchers=parse("env=prod"), service=shop)
    alert = fire(severity="error", labels={"env": "prod"}, details={"why": "full"})
    return {
        "check": check.pk,
        "beat": beat.pk,
        "alert": alert.pk,
        "source": source.pk,
        "number": alert.incident.number,
    }


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["vera", "alice", "root"])
def test_every_page_opens(client, things, request, page, who):
    client.force_login(request.getfixturevalue(who))
    is_form = page.endswith(("checks/new/", "heartbeats/new/", "/edit/"))

    # A form of configuration is for those who may send it.
    assert client.get(page.format(**things)).status_code == (403 if is_form and who != "root" else 200)


@pytest.mark.parametrize("page", PAGES)
def test_strangers_are_led_to_signing_in(client, things, page):
    assert client.get(page.format(**things)).status_code == 302


OPERATES = [
    ("/detection/sources/{source}/test/", {}),
    ("/detection/alerts/{alert}/resolve/", {}),
    ("/detection/silences/", {"matchers": "a=b", "span": "1 h", "reason": "x"}),
]
CONFIGURES = [
    ("/detection/sources/new/", {"name": "New", "kind": "generic"}),
    ("/detection/sources/{source}/key/", {}),
    ("/detection/sources/{source}/switch/", {"listens": "0"}),
    ("/detection/sources/{source}/rules/", {"matchers": "a=b", "service": "{service}"}),
    ("/detection/checks/{check}/pause/", {"paused": "1"}),
    ("/detection/heartbeats/{beat}/pause/", {"paused": "1"}),
    ("/detection/heartbeats/{beat}/address/", {}),
]


def everything():
    rows = (Source, RoutingRule, Silence, Check, Heartbeat, Alert)
    return [list(model.objects.order_by("pk").values()) for model in rows]


@pytest.mark.parametrize(
    ("who", "page", "fields"),
    [("vera", *post) for post in OPERATES + CONFIGURES]
    + [(who, *post) for who in ("alice", "mona") for post in CONFIGURES],
)
def test_nobody_changes_what_is_not_theirs(client, things, request, shop, who, page, fields):
    client.force_login(request.getfixturevalue(who))
    before = everything()
    filled = {name: value.format(service=shop.pk) for name, value in fields.items()}

    answer = client.post(page.format(**things), filled)

    assert answer.status_code in (302, 422) and everything() == before


@pytest.mark.parametrize(
    ("who", "page", "fields"),
    [("alice", *post) for post in OPERATES] + [("root", *post) for post in OPERATES + CONFIGURES],
)
def test_a_responder_operates_and_an_admin_configures(client, things, request, shop, who, page, fields):
    client.force_login(request.getfixturevalue(who))
    before = everything()
    filled = {name: value.format(service=shop.pk) for name, value in fields.items()}

    answer = client.post(page.format(**things), filled)

    assert answer.status_code in (200, 302) and everything() != before


@pytest.mark.parametrize(("who", "operates", "configures"), [
    ("vera", False, False), ("alice", True, False), ("mona", True, False), ("root", True, True),
])  # fmt: skip
def test_nobody_sees_a_button_that_would_be_refused(client, things, request, who, operates, configures):
    client.force_login(request.getfixturevalue(who))
    pages = [page.format(**things) for page in PAGES if "new/" not in page and "edit/" not in page]
    forms = set(re.findall(r'(?:action|href)="(/detection/[^"]+)"', "".join(
        client.get(page).content.decode() for page in pages
    )))  # fmt: skip

    for page, _fields in OPERATES[:2]:
        assert (page.format(**things) in forms) == operates, page
    for page, _fields in CONFIGURES:
        assert (page.format(**things) in forms) == configures, page
    assert ("/detection/checks/new/" in forms) == configures


def test_a_key_is_shown_once(client, root, house):
    client.force_login(root)
    answer = client.post("/detection/sources/new/", {"name": "New", "kind": "alertmanager"})

    made = Source.objects.get(name="New")
    key = answer.context["key"]
    assert sources.digest(key) == made.digest and f"/in/{key}/alertmanager" in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert key not in client.get(f"/detection/sources/{made.pk}/").content.decode()


def test_a_check_is_made_by_its_form(client, root, shop):
    client.force_login(root)
    fields = {
        "name": "Cart", "service": shop.pk, "url": "https://shop.example/cart", "method": "GET",
        "expected_status": "200", "interval": "30 s", "timeout": "5 s", "failures_needed": 1,
        "failures_window": 1, "successes_needed": 1,
    }  # fmt: skip
    bad = client.post("/detection/checks/new/", {**fields, "url": "http://a.example:22/"})
    assert bad.status_code == 422 and not Check.objects.exists()

    assert client.post("/detection/checks/new/", fields).status_code == 302
    assert Check.objects.get().interval == timedelta(seconds=30)


def test_a_test_alert_wakes_nobody_unless_asked(client, alice, source):
    client.force_login(alice)
    client.post(f"/detection/sources/{source.pk}/test/")
    assert Alert.objects.get().status == "resolved" and Alert.objects.get().incident is None

    client.post(f"/detection/sources/{source.pk}/test/", {"opens": "1"})
    assert Alert.objects.latest("pk").incident is not None


def test_alerts_of_a_private_incident_are_its_peoples_only(client, fire, shop, alice, bob, house):
    incident = lifecycle.open_incident(
        title="Leak", actor=person(alice), service_ids=[shop.pk], is_private=True
    )
    alert = fire(summary="Secret thing")
    Alert.objects.filter(pk=alert.pk).update(incident=incident)

    client.force_login(bob)
    assert client.get(f"/detection/alerts/{alert.pk}/").status_code == 404
    assert client.get(f"/detection/panel/{incident.number}/").status_code == 404
    assert "Secret thing" not in client.get("/detection/alerts/?status=all").content.decode()
    client.force_login(alice)
    assert client.get(f"/detection/alerts/{alert.pk}/").status_code == 200


def test_bodies_that_may_tell_of_a_private_incident_are_not_shown(
    client, fire, source, shop, alice, root, house
):
    secret = lifecycle.open_incident(
        title="Leak", actor=person(alice), service_ids=[shop.pk], is_private=True
    )
    alert = fire(summary="Secret thing")
    sources.keep_payload(source, sources.Heard("/in/", b'{"summary": "Secret thing"}'))
    client.force_login(root)
    assert "Secret thing" in client.get(f"/detection/sources/{source.pk}/").content.decode()

    Alert.objects.filter(pk=alert.pk).update(incident=secret)
    assert "Secret thing" not in client.get(f"/detection/sources/{source.pk}/").content.decode()
    assert "alert open" not in client.get("/detection/").content.decode()


def test_what_a_source_sends_is_text_on_every_page(client, alice, fire, source):
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    alert = fire(evil, evil, labels={evil: evil}, details={evil: evil}, severity="error")
    client.force_login(alice)

    for page in ("/detection/", "/detection/alerts/", f"/detection/alerts/{alert.pk}/"):
        assert "<script>alert" not in client.get(page).content.decode()
        assert "<img src=x" not in client.get(page).content.decode()


def test_the_address_of_a_new_source_leads_to_its_form(client, root):
    client.force_login(root)
    page = client.get("/detection/sources/new/", follow=True)

    assert page.status_code == 200
    assert '<details id="add-source" open>' in page.content.decode()


def test_an_alert_opens_its_runbook_in_the_room(client, alice, fire, shop, settings):
    book = Runbook.objects.create(service=shop, title="Pool", body="- [ ] Look at the pool")
    kept = Runbook.objects.create(
        service=shop, title="Queue", body="- [ ] Look at it", url="https://wiki.example/q"
    )
    words = Runbook.objects.create(
        service=shop, title="Words", body="Ask the team.", url="https://wiki.example/w"
    )
    fire(key="words", runbook_url="https://wiki.example/w")
    fire(key="own", runbook_url=f"{settings.BASE_URL}/catalog/shop/runbooks/{book.pk}/")
    fire(key="kept", runbook_url="https://wiki.example/q")
    incident = fire(key="foreign", runbook_url="https://wiki.example/other").incident
    client.force_login(alice)
    panel = f"/detection/panel/{incident.number}/"

    part = client.get(panel, headers={"HX-Request": "true"}).content.decode()
    room = client.get(incident.get_absolute_url()).content.decode()
    for one in (book, kept, words):
        assert f'href="#boxes-{one.pk}"' in part and f'id="boxes-{one.pk}"' in room
    assert 'href="https://wiki.example/other" target="_blank"' in part
    # Without a script the panel is a page of its own: its links lead back into the room.
    assert f'href="{incident.get_absolute_url()}#boxes-{book.pk}"' in client.get(panel).content.decode()
