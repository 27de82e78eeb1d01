"""The template words."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.template import Context, Template
from django.utils import timezone

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def show(source, **context):
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(minutes=-3), "3 min ago"),
        (timedelta(hours=2), "in 2 h"),
    ],
)
def test_times_are_relative_with_the_exact_one_on_hover(gap, text):
    with time_machine.travel(NOON, tick=False), timezone.override("Europe/Berlin"):
        html = show("{{ when|ago }}", when=NOON + gap)
    assert f">{text}</time>" in html
    assert "UTC)" in html
    assert "CET" in html


def test_a_moment_is_a_clock_today_and_a_date_otherwise():
    with time_machine.travel(NOON, tick=False), timezone.override("Europe/Berlin"):
        assert ">13:00</time>" in show("{% moment when %}", when=NOON)
        assert ">20 Nov 2026, 13:00</time>" in show("{% moment when %}", when=NOON - timedelta(days=3))
        assert ">Sun 13:00</time>" in show("{% moment when %}", when=NOON + timedelta(days=6))
        assert ">30 Nov 2026, 13:00</time>" in show("{% moment when %}", when=NOON + timedelta(days=7))
        assert show("{% moment when %}", when=None) == "–"


def test_a_severity_is_a_word_strokes_and_a_class():
    html = show("{{ sev|sevmark }}", sev=SimpleNamespace(rank=2, name="SEV2"))
    assert 'class="sev s2"' in html
    assert "#toll-2" in html
    assert "SEV2" in html
    assert "s4" in show("{{ sev|sevmark }}", sev=SimpleNamespace(rank=6, name="SEV6"))
    assert "No severity" in show("{{ sev|sevmark }}", sev=None)


def test_names_are_escaped_everywhere():
    evil = '"><script>'
    assert "<script>" not in show("{{ sev|sevmark }}", sev=SimpleNamespace(rank=1, name=evil))
    assert "<script>" not in show("{% initials user %}", user=evil)
    assert "<script>" not in show("{% icon name %}", name=evil)


def test_initials_are_two_letters_at_most():
    assert ">MO<" in show("{% initials user %}", user="Mira Okonkwo")
    assert ">AE<" in show("{% initials user %}", user="admin@example.com")
    assert ">?<" in show("{% initials user %}", user="")


def test_an_icon_is_decoration_unless_it_is_named():
    assert 'aria-hidden="true"' in show('{% icon "bell" %}')
    assert 'aria-label="Alarm"' in show('{% icon "bell" "Alarm" %}')
