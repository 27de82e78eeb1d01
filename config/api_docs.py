"""The API's documentation as a page of our own, made from the schema, without any script."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    """One value of a body or of the query."""

    name: str
    kind: str
    is_required: bool
    about: str = ""


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    anchor: str
    method: str
    path: str
    about: str
    parameters: list[Field] = field(default_factory=list)
    sends: list[Field] = field(default_factory=list)
    answers: list[Field] = field(default_factory=list)
    statuses: list[tuple[str, str]] = field(default_factory=list)


@cache
def schema() -> dict[str, Any]:
    """The schema of this process; addresses do not change while it runs."""
    generated: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return generated


def chapters() -> list[tuple[str, list[Operation]]]:
    """Every operation, by the first word of its address."""
    found: dict[str, list[Operation]] = {}
    for path, methods in schema()["paths"].items():
        for method in _METHODS:
            if method in methods:
                raw = methods[method]
                found.setdefault(raw.get("tags", ["api"])[0], []).append(_operation(path, method, raw))
    return sorted(found.items())


def _operation(path: str, method: str, raw: dict[str, Any]) -> Operation:
    good: dict[str, Any] = next(
        (body for status, body in raw["responses"].items() if status.startswith("2")), {}
    )
    return Operation(
        anchor=raw["operationId"],
        method=method.upper(),
        path=path,
        about=raw.get("description") or raw.get("summary", ""),
        parameters=[
            Field(
                name=one["name"],
                kind=f"{_kind(one.get('schema', {}))}, in the {one['in']}",
                is_required=one.get("required", False),
                about=one.get("description", ""),
            )
            for one in raw.get("parameters", [])
        ],
        sends=_fields(_body(raw.get("requestBody", {}))),
        answers=_fields(_body(good)),
        statuses=[(status, body.get("description", "")) for status, body in raw["responses"].items()],
    )


def _body(container: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = container.get("content", {})
    first: dict[str, Any] = next(iter(content.values()), {})
    found: dict[str, Any] = first.get("schema", {})
    return found


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        target: dict[str, Any] = schema()["components"]["schemas"][node["$ref"].rpartition("/")[2]]
        return target
    if len(node.get("allOf", ())) == 1:
        return _resolved(node["allOf"][0])
    return node


def _fields(node: dict[str, Any]) -> list[Field]:
    shape = _resolved(node)
    if shape.get("type") == "array":
        shape = _resolved(shape.get("items", {}))
    required = set(shape.get("required", ()))
    return [
        Field(name, _kind(inner), name in required, inner.get("description", ""))
        for name, inner in shape.get("properties", {}).items()
    ]


def _kind(node: dict[str, Any]) -> str:
    shape = _resolved(node)
    if "enum" in shape:
        return " | ".join("null" if value is None else str(value) for value in shape["enum"])
    for joint in ("oneOf", "anyOf"):
        if joint in shape:
            return " | ".join(dict.fromkeys(_kind(one) for one in shape[joint]))
    kind = shape.get("type", "any")
    name = " | ".join(kind) if isinstance(kind, list) else str(kind)
    if name == "array":
        return f"list of {_kind(shape.get('items', {}))}"
    return f"{name} ({shape['format']})" if "format" in shape else name


def docs(request: HttpRequest) -> HttpResponse:
    """``/api/docs/``: every operation on one page that can be searched with the browser."""
    return render(request, "api/docs.html", {"chapters": chapters(), "nav": "api"})
