"""The schema: committed, true to the code, complete; its page; and answers that are the same everywhere."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from config import api_docs

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.yaml"
pytestmark = pytest.mark.django_db


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the bounds of numbers are those of the database it is drawn on"
)
def test_the_committed_schema_is_the_schema_of_the_code():
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)

    assert COMMITTED.read_text(encoding="utf-8") == out.getvalue(), "run: make openapi"


def test_the_schema_is_openapi_3_1_and_open_to_everybody(client):
    answer = client.get("/api/schema/")

    assert answer.status_code == 200
    assert b"openapi: 3.1" in answer.content
    assert client.get("/api/schema/openapi.json").json()["openapi"].startswith("3.1")


def test_every_operation_says_what_it_does_and_how_it_refuses():
    for path, methods in api_docs.schema()["paths"].items():
        for method, operation in methods.items():
            assert {"400", "401", "403", "429"} <= set(operation["responses"]), path
            assert operation.get("description"), f"{method.upper()} {path} has no description"
            keys = [one["name"] for one in operation.get("parameters", [])]
            assert ("Idempotency-Key" in keys) == (method == "post"), path


def test_the_docs_page_names_every_operation_without_any_script(client):
    answer = client.get("/api/docs/")
    page = answer.content.decode()

    assert answer.status_code == 200
    for path in api_docs.schema()["paths"]:
        assert path in page
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert " style=" not in page


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/nothing/", "/api/v2/incidents/", "/api/v1/users/987654/x/"]
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_every_unknown_address_is_a_404_as_problem_json(client, path, method):
    answer = getattr(client, method)(path)

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"


def test_the_root_names_every_list(client):
    assert "users" in client.get("/api/v1/").json()["lists"]


def test_lists_page_by_cursor_and_never_more_than_five_hundred(asks, alice):
    client = asks(alice)
    first = client.get("/api/v1/users/?page_size=1").json()

    assert set(first) == {"next", "previous", "results"}
    assert len(first["results"]) == 1
    assert client.get("/api/v1/users/?cursor=%00").status_code == 400
    assert client.get("/api/v1/users/?cursor=junk").status_code == 404
    assert client.get("/api/v1/users/?page_size=100000").status_code == 200


def test_a_wrong_method_a_wrong_type_and_a_wrong_accept_are_problems(asks, alice):
    client = asks(alice)
    for answer, status in [
        (client.put("/api/v1/users/", {}), 405),
        (client.get("/api/v1/users/", headers={"Accept": "text/html"}), 406),
        (client.get("/api/v1/users/987654321987654321/"), 404),
    ]:
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), (
            answer.content
        )
        assert json.loads(answer.content)["status"] == status
