"""What people need at night works while Redis is away: the doors that count in it do not fail."""

import socket

import pytest
from django.core.cache import caches

from accounts import tokens
from lib import fallback_cache
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["refuses", "hangs"])
def redis_away(request, settings, monkeypatch):
    monkeypatch.setattr(fallback_cache, "_away_until", float("-inf"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        if request.param == "refuses":
            server.close()
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
        else:
            port = server.getsockname()[1]
        settings.CACHES = {
            "default": {
                "BACKEND": "lib.fallback_cache.FallbackCache",
                "LOCATION": f"redis://127.0.0.1:{port}/0",
                "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
            }
        }
        yield
        assert fallback_cache._away_until > float("-inf"), "nobody asked Redis"
        caches["default"].clear()


def test_people_sign_in(redis_away, client, alice):
    form = {"login": alice.email, "password": PASSWORD}

    assert client.post("/accounts/login/", {**form, "password": "wrong"}).status_code == 200
    answer = client.post("/accounts/login/", form)

    assert (answer.status_code, answer.url) == (302, "/")


def test_a_guess_at_a_link_is_answered_and_still_counted(redis_away, client):
    answers = [client.post("/oncall/ack/guess/").status_code for _ in range(200)]

    assert answers[0] == 404 and answers[-1] == 429
    assert set(answers) == {404, 429}


def test_the_api_answers(redis_away, client, alice):
    _, secret = tokens.issue(alice, name="test", scope="read")

    answer = client.get("/api/v1/incidents/", headers={"Authorization": f"Bearer {secret}"})
    wrong = client.get("/api/v1/incidents/", headers={"Authorization": "Bearer toc_wrong"})

    assert (answer.status_code, wrong.status_code) == (200, 401)


def test_the_public_subscribes(redis_away, client, mailoutbox, drain):
    answer = client.post("/status/subscribe/", {"email": "reader@example.org"})
    drain()

    assert answer.status_code == 200
    assert [mail.to for mail in mailoutbox] == [["reader@example.org"]]
