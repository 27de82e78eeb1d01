"""Markdown of people: what it may become, and what it never becomes."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.markdown import MAX_CHARS, render


def test_the_usual_things_are_shown():
    html = render("# Title\n\n**bold** `code`\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")

    for piece in (
        "<h3>Title</h3>",
        "<strong>bold</strong>",
        "<code>code</code>",
        "<li>one</li>",
        "<td>1</td>",
    ):
        assert piece in html


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://tracker.example/pixel.png)",
        "<svg/onload=alert(1)>",
        "[x](vbscript:msgbox)",
        '<a href="https://x" onclick="alert(1)">x</a>',
        "<style>body{display:none}</style>",
        "<iframe src=https://x></iframe>",
    ],
)
def test_nothing_runs_and_nothing_loads(evil):
    html = render(evil)

    for piece in (
        "<script",
        "<img",
        "<svg",
        "<style",
        "<iframe",
        'href="javascript',
        'href="data',
        'href="vbscript',
    ):
        assert piece not in html.lower()
    assert "<a href" not in html or "onclick=" not in html.split("<a href")[1].split(">")[0]


def test_links_pass_nothing_on():
    assert 'rel="noopener noreferrer nofollow"' in render("[x](https://example.com)")


@pytest.mark.parametrize(
    "bomb",
    [
        ">" * 50_000,
        "[" * 50_000,
        "*a " * 50_000,
        "`" * 50_000,
        "- " * 50_000,
        "![" * 30_000,
        "\n> - " * 20_000,
    ],
)
def test_a_bomb_costs_less_than_two_seconds_of_a_core(bomb):
    # Of this thread alone: a server of another test may still be working in this process.
    began = time.thread_time()
    render(bomb)
    assert time.thread_time() - began < 2


def test_a_text_without_end_is_shortened():
    assert "(shortened)" in render("a " * MAX_CHARS)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_becomes_html_without_scripts(text):
    assert "<script" not in render(text)
