import re

import pytest
from django.core import signing

from oncall.models import Page, PageRun

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


def test_only_pressing_acknowledges(client, link):
    assert client.head(link).status_code == 200
    assert {
        client.options(link).status_code,
        client.put(link).status_code,
        client.delete(link).status_code,
    } == {405}

    assert PageRun.objects.get().status == "running"


def test_another_person_or_page_under_the_same_signature_is_no_link(client, link, alice, bob):
    token = link.strip("/").rpartition("/")[2]
    payload, _colon, rest = token.partition(":")
    page = Page.objects.get()
    for forged in (
        [page.pk, bob.pk],
        [page.pk + 1, alice.pk],
        [page.pk],
        {"page": page.pk},
        "x",
        None,
        [[], []],
    ):
        other = signing.dumps(forged, salt="tocsin.oncall.acknowledge", compress=True).partition(":")[0]
        assert client.post(link.replace(f"{payload}:", f"{other}:")).status_code == 404
    assert client.post(f"/oncall/ack/{payload}/").status_code == 404
    assert client.post(f"/oncall/ack/{rest}/").status_code == 404

    assert PageRun.objects.get().status == "running"


def test_whose_account_is_off_or_who_may_not_act_any_more_taps_in_vain(client, link, alice):
    alice.role = "viewer"
    alice.save()
    assert client.post(link).status_code == 403
    alice.is_active = False
    alice.save()
    assert client.post(link).status_code == 404

    assert PageRun.objects.get().status == "running"
