"""The service worker in a real browser: what is pushed is shown, and its button answers the page."""

import json
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from accounts.actors import person
from catalog.models import Service, Team
from incidents import lifecycle
from incidents.models import Severity
from lib import patience
from notifications.channels import push
from notifications.models import Delivery
from oncall import links, paging
from oncall.models import Coverage, PageRun, Policy, Step, Target

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def row(defaults, alice, root, settings, live_server, drain):
    """A page to alice, owed by push."""
    settings.BASE_URL = live_server.url
    team = Team.objects.create(slug="payments", name="Payments")
    service = Service.objects.create(slug="checkout", name="Checkout", team=team)
    policy = Policy.objects.create(name="Payments")
    step = Step.objects.create(policy=policy, position=0, delay=timedelta(0))
    Target.objects.create(step=step, kind="person", person=alice)
    Coverage.objects.create(service=service, policy=policy)
    sev = Severity.objects.get(name="SEV1")
    lifecycle.open_incident(title="Fire", actor=person(root), service_ids=[service.pk], severity=sev)
    drain()
    paging.sweep()
    return Delivery.objects.select_related("incident").get(word="page")


def shown(page):
    return page.evaluate(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications())
           .map((one) => ({title: one.title, body: one.body, tag: one.tag, actions: one.actions.length}))"""
    )


def test_a_push_is_shown_and_its_button_acknowledges(enter, alice, row, live_server):
    page = enter(alice)
    page.context.grant_permissions(["notifications"], origin=live_server.url)
    page.goto(live_server.url + "/notifications/contacts/")
    button = page.get_by_role("button", name="Page me on this browser")
    expect(button).to_be_visible()

    devtools = page.context.new_cdp_session(page)
    registrations = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated", lambda said: registrations.extend(said["registrations"])
    )
    devtools.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("async () => Boolean((await navigator.serviceWorker.ready).active)")
    assert registrations
    told = {
        "origin": live_server.url,
        "registrationId": registrations[-1]["registrationId"],
        "data": json.dumps(push.payload(row)),
    }
    devtools.send("ServiceWorker.deliverPushMessage", told)
    [first] = patience.until(lambda: shown(page), "nothing is shown")
    assert first["title"] == row.subject
    assert first["tag"] == push.tag(row)
    assert first["actions"] == 2

    # A second message of the same run takes the place of the first.
    devtools.send("ServiceWorker.deliverPushMessage", told)
    page.wait_for_timeout(300)
    assert len(shown(page)) == 1

    # Nothing can click the system's own notification: the worker is told what a click tells it.
    [worker] = page.context.service_workers
    worker.evaluate(
        """async () => {
          const [one] = await self.registration.getNotifications();
          const tap = {notification: one, action: "acknowledge"};
          self.dispatchEvent(new NotificationEvent("notificationclick", tap));
        }"""
    )
    patience.until(lambda: PageRun.objects.get().status == "acknowledged", "the button changed nothing")
    assert PageRun.objects.get().acknowledged_by == alice
    patience.until(
        lambda: any(one["body"].startswith("Acknowledged") for one in shown(page)), "nobody is told it worked"
    )
    assert links.read(row.fact("acknowledge_url").rstrip("/").rsplit("/", 1)[1]).run.is_running is False
