"""Who may use which address: generated from the URL map, so that a new one without a line here fails."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Role
from config.api import router

# One table for all rooms; each adds its lines there.
RIGHTS = tomllib.loads((Path(__file__).parent / "rights.toml").read_text(encoding="utf-8"))
REST: dict[str, dict[str, str]] = RIGHTS["rest"]
PUBLIC = set(RIGHTS["public"]["names"])
PUBLIC_PATHS = tuple(RIGHTS["public"]["paths"])


def _rest() -> list[tuple[str, str, str]]:
    """Every (name, method, path) below ``/api/v1/``, with a number wherever the path wants a value."""
    found = []
    for pattern in router.urls:
        path = re.sub(r"\(\?P<[^>]+>(?:[^()]|\([^()]*\))*\)", "987654", str(pattern.pattern))
        path = "/api/v1/" + path.strip("^$").replace("\\Z", "").replace("\\", "")
        found += [(str(pattern.name), method, path) for method in pattern.callback.actions]
    return found


def _pages(
    resolver: URLResolver | None = None, prefix: str = "", space: str = ""
) -> Iterator[tuple[str, str]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from _pages(pattern, path, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}" if pattern.name else path, path


def _filled(path: str) -> str:
    for kind, value in {"int": "987654", "uuid": "00000000-0000-0000-0000-000000000000"}.items():
        path = re.sub(rf"<{kind}:\w+>", value, path)
    path = re.sub(r"<(?:\w+:)?\w+>", "nothing", path)
    return "/" + re.sub(r"\(\?P<\w+>[^)]*\)", "nothing", path).rstrip("$").replace("\\Z", "")


@pytest.mark.parametrize(("name", "method", "path"), _rest(), ids=lambda value: str(value))
def test_a_rest_address_is_open_to_its_role_and_those_above(askers, name, method, path):
    assert method in REST.get(name, {}), f"{name} {method.upper()} has no line in REST"
    needed = Role(REST[name][method])

    for asker, client in askers.items():
        answer = getattr(client, method)(path, {} if method != "get" else None)
        if asker in ("anonymous", "revoked"):
            assert answer.status_code == 401, asker
        elif asker == "read-only admin":
            may = method == "get" and needed == Role.VIEWER
            assert (answer.status_code != 403) == may, (asker, answer.status_code)
        elif Role(asker).rank < needed.rank:
            assert answer.status_code == 403, asker
        else:
            assert answer.status_code not in (401, 403), (asker, answer.content)
            assert answer.status_code < 500, (asker, answer.content)


def test_the_table_names_nothing_that_is_gone():
    assert {(name, method) for name, methods in REST.items() for method in methods} <= {
        (name, method) for name, method, _ in _rest()
    }


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("name", "path"), sorted(set(_pages())), ids=lambda value: str(value))
def test_a_page_leads_strangers_to_signing_in(client, db, name, path, method):
    if name in PUBLIC or any(re.match(one, path) for one in PUBLIC_PATHS):
        return
    answer = getattr(client, method)(_filled(path))

    assert answer.status_code in (302, 405), f"{name} answers {answer.status_code} to a stranger: PUBLIC?"
    assert answer.status_code == 405 or answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("name", "path"), sorted(set(_pages())), ids=lambda value: str(value))
def test_a_page_does_not_break_for_a_viewer(client, vera, name, path):
    if any(re.match(one, path) for one in (r"^api/", r"^admin/", r"^promises$", r"^readyz$", r"^status/")):
        return
    client.raise_request_exception = False
    client.force_login(vera)

    assert client.get(_filled(path)).status_code < 500


def test_every_page_that_names_a_row_says_whether_it_is_about_an_incident():
    """`test_matrix.py` walks those that are, for every role, public and private, inside and outside."""
    found = {
        name: path
        for name, path in _pages()
        if re.search(r"<|\(\?P", path) and not path.startswith(("api/", "admin/", "accounts/logout"))
    }
    about, elsewhere = set(RIGHTS["incident_pages"]), set(RIGHTS["elsewhere"]["names"])
    by_number = {name for name, path in found.items() if "<int:number>" in path}

    assert by_number <= about, f"[incident_pages] needs a line for {by_number - about}"
    unsaid = {name for name in found if ":" in name and "<" not in name} - about - elsewhere
    assert not unsaid, f"[incident_pages] or [elsewhere] needs a line for {unsaid}"
    assert not (gone := about - set(found)), f"{gone} is gone"
