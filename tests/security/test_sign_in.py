"""Guessing passwords and codes is limited, tells nothing, and closes no door for others."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP

from accounts import actors, people

RIGHT = "correct horse battery staple"


def sign_in(client, email, password, **more):
    return client.post("/accounts/login/", {"login": email, "password": password}, **more)


def test_guessing_a_password_ends_after_some_tries(alice, browser):
    client = browser()
    answers = [sign_in(client, alice.email, f"guess {n}").content.decode() for n in range(8)]
    assert "do not match" in answers[0] and "too many tries" in answers[-1]
    assert sign_in(client, alice.email, RIGHT).status_code != 302


def test_a_known_and_an_unknown_address_get_the_same_words(alice, browser):
    both = (alice.email, "no@example.com")
    pages = [sign_in(browser(), email, "wrong").content.decode() for email in both]
    assert ["do not match" in page for page in pages] == [True, True]
    resets = [
        browser().post("/accounts/password/reset/", {"email": e}) for e in (alice.email, "no@example.com")
    ]
    assert resets[0].status_code == resets[1].status_code
    assert resets[0]["Location"] == resets[1]["Location"]


def test_one_stranger_behind_the_proxy_closes_the_door_for_nobody_else(alice, browser):
    bad, good = {"X-Forwarded-For": "198.51.100.7"}, {"X-Forwarded-For": "198.51.100.8"}
    for n in range(15):
        sign_in(browser(), f"nobody{n}@example.com", "guess", headers=bad)
    assert sign_in(browser(), alice.email, RIGHT, headers=bad).status_code != 302
    assert sign_in(browser(), alice.email, RIGHT, headers=good).status_code == 302


@pytest.fixture
def careful(alice):
    """Alice, with a second factor."""
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(alice, secret)
    assert Authenticator.objects.filter(user=alice).exists()
    return alice, secret


def test_a_password_alone_opens_nothing_when_there_is_a_second_factor(careful, browser):
    user, _secret = careful
    client = browser()
    answer = sign_in(client, user.email, RIGHT)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    for page in ("/", "/incidents/", "/accounts/profile/", "/accounts/2fa/", "/accounts/tokens/", "/admin/"):
        assert client.get(page).status_code == 302, page
    answers = [client.post("/accounts/2fa/authenticate/", {"code": f"{n:06}"}) for n in range(8)]
    assert all(answer.status_code != 302 or "login" in answer["Location"] for answer in answers)
    assert client.get("/incidents/").status_code == 302


def test_a_new_password_does_not_go_round_the_second_factor(careful, browser):
    user, _secret = careful
    user.set_password("another horse battery")
    user.save()
    assert sign_in(browser(), user.email, "another horse battery")["Location"].startswith("/accounts/2fa/")


def test_a_line_break_in_a_name_starts_no_header_of_a_mail(mona, mailoutbox):
    mona.name = "Mona\nBcc: thief@example.com"
    mona.save()
    people.invite("new@example.com", actor=actors.person(mona))
    assert mailoutbox[0].subject.startswith("Mona Bcc:") and mailoutbox[0].recipients() == ["new@example.com"]
