"""Our PDF, read by somebody else's library."""

import io

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.pdf import Paper


def read(paper):
    return pypdf.PdfReader(io.BytesIO(paper.done()), strict=True)


def text_of(*paragraphs):
    paper = Paper("Title")
    for one in paragraphs:
        paper.paragraph(one)
    return "\n".join(page.extract_text().removesuffix("1 / 1") for page in read(paper).pages)


@pytest.mark.parametrize(
    "words",
    [
        "Checkout fails (503) \\ “quoted” – 25 %",
        "Größe, café, Łódź",
        "Оплата не проходит",
        "Ελληνικά",
        "数据库ですか",
        "한국어",
    ],
)
def test_letters_come_out_as_they_went_in(words):
    assert text_of(words).strip() == words


def test_what_no_font_holds_is_shown_as_missing():
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    assert text_of(f"fire \N{FIRE} family {family}").strip() == "fire \ufffd family \ufffd\ufffd\ufffd"
    assert text_of("سلام").strip() == "\ufffd" * 4


def test_long_words_and_long_tables_are_broken():
    paper = Paper("Title", foot="INC-1")
    paper.heading("Head", 1)
    paper.points(["x" * 500])
    paper.table(
        [("Time", "Event"), *((f"14:{i:02}", "Something happened " * 20) for i in range(60))], (0.2, 0.8)
    )
    pages = read(paper).pages

    assert len(pages) > 3
    assert "".join(page.extract_text() for page in pages).count("x") == 500
    assert f"INC-1 1 / {len(pages)}" in " ".join(pages[0].extract_text().split())


def test_an_empty_document_is_one_page():
    paper = Paper("Оплата")
    assert len(read(paper).pages) == 1
    assert read(paper).metadata.title == "Оплата"


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_makes_a_readable_file(text):
    paper = Paper(text)
    paper.heading(text)
    paper.table([(text, text)], (0.1, 0.9))
    assert len(read(paper).pages) >= 1
