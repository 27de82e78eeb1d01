"""The rules of the house that no linter knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = [
    "accounts", "catalog", "chatops", "detection", "incidents", "metrics",
    "notifications", "oncall", "outbox", "postmortems", "statuspage",
]  # fmt: skip
DOORS = {"views", "api", "tasks", "handlers", "forms", "urls", "admin"}
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
# A page of domain rows may be a little longer than the 300 lines that everything else keeps to.
LONGEST = 500
EMPTY_NAMES = {"utils", "helpers", "services", "managers", "constants", "common", "misc", "core"}


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts and "__pycache__" not in path.parts:
                yield path


def words(path: Path) -> set[str]:
    """The words of a module's name and of the folders in its room: `oncall/api/pages.py` is a door."""
    inside = path.relative_to(ROOT).with_suffix("").parts[1:]
    return {word for part in inside for word in (part, part.rsplit("_", 1)[-1])}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


ALL = list(modules(*ROOMS, "config", "lib"))
DOOR_MODULES = [path for path in modules(*ROOMS) if words(path) & DOORS and path.name != "__init__.py"]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_there_is_something_to_look_at():
    assert len(ALL) > 100
    assert len(DOOR_MODULES) > 20


def test_only_rules_open_a_transaction():
    rows = [path for path in ALL if path.name == "models.py"]

    assert [name_of(path) for path in DOOR_MODULES + rows if "django.db.transaction" in imports(path)] == []


def test_a_door_shows_only_the_incidents_that_its_reader_may_see():
    """In doors `Incident.objects` is followed by `visible_to(...)`, or by a comment `visible_to: why not`."""
    found = []
    for path in DOOR_MODULES:
        tree, lines = ast.parse(path.read_text()), path.read_text().splitlines()
        followed = {id(node.value): node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        found += [
            f"{name_of(path)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr == "objects"
            and isinstance(node.value, ast.Name)
            and node.value.id == "Incident"
            and followed.get(id(node)) not in ("visible_to", "none")
            and "visible_to:" not in "".join(lines[node.lineno - 1 : node.lineno + 1])
            and path.name != "admin.py"  # The admin is for admins, who see all.
        ]

    assert found == []


def test_a_module_is_named_by_what_it_is_about():
    assert [name_of(path) for path in ALL if path.stem in EMPTY_NAMES] == []


def test_a_module_can_be_read_in_one_sitting():
    assert [name_of(path) for path in ALL if len(path.read_text().splitlines()) > LONGEST] == []


def test_a_module_says_what_it_is_for():
    trees = {path: ast.parse(path.read_text()) for path in ALL}

    assert [name_of(path) for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_no_import_hides_in_a_function():
    """An import inside a function is a circle in hiding; only `AppConfig.ready` may."""
    found = []
    for path in ALL:
        functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTION)]
        found += [
            f"{name_of(path)}:{inner.lineno}"
            for function in functions
            if function.name != "ready"
            for inner in ast.walk(function)
            if isinstance(inner, ast.Import | ast.ImportFrom)
        ]

    assert found == []
