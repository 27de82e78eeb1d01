"""Drawings: well-formed, described, and coloured by the style sheet alone."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from metrics import charts
from metrics.charts import Bar, Dot

CLASSES = {
    "chart",
    "wide",
    "spark",
    "ln",
    "bd",
    "dt",
    "pt",
    "ax",
    "ax0",
    "em",
    "dash",
    "f1",
    "f2",
    "f3",
    "f4",
}


def read(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)


def dot(label: str, value: float | None, low=None, high=None) -> Dot:
    return Dot(label, value, low, high, 0 if value is None else 5, f"{label}: {value}")


def line(dots) -> str:
    return charts.trend_line(dots, key="t", title="Title", description="Description", unit=60)


@pytest.mark.parametrize(
    "drawing",
    [
        charts.sparkline([60, None, 30], "MTTD"),
        line([dot("Jan", 600, 300, 900), dot("Feb", None), dot("Mar", 300, 200, 400)]),
        charts.bars([Bar("1 Jan", (1, 0, 2, 0), "words")], key="b", title="T", description="D"),
    ],
)
def test_a_drawing_is_well_formed_and_uses_only_classes(drawing):
    root = read(drawing)
    css = (Path(settings.BASE_DIR) / "static/css/app.css").read_text()

    assert not re.search(r"style=|fill=|stroke=|on\w+=|<script", drawing)
    used = {name for node in root.iter() for name in node.get("class", "").split()}
    assert used <= CLASSES
    assert all(re.search(rf"\.{name}\b", css) for name in used)


def test_a_trend_says_in_words_what_it_draws():
    root = read(line([dot("Jan", 600), dot("Feb", 300)]))

    assert root.get("aria-labelledby") == "t-t t-d"
    assert [root.find("title").text, root.find("desc").text] == ["Title", "Description"]
    assert [group.find("title").text for group in root.iter("g")] == ["Jan: 600", "Feb: 300"]


def test_words_of_people_are_escaped():
    drawing = charts.bars([Bar("<b>", (1, 0, 0, 0), "a & b")], key="b", title="<i>", description="")

    assert "<b>" not in drawing and "&lt;i&gt;" in drawing


def test_a_longer_span_is_drawn_higher():
    circles = list(read(line([dot("Jan", 600), dot("Feb", 300)])).iter("circle"))

    assert float(circles[0].get("cy")) < float(circles[1].get("cy"))


def test_the_band_is_not_drawn_across_a_hole():
    whole = line([dot("a", 60, 30, 90), dot("b", 60, 30, 90), dot("c", 60, 30, 90), dot("d", 60, 30, 90)])
    holed = line([dot("a", 60, 30, 90), dot("b", 60, 30, 90), dot("c", None), dot("d", 60, 30, 90)])

    bands = [node.get("d") for node in read(whole).iter("path") if node.get("class") == "bd"]
    shorter = [node.get("d") for node in read(holed).iter("path") if node.get("class") == "bd"]
    assert [band.count("L") for band in bands + shorter] == [7, 3]


def blocks_of(levels) -> list[ElementTree.Element]:
    drawing = charts.bars([Bar("w", levels, "")], key="b", title="", description="")
    return list(read(drawing).iter("rect"))


def test_each_incident_is_a_block_of_its_severity_and_the_worst_lies_at_the_bottom():
    blocks = list(
        read(charts.bars([Bar("w", (1, 2, 0, 1), "")], key="b", title="", description="")).iter("rect")
    )

    assert [block.get("class") for block in blocks] == ["f1", "f2", "f2", "f4"]
    heights = [float(block.get("y")) for block in blocks]
    assert heights == sorted(heights, reverse=True)


def test_many_incidents_become_one_area_each():
    blocks = list(
        read(charts.bars([Bar("w", (0, 40, 60, 0), "")], key="b", title="", description="")).iter("rect")
    )

    assert [block.get("class") for block in blocks] == ["f2", "f3"]


def test_an_empty_sparkline_draws_nothing():
    assert charts.sparkline([None, None], "x") == ""


@given(st.floats(1e-3, 1e9))
def test_ticks_are_few_start_at_nothing_and_reach_the_top(highest):
    steps = charts.ticks(highest)

    assert steps[0] == 0
    assert steps[-1] >= highest * 0.999
    assert 2 <= len(steps) <= 7


@given(st.integers(0, 100_000))
def test_ticks_of_counts_are_whole(highest):
    assert all(step == int(step) for step in charts.ticks(highest, whole=True))


@given(st.integers(0, 400))
def test_labels_never_lie_over_one_another(count):
    columns = [Bar("31 Aug", (1, 0, 0, 0), "") for _ in range(count)]
    places = [
        float(text.get("x"))
        for text in read(charts.bars(columns, key="b", title="", description="")).iter("text")
        if text.get("text-anchor") == "middle"
    ]

    assert all(later - earlier >= 42 for earlier, later in pairwise(places))
