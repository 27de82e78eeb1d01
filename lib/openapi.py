"""How our REST door describes itself: every operation's problem+json answers and the idempotency key."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS

_ERROR = {
    "type": "object",
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer into the body that was sent."},
        "detail": {"type": "string"},
    },
    "required": ["pointer", "detail"],
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is stable and made for scripts, `detail` is a sentence for people.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "array", "items": _ERROR},
    },
    "required": ["type", "title", "status", "detail", "code"],
}
_SENTENCES = {
    "400": "The request is not in shape.",
    "401": "No token, or one that is unknown, expired or revoked.",
    "403": "The token, or its owner, may not do that.",
    "404": "There is nothing here under that name.",
    "406": "Only JSON is spoken here.",
    "409": "Refused by a rule; nothing was changed.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The Idempotency-Key was used for a different request, or a rule cannot accept the values.",
    "429": "Too many requests; see Retry-After.",
}


class TocsinSchema(AutoSchema):
    """drf-spectacular's schema plus what every operation of ours has in common."""

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        return [parts[2]] if len(parts) > 2 else ["api"]

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        # Two rooms may both have an "Update"; with the room before it no name is taken twice.
        room = type(serializer).__module__.partition(".")[0]
        return f"{room.capitalize()}{type(serializer).__name__}"

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        shape: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        for one in shape.get("properties", {}).values():
            # A field that says itself that it may be null is told so a second time.
            if isinstance(one.get("type"), list):
                one["type"] = list(dict.fromkeys(one["type"]))
        return shape

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if self.method == "POST":
            parameters.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    str,
                    OpenApiParameter.HEADER,
                    description="Sent again with the same body, the request is done once and answered alike.",
                )
            )
        return parameters

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            problems = {status: self._problem(status) for status in self._statuses(args[0])}
            operation["responses"] = dict(sorted({**problems, **operation["responses"]}.items()))
        return operation

    def _statuses(self, path: str) -> list[str]:
        statuses = ["400", "401", "403", "406", "429"]
        if "{" in path or self.method in SAFE_METHODS:
            # An unknown cursor is a 404, too.
            statuses.append("404")
        if self.method not in SAFE_METHODS:
            statuses += ["404", "409", "413", "415", "422"]
        return statuses

    def _problem(self, status: str) -> dict[str, Any]:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name="Problem", type=ResolvedComponent.SCHEMA, schema=_PROBLEM, object="Problem"
        )
        self.registry.register_on_missing(component)
        return {
            "description": _SENTENCES[status],
            "content": {"application/problem+json": {"schema": component.ref}},
        }
