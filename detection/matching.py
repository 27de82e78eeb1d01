"""Matchers on the labels of a signal, as Prometheus writes them: ``env=~"prod.*"``. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import re2

from lib.refusal import Invalid

OPERATORS = ("=~", "!~", "!=", "=")
MAX_MATCHERS = 20
_MATCHER = re.compile(r'^\s*([A-Za-z_][\w.:-]{0,99})\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|(\S.*?)|)\s*$')

Matcher = dict[str, str]


def compiled(pattern: str) -> Any:
    """A user's pattern, in time linear to the text it reads.

    Raises:
        Invalid: it is no pattern that google-re2 knows.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as bad:
        said = bad.args[0] if bad.args else bad
        reason = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise Invalid(f"“{pattern[:60]}” is not a pattern: {reason}.", code="bad_pattern") from bad


def parse(text: str) -> list[Matcher]:
    """Matchers from lines (or a comma-less list) of ``label operator value``.

    Raises:
        Invalid: a line is no matcher, its pattern does not compile, or there are too many.
    """
    matchers = [_one(line) for line in text.replace("\r", "").split("\n") if line.strip()]
    if len(matchers) > MAX_MATCHERS:
        raise Invalid(f"At most {MAX_MATCHERS} matchers fit.", code="too_many")
    return matchers


def _one(line: str) -> Matcher:
    found = _MATCHER.match(line)
    if not found:
        raise Invalid(
            f"“{line.strip()[:60]}” is not a matcher. Write it like service=checkout.", code="bad_matcher"
        )
    label, operator, quoted, bare = found.groups()
    value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else (bare or "")
    if operator in ("=~", "!~"):
        compiled(value)
    return {"label": label, "operator": operator, "value": value}


def check(matchers: Any) -> list[Matcher]:
    """Matchers that came as JSON, in shape.

    Raises:
        Invalid: not a list of ``{label, operator, value}``.
    """
    if not isinstance(matchers, list) or not all(isinstance(matcher, dict) for matcher in matchers):
        raise Invalid("Matchers are a list of {label, operator, value}.", code="bad_matcher")
    lines = []
    for matcher in matchers:
        operator, value = matcher.get("operator", "="), matcher.get("value", "")
        if (
            operator not in OPERATORS
            or not isinstance(value, str)
            or not isinstance(matcher.get("label"), str)
        ):
            raise Invalid("A matcher is {label, operator: = != =~ !~, value}.", code="bad_matcher")
        lines.append(words([{"label": matcher["label"], "operator": operator, "value": value}]))
    return parse("\n".join(lines))


def words(matchers: Sequence[Mapping[str, str]]) -> str:
    """The matchers as one types them, a line each."""
    return "\n".join(
        '{}{}"{}"'.format(
            matcher["label"],
            matcher["operator"],
            matcher["value"].replace("\\", "\\\\").replace('"', '\\"').replace("\n", " "),
        )
        for matcher in matchers
    )


def matches(matchers: Sequence[Mapping[str, str]], labels: Mapping[str, str]) -> bool:
    """Do all matchers hold? A label that is absent reads as empty; no matchers match everything."""
    return all(_holds(matcher, labels.get(matcher["label"], "")) for matcher in matchers)


def _holds(matcher: Mapping[str, str], value: str) -> bool:
    operator, wanted = matcher["operator"], matcher["value"]
    if operator in ("=", "!="):
        return (value == wanted) == (operator == "=")
    # Anchored at both ends, as Prometheus does.
    return bool(compiled(wanted).fullmatch(value)) == (operator == "=~")
