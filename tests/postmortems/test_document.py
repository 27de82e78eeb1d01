"""The document's Markdown: the template byte for byte, and back without losing a word."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.refusal import Invalid
from postmortems import document
from postmortems.document import Action, Document, Row

SAMPLE = (Path(__file__).parent / "sample.md").read_text(encoding="utf-8")
OUTAGE = Document(
    title="Checkout errors after deploy",
    day=date(2024, 1, 22),
    duration=timedelta(minutes=25),
    severity="SEV1",
    authors=["@alice"],
    rows=[
        Row("14:00", "Alert fired for elevated error rate"),
        Row("14:03", "On-call acknowledged"),
        Row("14:15", "Root cause identified (bad deploy)"),
        Row("14:20", "Rollback initiated"),
        Row("14:25", "Service restored"),
    ],
    users_affected="~5,000",
    went_well=["Detection was fast (3 min from alert to ack)", "Runbook was accurate"],
    went_poorly=["No canary deployment caught this", "Alert was too noisy, delayed response"],
    actions=[
        Action("Add canary deployment step", "@alice", date(2024, 2, 1)),
        Action("Tune alert threshold", "@bob", date(2024, 1, 25)),
    ],
)


def test_the_sample_outage_is_written_byte_for_byte():
    assert document.to_markdown(OUTAGE) == SAMPLE


def test_the_sample_is_read_back_to_the_same_document():
    assert document.from_markdown(SAMPLE) == OUTAGE


def test_an_empty_document_asks_for_everything_and_reads_back_empty():
    text = document.to_markdown(Document(title="Nothing yet"))

    assert "[Describe the technical root cause]" in text
    assert "**Duration:** not over yet" in text
    assert document.from_markdown(text) == Document(title="Nothing yet")


def test_longer_outages_are_written_in_hours_and_in_minutes():
    text = document.to_markdown(replace(OUTAGE, duration=timedelta(minutes=84)))

    assert "**Duration:** 1 hour 24 min\n" in text
    assert "- Duration: 84 minutes\n" in text


def test_windows_line_ends_are_read():
    assert document.from_markdown(SAMPLE.replace("\n", "\r\n")) == OUTAGE


def test_a_heading_inside_a_text_is_no_heading_of_the_document():
    written = replace(OUTAGE, root_cause="First:\n## Summary\n\\## more\n### deeper")
    assert document.from_markdown(document.to_markdown(written)) == written


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# A page", "first line"),
        ("", "first line"),
        (SAMPLE.replace("## Impact", "## Effects"), "“Effects” is no heading"),
        (SAMPLE + "\n## Summary\nagain", "twice"),
        (SAMPLE.replace("| 14:03 |", "| 25:03 |"), "“25:03” is no time"),
        (SAMPLE.replace("2024-02-01", "soon"), "“soon” is no date"),
        (SAMPLE.replace("| @bob | 2024-01-25 |", "| @bob |"), "needs 3 cells"),
        ("x" * 200_001, "longer than"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(Invalid, match=sentence):
        document.from_markdown(text)


# Printable text of a line; outer and doubled blanks are tidied by design.
LINE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40).filter(
    lambda text: text not in document._ASKED and text != "–"
)
PIECES = LINE | st.sampled_from(["## Summary", "\\## x", "| a | b |", "- b"])
PROSE = st.lists(PIECES, max_size=4).map("\n".join)


@given(
    summary=PROSE,
    cause=PROSE,
    points=st.lists(LINE, max_size=4),
    words=st.lists(LINE, max_size=4),
    titles=st.lists(LINE, max_size=3),
)
def test_whatever_people_write_comes_back(summary, cause, points, words, titles):
    written = replace(
        OUTAGE,
        summary=summary,
        root_cause=cause,
        contributing_factors=points,
        rows=[Row("09:05", word) for word in words],
        actions=[Action(title, "@alice", date(2024, 2, 1)) for title in titles],
    )
    assert document.from_markdown(document.to_markdown(written)) == written
