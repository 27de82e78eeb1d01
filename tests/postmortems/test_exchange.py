"""The document comes in as Markdown and leaves as Markdown and HTML."""

from datetime import date
from pathlib import Path

import pytest

from accounts import actors
from lib.refusal import Invalid
from postmortems import exchange, writing
from postmortems.models import Postmortem

SAMPLE = (Path(__file__).parent / "sample.md").read_text(encoding="utf-8")


def test_the_sample_is_taken_in_and_leaves_again_the_same(opened, alice, bob):
    postmortem = opened()
    done = exchange.from_markdown(postmortem.pk, actor=actors.person(alice), text=SAMPLE)

    text = exchange.to_markdown(Postmortem.objects.get(pk=postmortem.pk))
    assert text == SAMPLE.replace("Checkout errors after deploy", "Elevated error rate")
    assert len(done.notes) == 1 and "title" in done.notes[0]
    assert [(one.title, one.owner, one.due) for one in postmortem.actions.all()] == [
        ("Add canary deployment step", alice, date(2024, 2, 1)),
        ("Tune alert threshold", bob, date(2024, 1, 25)),
    ]


def test_taking_in_twice_doubles_nothing_and_keeps_rows_tied_to_their_events(opened, alice, bob):
    postmortem = opened()
    events = [row.event_number for row in postmortem.rows.all()]
    for _ in range(2):
        exchange.from_markdown(postmortem.pk, actor=actors.person(alice), text=SAMPLE)

    assert postmortem.actions.count() == 2
    assert [row.event_number for row in postmortem.rows.all()] == events


def test_people_who_are_not_here_are_named_in_a_note(opened, alice):
    postmortem = opened()
    done = exchange.from_markdown(postmortem.pk, actor=actors.person(alice), text=SAMPLE)
    assert any("@bob" in note for note in done.notes)
    assert postmortem.actions.get(title="Tune alert threshold").owner is None


def test_a_table_past_midnight_goes_on_the_next_day(opened, alice):
    postmortem = opened()
    text = SAMPLE.replace("| 14:25 | Service restored |", "| 00:10 | Service restored |")
    exchange.from_markdown(postmortem.pk, actor=actors.person(alice), text=text)

    last = postmortem.rows.last()
    assert f"{last.at.astimezone(postmortem.zone):%Y-%m-%d %H:%M}" == "2024-01-23 00:10"


def test_a_document_that_cannot_be_read_changes_nothing(opened, alice):
    postmortem = opened()
    with pytest.raises(Invalid):
        exchange.from_markdown(
            postmortem.pk, actor=actors.person(alice), text=SAMPLE.replace("14:20", "24:20")
        )
    postmortem.refresh_from_db()
    assert postmortem.went_well == ""


def test_html_runs_no_script_of_anybody(opened, alice):
    postmortem = opened()
    writing.save_section(
        postmortem.pk,
        actor=actors.person(alice),
        section="root_cause",
        text="<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>",
    )
    html = exchange.to_html(Postmortem.objects.get())
    assert "<script" not in html and "<img" not in html and 'href="javascript' not in html


def test_a_bar_in_a_title_breaks_no_table(opened, alice):
    from postmortems import actions

    postmortem = opened()
    actions.create(postmortem.pk, actor=actors.person(alice), title="Allow a|b in names")
    assert "| Allow a\\|b in names | – | – |" in exchange.to_markdown(postmortem)
