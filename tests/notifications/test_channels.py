"""Each channel against a server that speaks its real protocol."""

import json
import socket
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from standardwebhooks.webhooks import Webhook

from accounts.actors import person
from catalog.models import Service, Team
from incidents import defaults as matrix
from incidents import lifecycle, roles
from incidents.models import Severity
from notifications import contacts, delivery, returnpath
from notifications.models import ChatRoom, Delivery, OutgoingWebhook
from tests.standins.slack import Workspace

pytestmark = pytest.mark.django_db


class Receiver:
    """A web server on loopback that notes what arrives and answers as told: (status, headers, body)."""

    def __init__(self, answer):
        self.requests = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                receiver.requests.append((self.path, dict(self.headers), body))
                status, headers, content = answer(self.path, self.headers, body)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver():
    made = []

    def make(answer=lambda *_: (204, {}, b"")):
        made.append(Receiver(answer))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()


@pytest.fixture
def incident(alice):
    matrix.install()
    team = Team.objects.create(slug="payments", name="Payments")
    service = Service.objects.create(slug="checkout", name="Checkout", team=team)
    return lifecycle.open_incident(
        title="Error rate 34 %",
        actor=person(alice),
        service_ids=[service.pk],
        severity=Severity.objects.get(name="SEV1"),
    )


def owe(user, word="page", **words):
    return contacts.tell(
        user, word, key="k", **{"subject": "SEV1 checkout", "body": "Fire · ack https://x/", **words}
    )


# E-mail ---------------------------------------------------------------------------------------------


@pytest.fixture
def smtp(settings):
    class Box:
        refuse: str = ""

        def __init__(self):
            self.mails = []

        async def handle_RCPT(self, server, session, envelope, address, options):
            if self.refuse:
                return self.refuse
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):
            self.mails.append(envelope)
            return "250 OK"

    box = Box()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 5},
        }
    }
    yield box
    controller.stop()


def test_mail_reaches_a_real_smtp_server_with_a_stable_message_id(smtp, alice):
    [row] = owe(alice, html="<p>Fire</p>")
    assert delivery.sweep() == 1

    [envelope] = smtp.mails
    text = envelope.content.decode()
    assert envelope.rcpt_tos == ["alice@example.com"]
    assert f"<{row.idempotency_id}@localhost>" in text
    assert "text/html" in text
    row.refresh_from_db()
    assert row.state == "sent"
    assert row.attempts.get().outcome == "sent"


def test_each_mail_has_a_return_path_of_its_own_and_the_sender_people_know(smtp, alice, settings):
    settings.BOUNCE_ADDRESS = "bounces@tocsin.example.com"
    [row] = owe(alice)
    delivery.sweep()
    [envelope] = smtp.mails
    assert returnpath.read(envelope.mail_from) == row.pk and "tocsin.example.com" in envelope.mail_from
    head = envelope.content.split(b"\r\n\r\n")[0].decode()
    assert f"From: {settings.DEFAULT_FROM_EMAIL}" in head and "bounces+" not in head


def test_a_refused_address_fails_for_good_and_a_busy_server_for_now(smtp, alice):
    smtp.refuse = "550 no such user"
    [row] = owe(alice)
    delivery.sweep()
    row.refresh_from_db()
    assert row.state == "failed"
    assert "550" in row.error

    smtp.refuse = "451 try later"
    [row] = contacts.tell(alice, "page", key="k2", subject="s", body="b")
    delivery.sweep()
    row.refresh_from_db()
    assert row.state == "trying again"
    assert row.due_at - row.created_at < timedelta(seconds=10)


def test_a_title_cannot_start_a_header_of_its_own(alice, mailoutbox):
    owe(alice, subject="Down\r\nBcc: everybody@example.com\r\n\r\nHello")
    delivery.sweep()

    [message] = mailoutbox
    assert message.subject == "Down Bcc: everybody@example.com Hello"
    assert message.recipients() == ["alice@example.com"]
    assert "\nBcc" not in message.message().as_string()


def test_without_email_url_mail_is_written_as_whole_files(alice, settings, tmp_path):
    settings.MAIL_DIR = tmp_path
    settings.MAILERS = {"default": {"BACKEND": "notifications.mailfiles.EmlBackend"}}
    owe(alice)
    delivery.sweep()

    [file] = tmp_path.iterdir()
    assert file.suffix == ".eml"
    assert b"To: alice@example.com" in file.read_bytes()


# Webhook --------------------------------------------------------------------------------------------


@pytest.fixture
def pager(alice, settings):
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]

    def make(url):
        return alice.contact_methods.create(
            kind="webhook", address=url, secret=contacts.new_secret(), verified_at="2026-01-01T00:00:00Z"
        )

    return make


def test_a_webhook_is_signed_as_its_receivers_library_expects(receiver, pager, alice):
    there = receiver()
    method = pager(there.url + "/hook")
    [row] = owe(alice, data={"acknowledge_url": "https://x/"})
    assert delivery.sweep() == 1

    [(path, headers, body)] = there.requests
    assert path == "/hook"
    names = {name.lower(): value for name, value in headers.items()}
    said = Webhook(method.secret).verify(body.decode(), names)
    assert said["data"]["acknowledge_url"] == "https://x/"
    assert names["webhook-id"] == row.idempotency_id


def test_a_slow_down_is_honoured_and_a_private_address_refused(receiver, pager, alice, settings):
    there = receiver(lambda *_: (429, {"Retry-After": "45"}, b""))
    pager(there.url)
    [row] = owe(alice)
    delivery.sweep()
    row.refresh_from_db()
    assert row.state == "trying again"
    assert row.due_at - row.created_at >= timedelta(seconds=44)

    settings.OUTGOING_ALLOWED_NETWORKS = []
    [row] = contacts.tell(alice, "page", key="k2", subject="s", body="b")
    delivery.sweep()
    row.refresh_from_db()
    assert row.state == "failed"
    assert "may not be reached" in row.error


def test_an_outgoing_webhook_hears_of_events_but_never_of_private_ones(
    receiver, incident, drain, settings, alice
):
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    there = receiver()
    OutgoingWebhook.objects.create(
        name="Data lake", url=there.url, secret=contacts.new_secret(), topics=["declared"]
    )
    lifecycle.declare(incident.pk, actor=person(alice))
    drain()
    delivery.sweep()

    [(_path, _headers, body)] = there.requests
    said = json.loads(body)
    assert said["type"] == "incident.declared"
    assert said["data"]["incident"]["reference"] == incident.reference

    secret = lifecycle.open_incident(
        title="Leak", actor=person(alice), service_ids=[incident.service_id], is_private=True, declare=True
    )
    drain()
    delivery.sweep()
    assert secret.declared_at
    assert len(there.requests) == 1


def test_a_receiver_that_is_gone_is_switched_off_and_a_delivery_can_be_replayed(
    receiver, incident, drain, settings, alice
):
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    status = [410]
    there = receiver(lambda *_: (status[0], {}, b""))
    hook = OutgoingWebhook.objects.create(
        name="Old", url=there.url, secret=contacts.new_secret(), topics=["declared"]
    )
    lifecycle.declare(incident.pk, actor=person(alice))
    drain()
    delivery.sweep()
    drain()
    hook.refresh_from_db()
    assert not hook.is_active
    assert "410" in hook.disabled_reason

    status[0] = 200
    OutgoingWebhook.objects.update(is_active=True)
    row = Delivery.objects.get(channel="webhook")
    delivery.try_again([row.pk])
    delivery.sweep()
    row.refresh_from_db()
    assert row.state == "sent"
    assert len(there.requests) == 2
    assert there.requests[0][1]["webhook-id"] == there.requests[1][1]["webhook-id"]


# Slack ----------------------------------------------------------------------------------------------


@pytest.fixture
def slack(settings, alice, bob):
    workspace = Workspace()
    settings.SLACK_BOT_TOKEN, settings.SLACK_API_URL = "xoxb-test", workspace.url
    for user in (alice, bob):
        workspace.joins(f"U{user.name.upper()}", user.email)
    yield workspace
    workspace.stop()
    assert workspace.refusals() == []


def send_all(drain):
    drain()
    while delivery.sweep():
        drain()


def test_declaring_opens_the_channel_invites_pins_and_every_event_appears_in_order(
    slack, incident, drain, alice, bob
):
    lifecycle.declare(incident.pk, actor=person(alice), responding=True)
    send_all(drain)
    incident.refresh_from_db()
    roles.take(incident.pk, actor=person(alice), role_slug="incident_commander", user_id=bob.pk)
    lifecycle.post_update(incident.pk, actor=person(alice), text="Still investigating <everybody>.")
    send_all(drain)

    [made] = slack.of("conversations.create")
    assert made["name"] == incident.channel_name
    assert slack.of("conversations.invite")[0]["users"] == "UALICE"
    assert slack.of("conversations.invite")[-1]["users"] == "UBOB"
    assert slack.of("pins.add")
    assert "IC Bob" in slack.of("conversations.setTopic")[-1]["topic"]
    posts = [words["text"] for words in slack.of("chat.postMessage")]
    assert posts[0].startswith("SEV1 checkout: Error rate 34 %")
    [update] = [text for text in posts if "[UPDATE" in text]
    assert "Still investigating &lt;everybody&gt;." in update
    assert ChatRoom.objects.get().name == incident.channel_name


def test_a_taken_name_gets_a_suffix(slack, incident, drain, alice):
    lifecycle.declare(incident.pk, actor=person(alice))
    incident.refresh_from_db()
    slack.exists("C0OLD", incident.channel_name)
    send_all(drain)

    assert ChatRoom.objects.get().name == f"{incident.channel_name}-2"


def test_slack_asking_to_slow_down_is_waited_for_and_nothing_is_opened_twice(slack, incident, drain, alice):
    slack.slow_down(7)
    lifecycle.declare(incident.pk, actor=person(alice))
    send_all(drain)
    opening = Delivery.objects.get(key=f"room:{incident.pk}:open")
    assert opening.state == "trying again"
    assert "slow down" in opening.error
    assert not slack.calls  # What comes later waits for the channel.

    Delivery.objects.filter(pk=opening.pk).update(due_at=opening.created_at)
    send_all(drain)
    assert len(slack.of("conversations.create")) == 1


def test_a_private_incident_gets_a_private_channel_for_its_people(slack, drain, incident, alice):
    secret = lifecycle.open_incident(
        title="Leak", actor=person(alice), service_ids=[incident.service_id], is_private=True, declare=True
    )
    send_all(drain)

    [made] = slack.of("conversations.create")
    assert made["is_private"] is True
    assert "private" in made["name"]
    assert "Leak" not in str(slack.of("conversations.setTopic")) + secret.channel_name


def test_a_direct_message_carries_the_button(slack, alice):
    alice.contact_methods.create(
        kind="slack", address="alice@example.com", verified_at="2026-01-01T00:00:00Z"
    )
    owe(alice, data={"acknowledge_url": "https://x/"})
    delivery.sweep()

    [posted] = slack.of("chat.postMessage")
    assert posted["channel"] == "UALICE"
    assert posted["blocks"][1]["elements"][0]["url"] == "https://x/"


def test_without_a_token_nothing_is_owed_to_slack(incident, drain, alice, settings):
    settings.SLACK_BOT_TOKEN = ""
    lifecycle.declare(incident.pk, actor=person(alice))
    drain()
    assert not Delivery.objects.filter(channel="room").exists()
    assert mail.outbox == []
