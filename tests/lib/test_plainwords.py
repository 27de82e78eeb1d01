"""The lint of words: what it marks, what it leaves alone, and how fast."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.plainwords import allowed, languages, lint
from statuspage.models import ComponentGroup


def words(text, **options):
    return [(mark.word.lower(), mark.rule) for mark in lint(text, **options)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The release should have been caught by the canary.", "should have been caught"),
        ("Root was human error.", "human error"),
        ("That was careless.", "careless"),
        ("The engineer who forgot the flag.", "engineer who forgot"),
        ("He broke checkout.", "he broke"),
        ("They should’ve looked.", "should’ve"),
    ],
)
def test_blame_is_marked(text, word):
    assert (word, "blame") in words(text, rules=["blame"])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("It is probably the payment client.", "probably"),
        ("I think it is DNS.", "i think"),
        ("Looks like the disk is full.", "looks like"),
        ("Hopefully fixed.", "hopefully"),
    ],
)
def test_a_guess_is_marked(text, word):
    assert (word, "speculation") in words(text, rules=["speculation"])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("One pod restarts.", "pod"),
        ("Customers saw 5xx answers.", "5xx"),
        ("Customers saw 503s.", "503s"),
        ("The DB is slow.", "db"),
        ("We rolled back the deploy.", "rolled back"),
        ("web-01.prod.example.net is down.", "web-01.prod.example.net"),
        ("checkout-api-2 is down.", "checkout-api-2"),
        ("10.0.0.12 is down.", "10.0.0.12"),
    ],
)
def test_jargon_is_marked(text, word):
    assert (word, "jargon") in words(text, rules=["jargon"])


def test_a_person_is_blamed_only_with_a_fault_in_the_same_clause():
    names = ["Bob Miller"]

    assert words("Bob switched reads to the new index without checking.", names=names, rules=["blame"])
    assert words("Bob Miller deleted the table.", names=names, rules=["blame"])
    assert not words("Bob has the graph. The tool deleted the table.", names=names, rules=["blame"])
    assert not words("Ask Bob.", names=names, rules=["blame"])
    assert not words("The deploy failed and the disk broke.", names=names, rules=["blame"])


@pytest.mark.parametrize(
    "good",
    [
        "Since 13:58 CET customers in the EU cannot pay. We are working on it and will write again by 14:45.",
        "The rest of the product works. 500 customers could not sign in for 13 minutes.",
        "Signing in works again. We took back a change of ours.",
        "The check saw the first failure at 14:02. Three of four regions answer.",
    ],
)
def test_honest_plain_text_is_left_alone(good):
    assert words(good) == []


def test_allowed_words_are_never_marked_and_insiders_names_always():
    assert words("The API of Checkout is slow.", allow=["API"]) == []
    assert ("payments gateway", "jargon") in words(
        "The Payments Gateway is slow.", internal=["payments gateway"]
    )
    assert (
        words("The Payments Gateway is slow.", internal=["payments gateway"], allow=["Payments Gateway"])
        == []
    )


def test_marks_point_at_their_words_in_order_and_do_not_overlap():
    text = "It probably should have been caught; I think the DB is slow, presumably."
    marks = lint(text)

    assert [text[mark.start : mark.end] for mark in marks] == [mark.word for mark in marks]
    assert all(a.end <= b.start for a, b in pairwise(marks))
    assert all(mark.hint for mark in marks)


def test_a_language_without_rules_is_read_as_english():
    assert languages() == ["en"]
    assert lint("Human error.", language="xx") == lint("Human error.")


def test_names_of_public_components_are_never_marked_in_any_room(db):
    ComponentGroup.objects.create(name="Careless Billing API")
    assert lint("The Careless Billing API is slow.", allow=allowed()) == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.lists(st.text(max_size=10), max_size=3))
def test_any_text_can_be_linted(text, names):
    for mark in lint(text, names=names, allow=names, internal=names):
        assert text[mark.start : mark.end] == mark.word


def test_what_somebody_did_not_do_is_blame_too():
    names = ["Bob Miller"]

    assert words("If Bob had read it, all were well.", names=names, rules=["blame"]) == [
        ("if bob had", "blame")
    ]
    assert words("Had Bob Miller looked, we knew.", names=names, rules=["blame"]) == [
        ("had bob miller", "blame")
    ]
    assert not words("We had Bob look at it.", names=names, rules=["blame"])
    assert not words("If Bob has time, he looks.", names=names, rules=["blame"])


def test_a_guess_within_a_fault_keeps_its_own_mark():
    assert words("Bob probably forgot it.", names=["Bob"], rules=["blame", "speculation"]) == [
        ("probably", "speculation"),
        ("forgot", "blame"),
    ]
