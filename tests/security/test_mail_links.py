"""What a stranger puts into the Host header never reaches a mail."""

import re

import pytest
from django.core import mail
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()


@pytest.mark.parametrize("address", ["alice@example.com", "nobody@example.com"])
def test_a_mail_asked_for_through_another_host_leads_to_ours(client, alice, address, settings):
    # As where `up --host` opens a network without a name.
    settings.ALLOWED_HOSTS = ["*"]
    answer = client.post("/accounts/password/reset/", {"email": address}, headers={"Host": "evil.example"})
    assert answer.status_code == 302
    for sent in mail.outbox:
        text = f"{sent.subject}\n{sent.body}" + "".join(str(part[0]) for part in sent.alternatives)
        assert "evil.example" not in text
        assert all(link.startswith(settings.BASE_URL) for link in re.findall(r"https?://\S+", text))
    if address == alice.email:
        assert re.search(r"/accounts/password/reset/key/\S+", mail.outbox[0].body)


def test_by_default_another_host_is_refused_and_nothing_is_sent(client, alice):
    answer = client.post(
        "/accounts/password/reset/", {"email": alice.email}, headers={"Host": "evil.example"}
    )
    assert answer.status_code == 400 and not mail.outbox
