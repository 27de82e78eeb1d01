"""Signing in, the second factor, sessions, tokens, people: as a browser without JavaScript sees them."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts import actors, people
from accounts.models import ApiToken, AuditEntry, Role, User
from lib import durations

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


def sign_in(client, email="alice@example.com", password=PASSWORD, **more):
    return client.post("/accounts/login/", {"login": email, "password": password}, **more)


def code(secret):
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_signing_in_leads_to_now_with_a_new_session_and_a_line_in_the_log(client, alice):
    client.get("/accounts/login/")
    client.session["x"] = 1
    before = client.session.session_key
    answer = sign_in(client, "ALICE@example.com")

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.session.session_key != before
    assert AuditEntry.objects.get(action="signed in").actor == alice


def test_a_wrong_password_and_an_unknown_address_are_told_alike(client, alice):
    answers = [
        re.sub(r'value="[^"]*"|X-CSRFToken": "\w+', "", sign_in(client, email, "wrong").content.decode())
        for email in ("alice@example.com", "nobody@example.com")
    ]
    assert answers[0] == answers[1]
    assert "do not match" in answers[0]
    assert AuditEntry.objects.filter(action="sign-in failed").count() == 2
    assert "wrong" not in str(list(AuditEntry.objects.values_list("target", "after")))


def test_guessing_is_slowed_down(client, alice):
    for _ in range(6):
        answer = sign_in(client, password="wrong")
    assert "too many tries" in answer.content.decode().lower() or answer.status_code == 429
    assert sign_in(client).status_code != 302


def test_a_switched_off_person_stays_outside(client, alice):
    alice.is_active = False
    alice.save()
    sign_in(client)
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up_alone(client):
    assert "by invitation" in client.get("/accounts/signup/").content.decode()
    client.post("/accounts/signup/", {"email": "x@example.com", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.exists()


def test_forms_ask_for_the_csrf_token(alice):
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict).status_code == 403
    strict.force_login(alice)
    assert strict.post("/accounts/profile/", {"name": "x"}).status_code == 403


def test_a_forgotten_password_is_set_anew_by_mail(client, alice):
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    known = client.post("/accounts/password/reset/", {"email": "alice@example.com"})
    link = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body).group(1)
    page = client.get(link, follow=True)
    client.post(
        page.request["PATH_INFO"], {"password1": "a brand new secret", "password2": "a brand new secret"}
    )
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})

    alice.refresh_from_db()
    assert alice.check_password("a brand new secret")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_the_second_factor_is_switched_on_and_then_asked_for(client, alice):
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    sign_in(client)
    # Changing who can sign in asks for the password once more.
    asked = client.get("/accounts/2fa/totp/activate/")["Location"]
    assert "Is it you?" in client.get(asked).content.decode()
    client.post(asked, {"password": PASSWORD})
    client.get("/accounts/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    assert client.post("/accounts/2fa/totp/activate/", {"code": "000000"}).status_code == 200
    assert client.post("/accounts/2fa/totp/activate/", {"code": code(secret)}).status_code == 302

    other = Client()
    half = sign_in(other)
    assert half["Location"].startswith("/accounts/2fa/authenticate/")
    assert other.get("/accounts/profile/").status_code == 302
    cache.clear()  # A code is good once; the test's own use above counts.
    assert other.post("/accounts/2fa/authenticate/", {"code": code(secret)}).status_code == 302
    assert other.get("/accounts/profile/").status_code == 200


def test_other_sessions_are_listed_and_ended(client, alice):
    other = Client()
    for one in (client, other):
        sign_in(one)
        one.get("/accounts/profile/")
    assert client.get("/accounts/sessions/").content.decode().count("<li><span>") >= 1

    client.post("/accounts/sessions/")
    assert other.get("/accounts/profile/").status_code == 302
    assert client.get("/accounts/profile/").status_code == 200


def test_a_fragment_of_a_signed_out_person_is_401_and_refreshes(client, alice):
    answer = client.get("/accounts/profile/", headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Refresh"]) == (401, "true")
    assert client.get("/accounts/profile/").status_code == 302


def test_a_page_speaks_its_readers_time(client, alice, settings):
    alice.time_zone = "Asia/Kathmandu"
    alice.save()
    client.force_login(alice)
    ApiToken.objects.create(user=alice, name="ci", prefix="tsn_aaaaaaaa")

    assert "+05:45" in client.get("/accounts/tokens/").content.decode()


def test_the_profile_is_saved_and_a_wrong_zone_is_not(client, alice):
    client.force_login(alice)
    good = client.post("/accounts/profile/", {"name": "Alice L", "time_zone": "Europe/Berlin"})
    bad = client.post("/accounts/profile/", {"name": "A", "time_zone": "Mars/Base"})

    alice.refresh_from_db()
    assert (good.status_code, bad.status_code) == (302, 422)
    assert (alice.name, alice.time_zone, alice.shortcuts_enabled) == ("Alice L", "Europe/Berlin", False)


def test_a_token_is_shown_once_and_revoked(client, alice):
    client.force_login(alice)
    made = client.post("/accounts/tokens/", {"name": "ci", "scope": "write", "ends_in": "30"})
    plaintext = re.search(r"tsn_\S{30,}?(?=<)", made.content.decode()).group()
    token = ApiToken.objects.get()

    assert durations.words(token.expires_at - token.created_at) in ("30 d", "29 d 23 h")
    assert plaintext not in client.get("/accounts/tokens/").content.decode()
    assert "no-store" in made["Cache-Control"]
    client.post(f"/accounts/tokens/{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.revoked_at


def test_people_are_seen_by_all_and_invited_by_managers(client, alice, mona):
    client.force_login(alice)
    assert "Invite somebody" not in client.get("/accounts/people/").content.decode()
    assert client.post("/accounts/people/", {"email": "x@example.com", "role": "viewer"}).status_code == 422
    client.force_login(mona)
    page = client.post("/accounts/people/", {"email": "x@example.com", "role": "responder"}).content.decode()
    link = re.search(r"https?://[^/<]+(/accounts/invited/[^<]+/)", page).group(1)

    stranger = Client()
    assert "x@example.com" in stranger.get(link).content.decode()
    assert stranger.post(link, {"name": "X", "password": "short"}).status_code == 422
    assert stranger.post(link, {"name": "X", "password": PASSWORD})["Location"] == "/accounts/login/"
    assert stranger.get(link).status_code == 410
    assert sign_in(stranger, "x@example.com").status_code == 302


def test_a_name_with_markup_stays_text(client, mona):
    people.add("evil@example.com", actor=actors.system(), name="<script>alert(1)</script>", role=Role.VIEWER)
    client.force_login(mona)

    assert "<script>alert" not in client.get("/accounts/people/").content.decode()


def test_the_audit_log_is_for_admins(client, mona, root):
    client.force_login(mona)
    assert client.get("/accounts/audit/").status_code == 403
    client.force_login(root)
    assert client.get("/accounts/audit/").status_code == 200


def test_the_admin_is_entered_through_the_same_door(client, alice, root):
    assert client.get("/admin/login/?next=/admin/")["Location"].startswith("/accounts/login/")
    client.force_login(alice)
    assert client.get("/admin/", follow=True).status_code == 403
    client.force_login(root)
    for path in (
        "/admin/",
        "/admin/accounts/user/",
        "/admin/accounts/apitoken/",
        "/admin/accounts/auditentry/",
    ):
        assert client.get(path).status_code == 200


def test_a_role_changed_in_the_admin_stands_in_the_log(client, alice, root):
    client.force_login(root)
    fields = {
        "name": "Alice",
        "role": "manager",
        "time_zone": "UTC",
        "is_active": "on",
        "shortcuts_enabled": "on",
    }
    assert client.post(f"/admin/accounts/user/{alice.pk}/change/", fields).status_code == 302
    alone = client.post(f"/admin/accounts/user/{root.pk}/change/", {**fields, "role": "viewer"})

    alice.refresh_from_db()
    root.refresh_from_db()
    assert (alice.role, root.role) == ("manager", "admin")
    assert "only admin" in alone.content.decode()
    assert AuditEntry.objects.get(action="person changed").after == {"role": "manager"}


def test_the_admin_erases_a_person(client, alice, root):
    client.force_login(root)
    client.post("/admin/accounts/user/", {"action": "erase", "_selected_action": [alice.pk]})

    alice.refresh_from_db()
    assert alice.erased_at
