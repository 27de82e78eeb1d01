"""What counts as a word when one searches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import searchwords


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Checkout fails: HTTP 503!", "checkout fails http 503"),
        ("db-eu.west_1", "db eu west 1"),
        ("Café ÉTÉ", "cafe ete"),
        ("Straße", "strasse"),
        ("Опа!", "x00043ex00043fx000430"),
        ("数据 down", "x006570 x00636e down"),
        ("🔥 … —", ""),
    ],
)
def test_words_are_plain(text, words):
    assert searchwords.normal(text) == words


def test_a_query_is_bounded():
    assert len(searchwords.asked("a b c d e f g h i j k l m")) == searchwords.MAX_ASKED
    assert searchwords.asked("x" * 500)[0].pieces == ("x" * searchwords.MAX_WORD,)
    assert searchwords.asked("?!") == []


def test_letters_without_gaps_are_asked_for_side_by_side():
    assert searchwords.asked("数据 pool")[0].pieces == ("数", "据")
    assert not searchwords.asked("x")[0].may_go_on
    assert searchwords.asked("po")[0].may_go_on


def marked(pieces):
    return [piece.text for piece in pieces if piece.found]


def test_an_excerpt_marks_what_was_asked_for():
    pieces = searchwords.excerpt("The Café's pool ran dry, pools of cafés too.", "cafe pool")

    assert marked(pieces) == ["Café", "pool", "pools", "cafés"]
    assert marked(searchwords.excerpt("主数据库 is full", "数据")) == ["数据"]


def test_an_excerpt_of_a_long_text_stays_around_the_first_find():
    pieces = searchwords.excerpt("word " * 500 + "needle " + "word " * 500, "needle")

    assert marked(pieces) == ["needle"]
    assert sum(len(piece.text) for piece in pieces) < searchwords.EXCERPT + 10
    assert (pieces[0].text, pieces[-1].text) == ("… ", " …")


@given(st.text(max_size=400), st.text(max_size=60))
def test_an_excerpt_never_invents_a_letter(text, query):
    whole = " ".join(text.split())
    said = "".join(piece.text for piece in searchwords.excerpt(text, query))

    assert said.removeprefix("… ").removesuffix(" …") in whole
