"""Bodies of anything that can send JSON, read without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.formats import alertmanager, generic, pagerduty
from detection.signals import Malformed, moment

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text()
            | st.sampled_from([*generic.FIELDS, "alerts", "payload", "event_action", "annotations"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def test_key_and_summary_are_enough():
    (signal,) = generic.events({"key": "hello", "summary": "First alert"})

    assert (signal.action, signal.key, signal.summary) == ("trigger", "hello", "First alert")


def test_the_summary_is_the_key_where_there_is_none():
    assert generic.events({"summary": "First alert"})[0].key == "First alert"


@pytest.mark.parametrize(
    ("status", "action"), [("firing", "trigger"), ("OK", "resolve"), ("acknowledged", "acknowledge")]
)
def test_a_status_says_what_to_do(status, action):
    assert generic.events({"key": "k", "summary": "s", "status": status})[0].action == action


def test_many_alerts_fit_into_one_body():
    assert len(generic.events({"alerts": [{"key": "a", "summary": "A"}, {"key": "b", "summary": "B"}]})) == 2
    assert len(generic.events([{"key": "a", "summary": "A"}])) == 1


def test_a_mapping_finds_fields_in_odd_shapes():
    mapping = {"key": "check.id", "summary": "check.notes.0", "severity": "level"}

    (signal,) = generic.events({"check": {"id": 7, "notes": ["Disk full"]}, "level": "warning"}, mapping)

    assert (signal.key, signal.summary, signal.severity) == ("7", "Disk full", "warning")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (None, "not a JSON object"),
        ({}, "'key' is missing"),
        ({"key": "k"}, "'summary' is missing"),
        ({"status": "resolved"}, "'key' is missing"),
        ({"key": "k", "summary": "s", "status": "burning"}, "'status'"),
        ({"key": "k", "summary": "s", "severity": "enormous"}, "'severity'"),
        ({"key": "k" * 256, "summary": "s"}, "255"),
        ({"key": "k", "summary": "s", "at": "soon"}, "'at'"),
        ([{"key": "k", "summary": "s"}, {}], r"alerts\[1\]"),
    ],
)
def test_what_is_wrong_is_named(body, error):
    with pytest.raises(Malformed, match=error):
        generic.events(body)


@pytest.mark.parametrize("mapping", [[], {"nothing": "a"}, {"key": 3}, {"key": " "}])
def test_a_mapping_out_of_shape_is_refused(mapping):
    with pytest.raises(Malformed):
        generic.check_mapping(mapping)


@given(JSON)
def test_no_body_breaks_a_parser(body):
    for parse in (generic.events, alertmanager.webhook, pagerduty.event, pagerduty.change, pagerduty.v1):
        try:
            parse(body)
        except Malformed as refused:
            assert refused.errors


@given(st.text() | st.integers() | st.floats() | st.none() | st.booleans())
def test_any_time_is_read_or_left(value):
    read = moment(value)

    assert read is None or read.tzinfo is not None
