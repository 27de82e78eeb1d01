"""What holds at every address: forgery refused, headers set, nothing breaks, nothing leads elsewhere."""

import pytest

from accounts import tokens
from tests.security.world import filled, pages

#: Doors without a session: a key, a signature or a signed link in the address is the whole right.
WITHOUT_SESSION = (
    "/v2/", "/generic/", "/in/", "/ping/", "/phone/", "/slack/", "/oncall/ack/", "/oncall/ack-all/",
    "/notifications/heard/", "/mail/",
    "/status/subscribe/", "/healthz", "/readyz", "/promises",
)  # fmt: skip
EVIL = "https://evil.example"
ODD = ["\x00", "\ud800".encode("utf-8", "surrogatepass"), "9" * 40, "-1", "é٣", "'\"><x>", "a" * 2000]
NAMES = (
    "q", "next", "before", "after", "page", "service", "severity", "status", "team", "owner", "since",
    "until", "view", "period", "per", "kind", "cursor", "source", "state", "user", "week", "day", "from",
    "to", "text", "title", "drill", "part", "incident", "number", "basis", "private", "start", "end", "label",
    "role",
)  # fmt: skip
URLS = sorted({filled(path, slug="s") for path in pages()})


def test_a_forged_post_is_refused_whoever_is_signed_in(root, browser):
    client = browser(root, enforce_csrf_checks=True)
    client.get("/accounts/profile/")
    known = client.cookies["csrftoken"].value
    wrong = {"csrfmiddlewaretoken": "x" * 32}
    for url in URLS:
        answer = client.post(url, wrong)
        if url.startswith(WITHOUT_SESSION):
            # The cookie changes nothing: the answer is that of a stranger.
            assert browser().post(url, wrong).status_code == answer.status_code, url
            continue
        assert answer.status_code == 403, url
        for origin in (EVIL, "null"):
            answer = client.post(url, {"csrfmiddlewaretoken": known}, headers={"Origin": origin})
            assert answer.status_code == 403, (url, origin)


def test_every_answer_has_its_headers_and_leads_nowhere_else(root, browser):
    for client in (browser(), browser(root)):
        for url in URLS:
            for method in ("get", "put"):
                answer = getattr(client, method)(url)
                assert answer.status_code != 500, url
                assert "default-src 'self'" in answer["Content-Security-Policy"], url
                assert "unsafe" not in answer["Content-Security-Policy"], url
                assert answer["X-Content-Type-Options"] == "nosniff", url
                assert answer["X-Frame-Options"] == "DENY", url
                assert answer["Referrer-Policy"] in ("same-origin", "no-referrer"), url
                leads = answer.get("Location", "/")
                assert leads.startswith(("/", "http://testserver/")) and not leads.startswith("//"), url


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_words_in_the_address_and_in_forms_break_nothing(root, browser, odd):
    client = browser(root)
    for url in URLS:
        assert client.get(url, dict.fromkeys(NAMES, odd)).status_code != 500, url
        if "logout" not in url:
            assert client.post(url, dict.fromkeys((*NAMES, "about", "address"), odd)).status_code != 500, url


@pytest.mark.parametrize(
    "target", [EVIL, "//evil.example", "/\\evil.example", "javascript:alert(1)", "https:evil.example"]
)
def test_signing_in_and_out_leads_nowhere_else(alice, browser, target):
    client = browser()
    form = {"login": alice.email, "password": "correct horse battery staple", "next": target}
    for url, given in (("/accounts/login/", form), ("/accounts/logout/", {"next": target})):
        answer = client.post(url, given)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/") and "evil" not in answer["Location"], answer["Location"]


def test_the_session_changes_at_sign_in_and_its_cookies_are_closed(alice, browser, settings):
    client = browser()
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = client.cookies["sessionid"].value
    answer = client.post(
        "/accounts/login/", {"login": alice.email, "password": "correct horse battery staple"}
    )
    assert answer.status_code == 302
    assert client.cookies["sessionid"].value != before
    assert client.cookies["sessionid"]["httponly"] and client.cookies["sessionid"]["samesite"] == "Lax"
    assert settings.BASE_URL.startswith("https://") == settings.SESSION_COOKIE_SECURE


def test_a_token_is_no_session_and_a_session_no_token(alice, browser):
    plain = tokens.issue(alice, name="t", scope="admin")[1]
    assert browser(alice).get("/api/v1/incidents/").status_code == 401
    page = browser().get("/incidents/", headers={"Authorization": f"Bearer {plain}"})
    assert page.status_code == 302


def test_a_nul_in_a_subscriber_s_choice_is_no_component(browser):
    answer = browser().post("/status/subscribe/", {"email": "a@example.com", "about": ["\x00", "x"]})
    assert answer.status_code == 200
