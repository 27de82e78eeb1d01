"""JSON as it must be, and errors as problem+json."""

import json

import pytest
from rest_framework.exceptions import NotFound, ParseError, Throttled, ValidationError

from lib.drf import MAX_DEPTH, loads, pointers, problem_handler
from lib.refusal import Forbidden, Invalid, Missing, Refused


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "line 1, column 2"),
        (b'{"a": 1,\n "b" 2}', "line 2, column 6"),
        (b"\xff\xfe", "UTF-8 (byte 0)"),
        (b"[NaN]", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e999]", "too large"),
        (b"[99999999999999999999999]", "too large"),
        (b"[" + b"9" * 5000 + b"]", "too large"),
        (b'{"a": 1, "a": 2}', "given twice"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "nested"),
        (b'["a\\u0000b"]', "cannot be stored"),
        (b'{"\\ud800": 1}', "cannot be stored"),
        (b"", "not valid JSON"),
    ],
)
def test_what_is_no_json_is_refused_with_what_and_where(body, says):
    with pytest.raises(ParseError) as refusal:
        loads(body)
    assert says in str(refusal.value.detail)


def test_brackets_inside_of_texts_do_not_count():
    text = '["' + "[" * 1000 + '\\"' + "{" * 1000 + '"]'
    assert loads(text.encode()) == json.loads(text)


def test_each_refusal_has_its_status_and_code():
    for error, status, code in [
        (Refused("not_open", "It is closed."), 409, "not_open"),
        (Refused("odd", "No.", status=422), 422, "odd"),
        (Forbidden("No."), 403, "forbidden"),
        (Missing(), 404, "missing"),
        (NotFound(), 404, "not_found"),
    ]:
        answer = problem_handler(error, {})
        assert (answer.status_code, answer.data["code"], answer.data["status"]) == (status, code, status)
        assert answer.content_type == "application/problem+json"
        assert set(answer.data) >= {"type", "title", "status", "detail", "code"}


def test_a_wrong_field_is_pointed_at():
    answer = problem_handler(Invalid("Too late.", field="started_at"), {})
    assert answer.data["errors"] == [{"pointer": "/started_at", "detail": "Too late."}]


def test_nested_errors_become_pointers():
    detail = ValidationError(
        {"a": ["x"], "b/c": {"d": ["y"]}, "e": [{}, {"f": ["z"]}], "non_field_errors": ["w"]}
    ).detail
    assert [(one["pointer"], one["detail"]) for one in pointers(detail)] == [
        ("/a", "x"),
        ("/b~1c/d", "y"),
        ("/e/1/f", "z"),
        ("", "w"),
    ]


def test_too_often_says_when_to_come_back():
    assert problem_handler(Throttled(wait=2.2), {})["Retry-After"] == "3"


def test_an_error_of_ours_stays_an_error():
    assert problem_handler(RuntimeError("x"), {}) is None
