"""Slack's writing as plain words."""

import pytest

from chatops import words


@pytest.mark.parametrize(
    ("slack", "plain"),
    [
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
        ("<@U1|bob> and <@U2>", "@bob and @U2"),
        ("<#C1|general>, <!channel>, <!subteam^S1|@sre>", "#general, @channel, @sre"),
        ("<https://a.example>", "https://a.example"),
        ("<http://a.example|a.example>", "http://a.example"),
        ("<https://a.example|look>", "look (https://a.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("a < b and b > c", "a < b and b > c"),
        ("<>", "<>"),
    ],
)
def test_marks_become_words(slack, plain):
    assert words.plain(slack) == plain


def test_a_known_person_is_called_by_their_name():
    assert words.plain("<@U1> and <@U2|x>", {"U1": "Bob"}) == "@Bob and @x"


@pytest.mark.parametrize(("word", "number"), [("INC-41", 41), ("inc41", 41), ("41", None), ("INC-", None)])
def test_a_reference_is_a_number(word, number):
    assert words.reference(word) == number
