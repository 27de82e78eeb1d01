"""The room on paper: complete, escaped, private where the room is, in every script."""

import io
import re

import pypdf
import pytest
from django.test import Client

from accounts import tokens
from accounts.actors import person
from catalog.models import Mitigation
from incidents import afteraction, lifecycle, mitigating, notes, roles, todos
from lib.markdown import render


@pytest.fixture
def told(opened, alice, bob, clock):
    incident = opened(
        actor=person(alice), title="Checkout | fails <b>", declare=True, source="customer_report"
    )
    roles.take(incident.pk, actor=person(alice), role_slug="incident_commander", brief="")
    roles.take(
        incident.pk, actor=person(alice), role_slug="technical_lead", user_id=bob.pk, brief="Pool is dry."
    )
    lifecycle.post_update(
        incident.pk, actor=person(alice), text="# Heading?\n| not | a row |\nОплата 数据 🔥"
    )
    rollback = Mitigation.objects.create(slug="rollback", name="Roll back | now")
    attempt = mitigating.start(incident.pk, actor=person(bob), mitigation_id=rollback.pk)
    mitigating.finish(incident.pk, actor=person(bob), attempt_id=attempt.pk, outcome="helped")
    todos.add(incident.pk, actor=person(alice), text="Rotate the key", owner_id=bob.pk)
    notes.add_note(incident.pk, actor=person(alice), text="password hunter2")
    event = incident.timeline.order_by("-number").first()
    notes.redact(incident.pk, actor=person(alice), event_number=event.number, reason="A secret")
    clock.shift(60)
    lifecycle.mitigate(incident.pk, actor=person(bob), text="Rolled back")
    incident.refresh_from_db()
    return incident


def test_markdown_holds_everything_and_no_word_becomes_markup(told):
    text = afteraction.to_markdown(afteraction.read(told))

    assert text.startswith(f"# {told.reference} Checkout \\| fails \\<b\\>\n")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == [
        *("Chairs", "Promises", "Updates", "Mitigations tried", "Tasks", "Alerts", "Timeline"),
    ]
    assert "| Technical Lead | Bob |" in text and "Pool is dry." in text
    assert "\\# Heading?<br>\\| not \\| a row \\|<br>Оплата 数据 🔥" in text
    assert "Rotate the key | Bob | open" in text
    assert "| Roll back \\| now | Bob |" in text and "| helped |" in text
    assert "Impact lasted | 1 min" in text
    assert "hunter2" not in text and "(redacted)" in text
    # Read as Markdown, every table keeps its columns.
    html = str(render(text))
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        widths = {
            row.count("<td") + row.count("<th") - row.count("<thead") for row in table.split("<tr>")[1:]
        }
        assert len(widths) == 1, table


def read_pdf(body):
    pages = pypdf.PdfReader(io.BytesIO(body)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def test_pdf_says_the_same(told):
    text = read_pdf(afteraction.file_of(told, "pdf").body)

    for words in ("Checkout | fails <b>", "Pool is dry.", "Rotate the key", "# Heading?", "Оплата 数据 �"):
        assert words in text
    assert "hunter2" not in text


def test_a_drill_and_a_private_one_say_so(opened, alice):
    drill = opened(actor=person(alice), is_drill=True)
    private = opened(actor=person(alice), is_private=True)

    assert afteraction.to_markdown(afteraction.read(drill)).startswith("# DRILL: ")
    assert "**Private: for the people of this incident only.**" in afteraction.to_markdown(
        afteraction.read(private)
    )
    assert "Private: for the people" in read_pdf(afteraction.file_of(private, "pdf").body)


@pytest.mark.parametrize("shape", ["md", "pdf"])
def test_both_doors_hand_it_out_to_those_who_may_see_it(opened, alice, bob, shape):
    shown = opened(actor=person(alice), title="Checkout fails")
    private = opened(actor=person(alice), title="Stolen laptop", is_private=True)
    browser = Client()
    browser.force_login(bob)
    bearer = {"Authorization": f"Bearer {tokens.issue(bob, name='t', scope='read')[1]}"}
    kind = afteraction.SHAPES[shape]

    for answer in (
        browser.get(f"/incidents/{shown.number}/document.{shape}"),
        Client().get(
            f"/api/v1/incidents/{shown.number}/document/?as={shape}", headers={**bearer, "Accept": kind}
        ),
    ):
        assert answer.status_code == 200
        assert answer["Content-Type"] == kind
        assert answer["Content-Disposition"] == f'attachment; filename="{shown.reference}.{shape}"'
    assert browser.get(f"/incidents/{private.number}/document.{shape}").status_code == 404
    hidden = Client().get(f"/api/v1/incidents/{private.number}/document/?as={shape}", headers=bearer)
    assert hidden.status_code == 404
    assert Client().get(f"/incidents/{shown.number}/document.{shape}").status_code == 302


def test_other_shapes_are_refused(client, opened, alice):
    incident = opened(actor=person(alice))
    client.force_login(alice)
    bearer = {"Authorization": f"Bearer {tokens.issue(alice, name='t', scope='read')[1]}"}

    assert client.get(f"/incidents/{incident.number}/document.docx").status_code == 404
    refused = client.get(f"/api/v1/incidents/{incident.number}/document/?as=docx", headers=bearer)
    assert refused.status_code in (400, 422)


def test_a_very_long_timeline_is_cut_and_says_so(opened, alice, monkeypatch):
    incident = opened(actor=person(alice))
    notes.add_note(incident.pk, actor=person(alice), text="Much later")
    monkeypatch.setattr(afteraction, "MAX_EVENTS", 1)

    text = afteraction.to_markdown(afteraction.read(incident))

    assert "Longer than 1 events; the rest stands in the room." in text
    assert "Much later" not in text
