"""What every REST answer has in common: problem+json, strict JSON, newest-first cursors."""

import json
import math
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import IO, Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, JsonResponse
from rest_framework import exceptions, serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from lib.refusal import Invalid, Refused
from lib.text import is_storable

# Deep enough for any payload of a monitoring tool, far from where recursion hurts.
MAX_DEPTH = 64
CONTENT_TYPE = "application/problem+json"


class TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = "The body is larger than this server takes."
    default_code = "too_large"


class StrictJSONParser(JSONParser):
    """JSON as the RFC means it: UTF-8, no NaN or Infinity, no doubled names, bounded depth, bounded size."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {}).get("request")
        try:
            # Django's own reading checks DATA_UPLOAD_MAX_MEMORY_SIZE, the stream does not.
            body = request._request.body if request is not None else stream.read()
        except RequestDataTooBig as large:
            raise TooLarge from large
        return loads(body)


def loads(body: bytes) -> Any:
    """Parse a JSON body, or say what is wrong with it and where.

    Raises:
        ParseError: not UTF-8, not JSON, a number that is none, a name given twice, nested too deeply.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        raise exceptions.ParseError(f"The body is not UTF-8 (byte {bad.start}).") from bad
    _check_depth(text)
    try:
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_small,
            object_pairs_hook=_no_twins,
        )
    except json.JSONDecodeError as bad:
        where = f"line {bad.lineno}, column {bad.colno}"
        raise exceptions.ParseError(f"The body is not valid JSON: {bad.msg} ({where}).") from bad
    except ValueError as bad:
        # For example a number of more than 4,300 digits.
        raise exceptions.ParseError(f"The body is not valid JSON: {str(bad).partition(';')[0]}.") from bad
    _check_text(value)
    return value


def _check_text(value: Any) -> None:
    """No NUL and no half of a surrogate pair, wherever in the value."""
    if isinstance(value, str):
        if not is_storable(value):
            raise exceptions.ParseError(
                "A text holds a character that cannot be stored (NUL or half a pair)."
            )
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name)
            _check_text(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner)


def _check_depth(text: str) -> None:
    depth, in_string, escaped = 0, False, False
    for place, char in enumerate(text):
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise exceptions.ParseError(
                    f"The JSON is nested more than {MAX_DEPTH} levels deep (character {place})."
                )
        elif char in "]}":
            depth -= 1


def _no_constant(name: str) -> Any:
    raise exceptions.ParseError(f"The body is not valid JSON: {name} is not a JSON number.")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise exceptions.ParseError(f"The number {number[:20]} is too large.")
    return value


def _small(number: str) -> int:
    # No column of ours holds more than 64 bits.
    if len(number) > 20 or not -(2**63) <= int(number) < 2**63:
        raise exceptions.ParseError(f"The number {number[:20]} is too large.")
    return int(number)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise exceptions.ParseError(f"The name “{twin[:60]}” is given twice in one object.")
    return result


class KnownFields(serializers.Serializer[Any]):
    """Stands before a serializer's own base: a field that it does not know is refused, not passed over.

    A mistyped name would else change what is meant without a word. What is only read may be sent back.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = self.fields
            unknown = [str(name) for name in data if name not in known]
            if unknown:
                may = ", ".join(name for name, field in known.items() if not field.read_only)
                raise serializers.ValidationError({unknown[0][:80]: f"There is no such field. Known: {may}."})
        return super().to_internal_value(data)


class NewestFirst(CursorPagination):
    """Cursor pagination, newest first: ``{next, previous, results}``."""

    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 500


def problem(
    status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """The body of an RFC 9457 answer."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    return body


def problem_json(status: int, code: str, detail: str) -> JsonResponse:
    """The same as a plain Django response, for doors outside of REST framework."""
    return JsonResponse(problem(status, code, detail), status=status, content_type=CONTENT_TYPE)


def pointers(detail: Any, at: str = "") -> list[dict[str, str]]:
    """DRF's nested errors as a flat list with JSON pointers into the body that was sent."""
    if isinstance(detail, dict):
        return [
            error
            for name, inner in detail.items()
            for error in pointers(inner, at if name == "non_field_errors" else f"{at}/{_escaped(str(name))}")
        ]
    if isinstance(detail, list):
        return [
            error
            for place, inner in enumerate(detail)
            for error in pointers(inner, f"{at}/{place}" if isinstance(inner, dict) and inner else at)
        ]
    return [{"pointer": at, "detail": str(detail)}]


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _answer(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    # On PostgreSQL the broken transaction of a request is the rule's own and has ended already.
    return Response(body, status=body["status"], content_type=CONTENT_TYPE, headers=headers)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal and every error that a client can act on, as problem+json; the rest stays a 500."""
    if isinstance(error, Refused):
        field = error.field if isinstance(error, Invalid) else None
        errors = [{"pointer": f"/{_escaped(field)}", "detail": error.message}] if field else None
        return _answer(problem(error.status, error.code, error.message, errors))
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    elif isinstance(error, Http404):
        error = exceptions.NotFound("There is nothing here under that name.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, DjangoValidationError):
        error = exceptions.ValidationError(error.messages)
    if not isinstance(error, exceptions.APIException):
        return None
    return _answer(_api_problem(error), _headers(error))


def _api_problem(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        errors = pointers(error.detail)
        first = errors[0] if errors else {"pointer": "", "detail": "The request is not in shape."}
        name = first["pointer"].lstrip("/")
        detail = f"{name}: {first['detail']}" if name else first["detail"]
        return problem(error.status_code, "invalid", detail, errors)
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else error.default_code
    return problem(error.status_code, code, str(error.detail))


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if auth := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


class WhateverIsAsked(BaseContentNegotiation):
    """The address says what comes, so no ``Accept`` header is refused; errors are JSON."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        return JSONRenderer(), JSONRenderer.media_type
