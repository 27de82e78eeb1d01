"""Every operation of the schema under generated requests of an admin: no 5xx, nothing undocumented."""

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts import tokens
from config import api_docs

pytestmark = [pytest.mark.schema, pytest.mark.django_db]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


SCHEMA = schemathesis.openapi.from_dict(api_docs.schema())
SCHEMA.app = get_wsgi_application()
OPERATIONS = [
    (path, method.upper()) for path, methods in api_docs.schema()["paths"].items() for method in methods
]


@pytest.fixture
def token(root):
    return tokens.issue(root, name="fuzz", scope="admin")[1]


@pytest.fixture(autouse=True)
def _one_connection():
    """A real request closes the database at its end; here it would close the test's own transaction."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


class _Undo(Exception):
    """Ends an example; what it did is rolled back."""


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda value: str(value))
def test_no_request_breaks_an_operation(token, path, method):
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=SCHEMA[path][method].as_strategy())
    def walk(case):
        with pytest.raises(_Undo), transaction.atomic():
            case.call_and_validate(
                base_url="http://testserver", headers={"Authorization": f"Bearer {token}"}, checks=CHECKS
            )
            raise _Undo

    walk()
