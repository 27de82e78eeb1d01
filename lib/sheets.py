"""Tables for spreadsheets: CSV whose cells are shown and never run."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

# What a spreadsheet would take for the beginning of a formula, wide forms too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def lines(head: Sequence[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """The head, then the rows, one line at a time; None is an empty cell."""
    writer = csv.writer(_Echo())
    yield writer.writerow(head)
    for row in rows:
        yield writer.writerow([harmless(cell) for cell in row])


def harmless(cell: Any) -> str:
    """The cell as text that is shown and never run: an apostrophe before whatever looks like a formula.

    Numbers of ours stay numbers, negative ones too.
    """
    if cell is None:
        return ""
    text = str(cell)
    if isinstance(cell, int | float):
        return text
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
