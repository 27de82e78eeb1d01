"""A table as a file, CSV or JSON, streamed, for both doors."""

import json
from collections.abc import Iterator

from django.http import StreamingHttpResponse

from accounts.models import User
from lib import sheets
from metrics import tables
from metrics.selection import Selection
from metrics.tables import Table

FORMS = ("csv", "json")


def answer(table: Table, form: str) -> StreamingHttpResponse:
    """The download; ``form`` is one of `FORMS`."""
    if form == "json":
        body, kind = _json(table), "application/json"
    else:
        body, kind = sheets.lines(table.columns, table.rows), "text/csv; charset=utf-8"
    head = {"Content-Disposition": f'attachment; filename="{table.name}.{form}"'}
    return StreamingHttpResponse(body, content_type=kind, headers=head)


def csv_answer(selection: Selection, *, reader: User) -> StreamingHttpResponse:
    """The incidents as CSV."""
    return answer(tables.read("incidents", tables.Asked(selection, reader)), "csv")


def _json(table: Table) -> Iterator[str]:
    """``{"table", "columns", "rows": [{column: value}]}``, one row a line."""
    yield f'{{"table": {json.dumps(table.name)}, "columns": {json.dumps(table.columns)}, "rows": ['
    for place, row in enumerate(table.rows):
        told = json.dumps(dict(zip(table.columns, row, strict=True)), ensure_ascii=False)
        yield f",\n{told}" if place else f"\n{told}"
    yield "\n]}\n"
