"""Forwarding to PagerDuty and Opsgenie, and Apprise."""

import pytest
from django.db.models import Q

from accounts.actors import person
from catalog import defaults as catalog_defaults
from catalog.models import Service, Team
from detection import sources
from detection.models import Alert
from incidents import defaults as matrix
from incidents import lifecycle
from incidents.models import Severity
from lib.refusal import Invalid, Refused
from notifications import accountmail, contacts, delivery, forwarding
from notifications.channels import apprise, forward
from notifications.models import ContactMethod
from tests.standins.forwards import KEY, Opsgenie, PagerDuty

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_mail_beside(monkeypatch):
    """What is looked at here is one line; that mail stays in use beside it is tested with the orders."""
    monkeypatch.setattr(accountmail, "keep", lambda line: None)


@pytest.fixture(params=["pagerduty", "opsgenie"])
def there(request, settings):
    one = {"pagerduty": PagerDuty, "opsgenie": Opsgenie}[request.param]()
    one.kind = request.param
    settings.PAGERDUTY_API_URL = settings.OPSGENIE_API_URL = one.url
    yield one
    one.stop()


@pytest.fixture
def incident(root):
    matrix.install()
    team = Team.objects.create(slug="payments", name="Payments")
    service = Service.objects.create(slug="checkout", name="Checkout", team=team)
    sev = Severity.objects.get(name="SEV1")
    return lifecycle.open_incident(
        title="Error rate 34 %", actor=person(root), service_ids=[service.pk], severity=sev
    )


def page(user, run=7, key="k", **fields):
    return contacts.tell(user, "page", key=key, subject="SEV1 " + "x" * 250, body="B", run_key=run, **fields)


@pytest.fixture(autouse=True)
def _every_run_is_wanted(monkeypatch):
    monkeypatch.setattr("notifications.wanted._of_runs", [lambda: Q(pk__gt=0)])


def said(asked):
    """What was done to which alias, in one shape for both."""
    if asked.path == "/v2/enqueue":
        return asked.json["event_action"], asked.json["dedup_key"]
    if asked.path == "/v2/alerts":
        return "trigger", asked.json["alias"]
    name, verb = asked.path.removeprefix("/v2/alerts/").partition("?")[0].split("/")
    assert asked.path.endswith("?identifierType=alias")
    return {"close": "resolve"}.get(verb, verb), name


def test_a_page_opens_one_there_and_its_end_here_ends_it_there(there, alice, incident, drain):
    contacts.add(alice, kind=there.kind, address=KEY)
    [row] = page(alice, incident=incident)
    delivery.sweep()
    row.refresh_from_db()
    assert row.state == "sent", row.error

    for _twice in range(2):
        forwarding.acknowledged(7)
        delivery.sweep()
    drain()
    lifecycle.resolve(incident.pk, actor=person(alice), text="Rolled back", at=None)
    drain()
    delivery.sweep()

    alias = "tocsin-run-7"
    assert [said(one) for one in there.asked] == [
        ("trigger", alias), ("acknowledge", alias), ("resolve", alias)
    ]  # fmt: skip


def test_a_page_that_never_left_is_not_acknowledged_there(there, alice):
    contacts.add(alice, kind=there.kind, address=KEY)
    page(alice)

    assert forwarding.acknowledged(7) == 0


def test_the_key_is_shown_to_nobody(there, alice, client):
    method = contacts.add(alice, kind=there.kind, address=KEY)
    there.fail((403, {}, f"no such key {KEY}".encode()))
    [row] = page(alice)
    delivery.sweep()
    row.refresh_from_db()
    client.force_login(alice)

    assert (method.address, row.state) == ("…" + KEY[-4:], "failed")
    for text in (
        row.error,
        row.address,
        str(row.data),
        client.get("/notifications/contacts/").content.decode(),
    ):
        assert KEY not in text


@pytest.mark.parametrize(
    ("knob", "state"),
    [
        ((500, {}, b""), "trying again"),
        ((429, {"Retry-After": "9"}, b""), "trying again"),
        ("reset", "trying again"),
        ("hang", "trying again"),
        ((400, {}, b"{}"), "failed"),
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again_and_what_cannot_is_not(there, alice, knob, state, monkeypatch):
    monkeypatch.setattr(forward, "TIMEOUT_SECONDS", 0.5)
    contacts.add(alice, kind=there.kind, address=KEY)
    there.fail(knob)
    [row] = page(alice)
    delivery.sweep()

    row.refresh_from_db()
    assert row.state == state


def test_no_reminder_goes_to_a_machine_or_rings(alice):
    for number, kind in enumerate(("sms", "voice", "pagerduty", "opsgenie")):
        ContactMethod.objects.create(
            user=alice, kind=kind, address=str(number), verified_at=alice.date_joined
        )

    assert [way.channel for way in contacts.quiet_ways(alice)] == ["email"]


# Apprise ---------------------------------------------------------------------------------------------

BOT = "tgram://123456789:abcdefghijklmnopqrstuvwxyz123456789/12315544/"


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1/", "mailto://a:b@c.example", "file:///etc/passwd", "x", ""]
)
def test_only_schemes_on_the_list_are_taken(alice, url):
    with pytest.raises(Invalid, match="may be used"):
        contacts.add(alice, kind="apprise", address=url)


def test_an_address_that_apprise_cannot_read_is_refused(alice):
    with pytest.raises(Invalid, match="cannot read"):
        contacts.add(alice, kind="apprise", address="tgram://")


def test_without_the_extra_it_cannot_be_added(alice, monkeypatch):
    monkeypatch.setattr(apprise, "is_installed", lambda: False)

    with pytest.raises(Refused, match="not set up"):
        contacts.add(alice, kind="apprise", address=BOT)


@pytest.mark.parametrize(("took", "state"), [(True, "sent"), (False, "trying again")])
def test_apprise_sends_with_our_bounds_and_its_answer_decides(alice, monkeypatch, took, state):
    calls = []

    def post(*given, **rest):
        calls.append((given, rest))
        answer = type("Answer", (), {})()
        answer.status_code, answer.content, answer.text = (200 if took else 500), b"{}", "{}"
        return answer

    monkeypatch.setattr("apprise.plugins.telegram.requests.post", post)
    method = contacts.add(alice, kind="apprise", address=BOT)
    assert "abcdefghijkl" not in method.address
    [row] = contacts.tell(alice, "page", key="k", subject="SEV1", body="Fire")
    delivery.sweep()

    row.refresh_from_db()
    assert row.state == state, row.error
    assert "api.telegram.org" in calls[0][0][0]
    assert calls[0][1]["timeout"] == (6.0, 6.0)
    assert calls[0][1]["allow_redirects"] is False
    assert "abcdefghijkl" not in row.error + row.address


@pytest.mark.django_db(transaction=True)
def test_our_own_pagerduty_door_takes_what_we_forward(alice, root, live_server, settings):
    matrix.install()
    catalog_defaults.install()
    settings.PAGERDUTY_API_URL = live_server.url
    key = sources.create(actor=person(root), name="Tocsin", kind="pagerduty")[1]
    contacts.add(alice, kind="pagerduty", address=key)
    page(alice)
    delivery.sweep()
    alert = Alert.objects.get()
    assert (alert.dedup_key, alert.status) == ("tocsin-run-7", "firing")

    for do, status in ((forwarding.acknowledged, "acknowledged"), (forwarding.closed, "resolved")):
        do(7)
        delivery.sweep()
        alert.refresh_from_db()
        assert alert.status == status
