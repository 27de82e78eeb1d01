"""Mail that comes back later: whose it was, what it sets off, and who may say so."""

import io
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.utils.timezone import now

from notifications import bounces, contacts, delivery, returnpath
from notifications.channels.base import Plain
from notifications.models import ContactMethod, Delivery, Rule
from tests.lib.test_dsn import POSTFIX

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DOOR, SECRET = "/mail/bounces/", "s" * 32


class Taken(Plain):
    """A mail server that takes everything."""

    def send(self, delivery, known):
        return {}


@pytest.fixture(autouse=True)
def _set_up(settings, monkeypatch):
    settings.BOUNCE_ADDRESS = "bounces@tocsin.example.com"
    settings.BOUNCE_SECRET = SECRET
    cache.clear()
    for kind in ("email", "sms"):
        monkeypatch.setitem(delivery.TRANSPORTS, kind, Taken())


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def mail(alice, clock):
    """Mail at once and a text after two minutes; the mail was taken."""
    lines = [
        ContactMethod.objects.create(user=alice, kind=kind, address=address, verified_at=now())
        for kind, address in (("email", "alice@example.com"), ("sms", "+4512345678"))
    ]
    for method, delay in zip(lines, (0, 120), strict=True):
        Rule.objects.create(user=alice, method=method, delay_seconds=delay)
    first, _text = contacts.tell(alice, "page", key="k", subject="s", body="b", about="page:1")
    delivery.sweep()
    first.refresh_from_db()
    assert first.state == "sent"
    return first


def report(row=None, raw=POSTFIX, **changes):
    to = returnpath.of(row) if row else "bounces@tocsin.example.com"
    raw = raw.replace(b"bounces+7-abcdefghijklmnop@tocsin.example.com", to.encode())
    for old, new in changes.items():
        raw = raw.replace(old.encode(), new)
    return raw


def test_a_bounce_fails_the_message_and_starts_the_next_step(mail, alice):
    assert bounces.take(report(mail)) == "failed"
    mail.refresh_from_db()
    assert mail.state == "failed" and "5.1.1" in mail.error and "User unknown" in mail.error
    assert delivery.sweep() == 1
    assert Delivery.objects.get(channel="sms").state == "sent"
    assert bounces.take(report(mail)) == "known" and mail.attempts.count() == 2


def test_the_address_it_came_to_may_be_told_beside_it_and_be_folded(mail):
    assert bounces.take(report(), recipient=returnpath.of(mail).upper()) == "failed"


def test_without_a_return_path_the_message_id_tells(mail):
    raw = report(raw=POSTFIX.replace(b"abc123", mail.idempotency_id.encode()))
    assert bounces.take(raw) == "failed"


def test_a_delay_an_answer_and_a_forged_address_change_nothing(mail, clock):
    assert bounces.take(report(mail, raw=POSTFIX.replace(b"failed", b"delayed"))) == "passing"
    assert bounces.take(b"Subject: holiday\n\nBack on Monday") == "ignored"
    forged = returnpath.of(mail).replace(f"+{mail.pk}-", f"+{mail.pk + 1}-")
    assert bounces.take(report(), recipient=forged) == "unknown"
    assert bounces.take(report(), recipient=f"bounces+{mail.pk}-{'a' * 16}@x") == "unknown"
    clock.shift(timedelta(days=15))
    assert bounces.take(report(mail)) == "unknown"
    mail.refresh_from_db()
    assert mail.state == "sent"


@pytest.mark.parametrize(
    "how",
    [
        lambda local, code: f"{local}+{code}@tocsin.example.com",
        lambda local, code: f"{local}+٧-{code}@tocsin.example.com",
        lambda local, code: f"{local}+{'9' * 40}-{code}@tocsin.example.com",
        lambda local, code: f"{local}+0-{code}@tocsin.example.com",
        lambda local, code: f"{local}+1-{code[:-1]}@tocsin.example.com",
        lambda local, code: f"{local}+-1-{code}@tocsin.example.com",
        lambda local, code: "\x00" + local,
    ],
    ids=["no number", "odd digits", "huge", "another", "short", "negative", "nul"],
)
def test_a_return_path_that_was_tampered_with_fails_nothing(mail, how):
    local, _at, _host = returnpath.of(mail).partition("@")
    address = how(local.partition("+")[0], local.rpartition("-")[2])

    assert returnpath.read(address) is None
    assert bounces.take(report(), recipient=address) == "unknown"
    assert bounces.take(report().replace(b"bounces@tocsin.example.com", address.encode())) == "unknown"
    mail.refresh_from_db()
    assert mail.state == "sent"


def test_a_bounce_stands_beside_the_line_though_later_mails_are_taken(mail, alice, client, root, clock):
    bounces.take(report(mail))
    contacts.tell(alice, "page", key="k2", subject="s", body="b")
    delivery.sweep()
    client.force_login(alice)
    assert "User unknown" in client.get("/notifications/contacts/").content.decode()
    client.force_login(root)
    shown = client.get("/admin/notifications/contactmethod/?trouble__isempty=0").content.decode()
    assert "User unknown" in shown
    assert "5.1.1" in client.get("/admin/notifications/delivery/?failed_at__isempty=0").content.decode()

    clock.shift(timedelta(days=4))
    contacts.tell(alice, "page", key="k3", subject="s", body="b")
    delivery.sweep()
    assert ContactMethod.objects.get(kind="email").trouble == ""


def test_who_has_no_lines_sees_what_came_back_from_the_accounts_address(bob, clock, client):
    [row] = contacts.tell(bob, "page", key="k", subject="s", body="b")
    delivery.sweep()
    assert bounces.take(report(row)) == "failed"
    client.force_login(bob)
    assert "User unknown" in client.get("/notifications/contacts/").content.decode()


def door(client, body, secret=SECRET, query=""):
    return client.post(
        DOOR + query, body, content_type="message/rfc822", headers={"Authorization": f"Bearer {secret}"}
    )


def test_the_door_takes_a_report_with_the_secret(mail, client):
    answer = door(client, report(), query=f"?to={returnpath.of(mail).replace('+', '%2B')}")
    assert (answer.status_code, answer.content) == (200, b"failed\n")


def test_the_door_refuses_everything_else(mail, client, settings):
    assert door(client, report(mail), secret="wrong").status_code == 403
    assert door(client, report(mail), secret="é").status_code == 403
    assert client.post(DOOR, report(mail), content_type="message/rfc822").status_code == 403
    assert client.get(DOOR).status_code == 405
    assert door(client, b"x" * (bounces.MAX_BYTES + 1)).status_code == 413
    settings.BOUNCE_SECRET = ""
    assert door(client, report(mail), secret="").status_code == 404
    mail.refresh_from_db()
    assert mail.state == "sent"


def test_strangers_are_answered_thirty_times_a_minute_and_the_mail_server_all_the_same(mail, client):
    for _ in range(30):
        assert door(client, b"x", secret="wrong").status_code == 403
    assert door(client, b"x", secret="wrong").status_code == 429
    assert door(client, report(mail)).content == b"failed\n"


def test_a_mail_servers_pipe_hands_it_over_by_a_command(mail, monkeypatch, capsys):
    class Stdin:
        buffer = io.BytesIO(report())

    monkeypatch.setattr(sys, "stdin", Stdin)
    call_command("bounce", "--to", returnpath.of(mail))
    assert capsys.readouterr().out == "failed\n"


REAL = [
    ("postfix-unknown-user", "5.1.1", 'unknown user: "ghost"'),
    ("postfix-no-such-domain", "5.4.4", "Host or domain name not found."),
]


@pytest.mark.parametrize(("name", "status", "said"), REAL)
def test_what_a_real_postfix_pipes_is_understood(mail, name, status, said):
    """As Postfix 3.7 handed them to the command: with a line of an mbox before the headers."""
    raw = (Path(__file__).parent / "mail" / f"{name}.eml").read_bytes()
    # The address it came to is in the envelope only where `--to` hands it on, and else in these headers.
    assert bounces.take(re.sub(rb"bounces\+\S+?@tocsin\.test", returnpath.of(mail).encode(), raw)) == "failed"
    mail.refresh_from_db()
    assert mail.error.startswith(f"The mail came back: {status} {said}")


@pytest.mark.parametrize(("name", "status", "said"), REAL)
def test_without_the_address_the_id_of_the_returned_mail_tells(mail, name, status, said):
    raw = (Path(__file__).parent / "mail" / f"{name}.eml").read_bytes()
    ours = re.search(rb"Message-ID: <([^@]+)@tocsin\.test>", raw)
    assert ours
    Delivery.objects.filter(pk=mail.pk).update(idempotency_id=ours[1].decode())
    raw = re.sub(rb"bounces\+\S+?@tocsin\.test", b"bounces@tocsin.test", raw)
    assert bounces.take(raw) == "failed"
