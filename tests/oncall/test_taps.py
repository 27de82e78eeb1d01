import re

import pytest

from oncall.models import PageRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(opened, tick, mailoutbox):
    opened()
    tick()
    return re.search(r"ack (http\S+)", mailoutbox[0].body)[1].removeprefix("http://127.0.0.1:8000")


def test_opening_the_link_acknowledges_nothing_because_mail_scanners_open_links(client, link):
    answer = client.get(link)

    assert answer.status_code == 200
    assert b"<button" in answer.content
    assert PageRun.objects.get().status == "running"


def test_pressing_the_button_acknowledges_without_sign_in_and_stops_the_pager(
    client, link, alice, tick, mailoutbox
):
    answer = client.post(link)

    assert answer.status_code == 200
    run = PageRun.objects.get()
    assert (run.status, run.acknowledged_by) == ("acknowledged", alice)
    assert run.incident.acknowledged_by == alice
    tick(9)
    assert len(mailoutbox) == 1


def test_the_link_works_once_and_says_so_afterwards(client, link, tick):
    client.post(link)
    tick()
    again = client.post(link)

    assert again.status_code == 200
    assert b"You acknowledged this" in again.content
    assert b"<button" not in again.content.split(b"<main")[1].split(b"</main")[0]


def test_whoever_comes_second_reads_who_was_first(client, link, opened, tick, mailoutbox, bob):
    tick(5)
    bobs = re.search(r"ack http://127.0.0.1:8000(\S+)", mailoutbox[-1].body)[1]
    assert mailoutbox[-1].to == ["bob@example.com"]
    client.post(bobs)

    assert b"Bob acknowledged this" in client.get(link).content


def test_an_altered_link_and_an_expired_one_say_so(client, link, clock):
    assert client.post(link[:-4] + "xxx/").status_code == 404
    clock.shift(13 * 3600)
    assert client.post(link).status_code == 410
    assert PageRun.objects.get().status == "running"


def test_trying_links_is_limited(client, link):
    assert {client.get(link[:-4] + "xxx/").status_code for _ in range(30)} == {404}
    assert client.get(link[:-4] + "xxx/").status_code == 429


def test_guesses_never_close_the_true_link(client, link):
    """Behind a proxy everybody may share one address; a stranger must not silence a page's answer."""
    for _ in range(40):
        client.get(link[:-4] + "xxx/")
    assert client.post(link).status_code == 200
    assert PageRun.objects.get().status == "acknowledged"
