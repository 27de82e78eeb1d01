"""Search: the same contract on both databases, and nothing of a private incident for outsiders."""

import re
from importlib import import_module

import pytest
from django.apps import apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import tokens
from accounts.actors import person
from incidents import lifecycle, notes, people, retention, scope, searching
from incidents.models import SearchText
from lib import searchwords
from lib.refusal import Invalid


def found(user, query, **words):
    return [(hit.kind, hit.incident.reference) for hit in searching.search(user, query, **words)]


def test_titles_updates_and_notes_are_found(opened, alice, bob):
    incident = opened(actor=person(alice), title="Checkout fails", declare=True)
    lifecycle.post_update(incident.pk, actor=person(alice), text="The connection pool ran dry.")
    notes.add_note(incident.pk, actor=person(alice), text="Saw a café in the logs.")

    assert found(bob, "checkout") == [("incident", incident.reference)]
    assert found(bob, "POOL dry") == [("update", incident.reference)]
    assert found(bob, "connect") == [("update", incident.reference)], "a word begins so"
    assert found(bob, "cafe") == [("note", incident.reference)]
    assert found(bob, "pool checkout") == [], "all words stand in one text"
    assert found(bob, incident.reference) == [("incident", incident.reference)]
    assert found(bob, "pool", kinds=["note"]) == []
    hit = searching.search(bob, "pool")[0]
    assert hit.headline == "The connection pool ran dry."
    assert [piece.text for piece in hit.pieces if piece.found] == ["pool"]
    assert re.fullmatch(rf"/incidents/{incident.number}/\?at=(\d+)#e\1", hit.path)


def test_a_title_goes_before_what_was_said(opened, alice):
    said = opened(actor=person(alice), title="Something else", declare=True)
    lifecycle.post_update(said.pk, actor=person(alice), text="Redis is slow, redis redis redis.")
    titled = opened(actor=person(alice), title="Redis is gone")

    assert found(alice, "redis") == [("incident", titled.reference), ("update", said.reference)]
    assert found(alice, "redis", limit=1) == [("incident", titled.reference)]


def test_a_new_title_is_found_and_the_old_one_is_not(opened, alice):
    incident = opened(actor=person(alice), title="Zebra broke")

    scope.change_details(incident.pk, actor=person(alice), title="Giraffe broke", reason="It was a giraffe.")

    assert found(alice, "zebra") == []
    assert found(alice, "giraffe") == [("incident", incident.reference)]


def test_what_was_redacted_is_not_found(opened, alice):
    incident = opened(actor=person(alice))
    notes.add_note(incident.pk, actor=person(alice), text="The password is hunter2.")
    event = incident.timeline.order_by("-number").first()
    assert found(alice, "hunter2")

    notes.redact(incident.pk, actor=person(alice), event_number=event.number, reason="A secret.")

    assert found(alice, "hunter2") == []
    assert not SearchText.objects.filter(text__contains="hunter2").exists()


def test_what_was_purged_is_not_found(opened, alice, root):
    incident = opened(actor=person(alice), title="Zebra broke")

    retention.purge(incident, actor=person(root))

    assert found(alice, "zebra") == []


def test_made_private_later_it_is_gone_for_others_at_once(opened, alice, bob):
    incident = opened(actor=person(alice), title="Zebra broke", declare=True)
    lifecycle.post_update(incident.pk, actor=person(alice), text="The zebra is out.")
    assert len(found(bob, "zebra")) == 2

    people.make_private(incident.pk, actor=person(alice), reason="Somebody's name stands in it.")

    assert found(bob, "zebra") == []
    assert len(found(alice, "zebra")) == 2


def test_private_hits_do_not_use_up_the_limit(opened, alice, bob):
    shown = opened(actor=person(alice), title="Zebra broke")
    for _ in range(3):
        opened(actor=person(alice), title="Zebra zebra zebra", is_private=True)

    assert found(bob, "zebra", limit=1) == [("incident", shown.reference)]


@pytest.mark.parametrize("query", ["数据库", "据库", "Оплата", "оплат", "cafe", "e5", "1e5", "0x1f", "a1b"])
def test_words_of_every_script_are_found(opened, alice, query):
    incident = opened(actor=person(alice), title="主数据库 Оплата café 1e5 0x1f a1b2 e5")

    assert found(alice, query) == [("incident", incident.reference)]


@pytest.mark.parametrize("query", ["", "?", "' OR 1=1 --", '"a" NEAR b', "a:* & b", "(((", "-x", "*", "😀"])
def test_odd_queries_find_nothing_and_break_nothing(opened, alice, query):
    opened(actor=person(alice), title="Checkout fails")

    assert found(alice, query) == []


def test_bounds_are_said(alice):
    with pytest.raises(Invalid, match="200"):
        searching.search(alice, "x" * 201)
    with pytest.raises(Invalid, match="kind"):
        searching.search(alice, "x", kinds=["secret"])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=80),
    st.booleans(),
)
def test_every_word_of_a_text_finds_it_for_its_people_only(house_rows, text, is_private):
    """Whatever was written: each of its words finds it, and a private one only for its people."""
    public, private, alice, bob = house_rows
    incident = private if is_private else public
    searching.keep(incident.pk, "note", text, number=900)

    try:
        for one in searchwords.asked(text):
            word = "".join(one.pieces)
            assert ("note", incident.reference) in found(alice, word, kinds=["note"]), word
            assert (("note", incident.reference) in found(bob, word, kinds=["note"])) is not is_private
    finally:
        searching.forget(incident.pk, "note", number=900)


@pytest.fixture
def house_rows(opened, alice, bob):
    public = opened(actor=person(alice), title="Seen")
    private = opened(actor=person(alice), title="Hidden", is_private=True)
    return public, private, alice, bob


def test_what_was_there_before_the_search_is_filled_in_the_same(opened, alice):
    incident = opened(actor=person(alice), title="Checkout fails", declare=True)
    lifecycle.post_update(incident.pk, actor=person(alice), text="Оплата does not answer.")
    notes.add_note(incident.pk, actor=person(alice), text="Rolled back.", kind="action_taken")
    columns = ("incident", "kind", "number", "text", "words", "path")
    live = sorted(SearchText.objects.values_list(*columns))
    SearchText.objects.all().delete()
    assert found(alice, "checkout") == []

    import_module("incidents.migrations.0006_search").fill(apps, None)

    assert len(live) == 3
    assert sorted(SearchText.objects.values_list(*columns)) == live
    assert len(found(alice, "checkout")) == 1


def test_the_page_marks_what_was_found_and_escapes_the_rest(client, opened, alice):
    incident = opened(actor=person(alice), title="Checkout fails", declare=True)
    lifecycle.post_update(incident.pk, actor=person(alice), text="The <b>zebra</b> is out.")
    client.force_login(alice)

    text = client.get("/search/", {"q": "zebra"}).content.decode()

    assert "&lt;b&gt;<mark>zebra</mark>&lt;/b&gt; is out." in text
    assert f'href="/incidents/{incident.number}/?at=' in text


def test_the_api_answers_with_where_it_stands(client, opened, alice, bob):
    incident = opened(actor=person(alice), title="Zebra broke", declare=True)
    lifecycle.post_update(incident.pk, actor=person(alice), text="The zebra is out.")
    opened(actor=person(alice), title="Zebra of somebody", is_private=True)
    bearer = {"Authorization": f"Bearer {tokens.issue(bob, name='t', scope='read')[1]}"}

    def ask(**query):
        return client.get("/api/v1/search/", query, headers=bearer)

    answer = ask(q="zebra").json()["results"]

    assert [(hit["kind"], hit["reference"]) for hit in answer] == [
        ("incident", incident.reference),
        ("update", incident.reference),
    ]
    assert answer[1]["headline"] == "The zebra is out."
    assert answer[1]["url"].endswith(
        f"/incidents/{incident.number}/?at={answer[1]['event']}#e{answer[1]['event']}"
    )
    assert len(ask(q="zebra", kind="update").json()["results"]) == 1
    refused = ask(q="zebra", kind="secret")
    assert refused.status_code in (400, 422) and "kind" in refused.json()["detail"]
    assert ask(q="x" * 201).status_code in (400, 422)
    assert client.get("/api/v1/search/", {"q": "zebra"}).status_code == 401
