"""Matchers on labels."""

import pytest

from detection import matching
from lib.refusal import Invalid


@pytest.mark.parametrize(
    ("line", "labels", "holds"),
    [
        ("service=checkout", {"service": "checkout"}, True),
        ("service=checkout", {"service": "checkout2"}, False),
        ("service!=checkout", {}, True),
        ('env=~"prod.*"', {"env": "production"}, True),
        ('env=~"prod"', {"env": "production"}, False),
        ("env!~prod.*", {"env": "test"}, True),
        ('note="a \\"b\\""', {"note": 'a "b"'}, True),
        ("empty=", {}, True),
    ],
)
def test_a_matcher_reads_a_label(line, labels, holds):
    assert matching.matches(matching.parse(line), labels) is holds


def test_all_matchers_have_to_hold():
    matchers = matching.parse("service=checkout\nenv=prod")

    assert not matching.matches(matchers, {"service": "checkout", "env": "test"})


@pytest.mark.parametrize("text", ["service", "=x", "a=~(", "\n".join(f"a{n}=1" for n in range(21))])
def test_what_is_no_matcher_is_refused(text):
    with pytest.raises(Invalid):
        matching.parse(text)


@pytest.mark.parametrize(
    "value", ["", {}, [1], [{"label": "a", "operator": "<", "value": "b"}], [{"value": "b"}]]
)
def test_matchers_from_json_have_a_shape(value):
    with pytest.raises(Invalid):
        matching.check(value)


def test_words_and_matchers_are_the_same_thing():
    matchers = matching.parse('a="x \\\\ \\"y\\""\nb=~"c.*"')

    assert matching.parse(matching.words(matchers)) == matching.check(matchers) == matchers


def test_a_greedy_pattern_costs_no_time():
    hostile = matching.parse('a=~"(x+x+)+y"')

    assert not matching.matches(hostile, {"a": "x" * 50_000})
