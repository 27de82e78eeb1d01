"""The published folder over HTTP, and the forms of subscribers."""

import json
import re

import pytest
from django.core import mail
from django.test import Client

from accounts import actors
from statuspage import publishing, subscribing, writing
from statuspage.models import Subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(shop, mona):
    publishing.open_notice(
        actor=actors.person(mona),
        title="Checkout fails",
        body="Customers cannot pay.",
        components={shop["pay"].pk: "major_outage"},
    )
    writing.publish()
    return writing.root() / "current"


@pytest.fixture(autouse=True)
def _empty_cache():
    from django.core.cache import cache

    cache.clear()


def test_the_app_serves_exactly_the_files_of_the_folder(site, client):
    files = [path for path in site.rglob("*") if path.is_file()]
    assert len(files) > 15
    for path in files:
        answer = client.get(f"/status/{path.relative_to(site)}")
        assert answer.status_code == 200, path
        assert answer.content == path.read_bytes()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("api/v2/summary.json", "application/json; charset=utf-8"),
        ("history.atom", "application/atom+xml; charset=utf-8"),
        ("history.rss", "application/rss+xml; charset=utf-8"),
        ("maintenance.ics", "text/calendar; charset=utf-8"),
        ("badge.svg", "image/svg+xml"),
        ("status.css", "text/css; charset=utf-8"),
        ("status.js", "text/javascript; charset=utf-8"),
    ],
)
def test_every_kind_has_its_content_type(site, client, path, kind):
    assert client.get(f"/status/{path}").headers["Content-Type"] == kind


def test_a_file_that_has_not_changed_answers_304(site, client):
    first = client.get("/status/api/v2/summary.json")
    by_tag = client.get("/status/api/v2/summary.json", headers={"If-None-Match": first.headers["ETag"]})
    by_time = client.get(
        "/status/api/v2/summary.json", headers={"If-Modified-Since": first.headers["Last-Modified"]}
    )
    assert (by_tag.status_code, by_tag.content) == (304, b"")
    assert by_time.status_code == 304
    assert client.get("/status/", headers={"If-None-Match": '"other"'}).status_code == 200


def test_other_sites_may_read_the_json_but_not_the_page(site, client):
    assert client.get("/status/api/v2/status.json").headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in client.get("/status/").headers


@pytest.mark.parametrize(
    "path",
    [
        "../tocsin.sqlite3", 
        "..%2f..%2fsecret", "%2e%2e/%2e%2e/etc/passwd", "api/../../published.json", ".lock",
        "a%00b", "..\\secret", "//etc/passwd", "releases/", "nothing.html", "incidents/",
    ],
)  # fmt: skip
def test_nothing_outside_the_folder_can_be_reached(site, client, path):
    (writing.root() / "secret").write_text("secret")
    # A NUL is refused at the door already.
    assert client.get(f"/status/{path}").status_code == (400 if "%00" in path else 404)


def test_a_link_out_of_the_folder_is_not_followed(site, client):
    (writing.root() / "secret").write_text("secret")
    (site.resolve() / "leak.txt").symlink_to(writing.root() / "secret")
    assert client.get("/status/leak.txt").status_code == 404


def test_a_folder_without_its_slash_leads_there(site, client):
    answer = client.get("/status/history")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/status/history/")


def test_before_the_first_writing_the_page_asks_for_patience(shop, client):
    answer = client.get("/status/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_the_page_takes_no_post(site, client):
    assert client.post("/status/").status_code == 405


def test_the_json_survives_the_way(site, client):
    summary = json.loads(client.get("/status/api/v2/summary.json").content)
    assert summary["incidents"][0]["name"] == "Checkout fails"


def ask(client, email="eve@example.com", **more):
    return client.post("/status/subscribe/", {"email": email, **more})


def link(text: str, what: str) -> str:
    return re.search(rf"http\S+(/status/subscribe/{what}/\S+)", text).group(1)


def test_one_is_in_only_after_saying_yes(site, client, drain):
    ask(client)
    drain()
    [sent] = mail.outbox
    address = link(sent.body, "confirm")

    assert client.get(address).status_code == 200
    assert not Subscriber.objects.get().is_active, "a mail scanner that follows the link says nothing"
    assert client.post(address).status_code == 200
    assert Subscriber.objects.get().is_active


def test_the_form_on_a_static_page_needs_no_cookie_and_no_token(site, drain):
    strict = Client(enforce_csrf_checks=True)
    assert ask(strict).status_code == 200
    assert drain() > 0
    assert mail.outbox[0].to == ["eve@example.com"]


def test_the_answer_is_the_same_for_every_address(site, client, drain):
    new = ask(client, "new@example.com").content
    Subscriber.objects.update(confirmed_at="2026-01-01T00:00Z", asked_at=None)
    known = ask(client, "new@example.com").content
    again = ask(client, "new@example.com").content
    assert new == known == again


def test_an_address_is_written_to_once_in_ten_minutes(site, client, drain):
    for _ in range(5):
        ask(client, "Eve@Example.com")
    drain()
    assert len(mail.outbox) == 1


def test_a_stranger_cannot_change_what_a_subscriber_gets(site, client, drain, shop):
    ask(client)
    Subscriber.objects.update(confirmed_at="2026-01-01T00:00Z", asked_at=None)
    ask(client, about=shop["search"].public_id)
    drain()
    assert list(Subscriber.objects.get().components.all()) == []
    assert "already" in mail.outbox[-1].body


def test_asking_too_often_is_refused_for_everybody_alike(site, client):
    answers = [ask(client, f"a{i}@example.com").status_code for i in range(25)]
    assert answers == [200] * 20 + [429] * 5


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", "eve@example.com\nBcc: all@example.com", "a\x00@b.com"]
)
def test_what_is_no_address_is_refused(site, client, email):
    assert ask(client, email).status_code == 422
    assert not Subscriber.objects.exists()


@pytest.fixture
def subscriber(shop):
    return Subscriber.objects.create(email="eve@example.com", confirmed_at="2026-01-01T00:00Z")


def test_looking_at_the_link_does_not_unsubscribe(client, subscriber):
    address = f"/status/subscribe/unsubscribe/{subscribing.token(subscriber)}/"
    assert client.get(address).status_code == 200
    assert client.head(address).status_code in (200, 405)
    subscriber.refresh_from_db()
    assert subscriber.is_active


def test_one_post_unsubscribes_without_cookie_or_redirect(subscriber):
    address = f"/status/subscribe/unsubscribe/{subscribing.token(subscriber)}/"
    answer = Client(enforce_csrf_checks=True).post(address, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    subscriber.refresh_from_db()
    assert not subscriber.is_active


def test_one_chooses_components_oneself(client, subscriber, shop):
    address = f"/status/subscribe/manage/{subscribing.token(subscriber)}/"
    assert "Search" in client.get(address).content.decode()
    client.post(address, {"about": [shop["search"].public_id]})
    assert [c.name for c in subscriber.components.all()] == ["Search"]


@pytest.mark.parametrize("what", ["confirm", "manage", "unsubscribe"])
def test_a_link_that_was_altered_opens_nothing(client, subscriber, what):
    token = subscribing.token(subscriber)
    for bad in (token[:-2] + "xx", "nonsense", token.replace(":", "")):
        assert client.post(f"/status/subscribe/{what}/{bad}/").status_code == 410


def test_a_link_that_was_taken_back_opens_nothing(client, subscriber):
    token = subscribing.token(subscriber)
    Subscriber.objects.update(link_round=2)
    assert client.post(f"/status/subscribe/unsubscribe/{token}/").status_code == 410


def test_a_subscribers_page_sends_no_referrer_and_is_not_kept(client, subscriber):
    answer = client.get(f"/status/subscribe/manage/{subscribing.token(subscriber)}/")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
