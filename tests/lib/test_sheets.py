"""Cells that a spreadsheet shows and never runs, whatever stands in them."""

import csv

from hypothesis import given
from hypothesis import strategies as st

from lib import sheets

CELL = st.one_of(
    st.none(), st.integers(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
)


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=5))
def test_no_text_begins_a_formula_and_none_is_lost(rows):
    read = list(csv.reader("".join(sheets.lines(["a", "b"], rows)).splitlines(keepends=True)))
    assert read[0] == ["a", "b"]
    for row in rows:
        for cell in row:
            told = sheets.harmless(cell)
            if isinstance(cell, str):
                assert told.removeprefix("'") == cell.removeprefix("'") or told == cell
                assert not told.lstrip(" ").startswith(
                    ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
                )


def test_a_negative_number_of_ours_stays_one():
    assert "".join(sheets.lines(["a", "b"], [[-0.5, "-0.5"]])) == "a,b\r\n-0.5,'-0.5\r\n"
