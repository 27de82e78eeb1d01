"""Bars and badge."""

from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from statuspage import drawing
from statuspage.kinds import ComponentStatus
from statuspage.uptime import Span
from tests.statuspage.sample import AT, EVIL, component, snapshot


@pytest.mark.parametrize(
    ("share", "words"),
    [(None, "–"), (100.0, "100 %"), (99.999, "99.99 %"), (99.93, "99.93 %"), (0.0, "0.00 %")],
)
def test_a_share_is_never_rounded_up(share, words):
    assert drawing.per_cent(share) == words


def test_there_is_a_bar_for_each_day_and_trouble_is_higher():
    pay = component("c", "Checkout", spans=[Span(AT - timedelta(hours=1), AT, ComponentStatus.MAJOR_OUTAGE)])
    svg = ET.fromstring(drawing.bars(pay.name, pay.days, pay.uptime))
    paths = {path.get("class"): path.get("d") for path in svg}
    assert paths["up"].count("M") == 89
    assert paths["f1"] == "M623 32v-32h5v32z"
    assert svg.get("aria-label") == "Checkout: 1 of 90 days with trouble, 99.95 % up"


def test_a_day_before_the_component_existed_has_no_bar():
    from datetime import date

    from statuspage import uptime

    days = uptime.days([], at=AT, zone=snapshot().page.zone, start_date=date(2026, 11, 20))
    assert str(drawing.bars("New", days, 100.0)).count("M") == 4


def test_the_badge_says_the_state_and_nothing_breaks_out_of_it():
    shot = snapshot(page=replace(snapshot().page, name=EVIL))
    root = ET.fromstring(drawing.badge(shot))
    assert root.get("aria-label") == f"{EVIL}: Major Service Outage"
    assert b"<script" not in drawing.badge(shot)
