"""The file as text: YAML without its surprises, so that ``NO`` is Norway and ``17:00`` is a time of day."""

import re
from typing import Any

import yaml

from config.ascode.values import WrongFile

MOST_BYTES = 5_000_000
_ODD_ENDS = re.compile("[\r\x85\u2028\u2029]")


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain values only: no ``yes``/``no``, no base 60, no dates; and no key said twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key has to be a word", key.start_mark)
            if key.value in seen:
                problem = f"the key “{key.value}” is said twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks, lists set in under their key, nothing said by reference."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # Line ends that only YAML knows are written as escapes, or they come back as spaces.
    style = '"' if _ODD_ENDS.search(value) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def load(text: str) -> Any:
    """What the text says.

    Raises:
        WrongFile: it is not YAML; the sentence names the line.
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise WrongFile("the file", f"This is longer than {MOST_BYTES // 1_000_000} MB.")
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader with fewer plain values)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark
        place = f"line {mark.line + 1}" if mark else "the file"
        raise WrongFile(place, f"This is not readable as YAML: {wrong.problem}.") from wrong
    except (yaml.YAMLError, RecursionError, ValueError) as wrong:
        raise WrongFile("the file", f"This is not readable as YAML: {wrong}.") from wrong


def dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def short(value: Any) -> str:
    """A value on one line, for the list of differences."""
    if isinstance(value, str) and "\n" in value:
        return f"a text of {value.count(chr(10)) + 1} lines"
    flow = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return flow.removesuffix("...\n").strip()
