"""The REST door's keys: who gets in, with which right, how often."""

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from accounts import actors, tokens
from accounts.authentication import TokenThrottle
from accounts.models import ApiToken, Role, Scope

pytestmark = pytest.mark.django_db
ME = "/api/v1/users/me/"


@pytest.fixture(autouse=True)
def _fresh_throttle():
    cache.clear()
    yield
    cache.clear()


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Bearer a b c", "Token x", "Basic eDp5", "Bearer é"]
)
def test_without_a_good_token_the_answer_is_401_as_problem_json(header):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get(ME)

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] in ("not_authenticated", "authentication_failed")


def test_a_session_does_not_open_the_api(client, alice):
    client.force_login(alice)
    assert client.get(ME).status_code == 401


@pytest.mark.parametrize(
    ("scope", "cut"), [("read", Role.VIEWER), ("write", Role.RESPONDER), ("admin", Role.MANAGER)]
)
def test_a_token_acts_with_its_owners_role_cut_by_its_scope(asks, mona, scope, cut):
    answer = asks(mona, scope).get(ME).json()
    assert (answer["effective_role"], answer["scope"]) == (cut, scope)


def test_the_cut_reaches_every_question_about_rights(root):
    root.ceiling = Scope.WRITE.ceiling

    assert root.is_at_least(Role.RESPONDER)
    assert not root.is_at_least(Role.MANAGER)
    assert not root.is_staff and not root.has_perm("x.y")


def test_the_audit_log_is_for_admins_with_an_admins_token(asks, root, mona):
    assert asks(root, "admin").get("/api/v1/audit/").status_code == 200
    assert asks(root, "write").get("/api/v1/audit/").status_code == 403
    denied = asks(mona, "admin").get("/api/v1/audit/")
    assert (denied.status_code, denied.json()["code"]) == (403, "permission_denied")


def test_a_revoked_token_stops_at_once(asks, alice):
    client = asks(alice)
    assert client.get(ME).status_code == 200
    token = ApiToken.objects.get()
    tokens.revoke(token.pk, actor=actors.person(alice))
    assert client.get(ME).status_code == 401


def test_too_many_requests_of_one_token_are_told_to_wait(asks, alice, bob, monkeypatch):
    monkeypatch.setattr(TokenThrottle, "THROTTLE_RATES", {"token": "2/min", "anonymous": "1/min"})
    mine, other = asks(alice), asks(bob)
    statuses = [mine.get(ME).status_code for _ in range(3)]
    last = mine.get(ME)

    assert statuses == [200, 200, 429]
    assert int(last["Retry-After"]) > 0
    assert last.json()["code"] == "throttled"
    assert other.get(ME).status_code == 200
