"""The pages: what they show, what they refuse, and that nothing is lost without JavaScript."""

import re
from datetime import date

import pytest
from django.urls import reverse

from accounts import actors
from postmortems import actions, tagging, writing
from postmortems.models import ActionItem, Postmortem

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def page(client, alice):
    """Alice's browser."""
    client.force_login(alice)
    return client


def url(name: str, *args) -> str:
    return reverse(name, args=args)


def test_the_editor_shows_the_two_sentences_every_heading_and_the_conditions(opened, page):
    html = page.get(opened().get_absolute_url()).content.decode()

    assert "People make mistakes. The system allowed the mistake to have impact. Fix the system." in html
    assert "We fix the conditions that made the mistake possible." in html
    for heading in ("Summary", "Timeline", "Root Cause", "Contributing Factors", "Impact", "Action Items"):
        assert f">{heading}</h2>" in html
    assert "Found by" in html and "Root cause identified (bad deploy)" in html


def test_autosave_answers_with_the_margin_and_the_next_version(opened, page):
    postmortem = opened()
    answer = page.post(
        url("postmortems:section", postmortem.pk, "root_cause"),
        {"text": "Bob should have looked.", "base": 0},
        **HTMX,
    )
    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'name="base" value="1"' in html and "saved" in html and "<mark>" in html
    assert Postmortem.objects.get().root_cause == "Bob should have looked."


def test_words_that_somebody_keeps_are_marked_no_more_in_that_section(opened, page, client):
    postmortem = opened()
    sent = {"text": "Bob should have looked.", "base": 0}
    keep = url("postmortems:keep", postmortem.pk, "root_cause")
    before = page.post(url("postmortems:section", postmortem.pk, "root_cause"), sent, **HTMX)
    mark = re.search(r'name="words" value="([^"]+)"', before.content.decode())[1]
    assert page.post(keep, {"words": mark}, **HTMX).content == b""
    assert page.post(keep, {"words": mark}).status_code == 302

    html = page.get(postmortem.get_absolute_url()).content.decode()
    assert f"<mark>{mark}</mark>" not in html
    page.post(url("postmortems:section", postmortem.pk, "went_poorly"), sent)
    assert f"<mark>{mark}</mark>" in page.get(postmortem.get_absolute_url()).content.decode()


def test_without_javascript_a_save_leads_back_to_the_section(opened, page):
    postmortem = opened()
    answer = page.post(url("postmortems:section", postmortem.pk, "summary"), {"text": "It broke.", "base": 0})
    assert answer.status_code == 302 and answer.url.endswith("#s-summary")


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_conflict_shows_both_texts_with_and_without_javascript(opened, page, bob, headers):
    postmortem = opened()
    writing.save_section(postmortem.pk, actor=actors.person(bob), section="summary", text="His words", base=0)
    address = url("postmortems:section", postmortem.pk, "summary")

    answer = page.post(address, {"text": "My words", "base": 0}, **headers)

    html = answer.content.decode()
    assert answer.status_code == (200 if headers else 409)
    assert "His words" in html and "Bob saved this section" in html
    # The box keeps what was typed (htmx leaves it alone), and the next save still names the old version.
    assert headers or "\nMy words</textarea>" in html
    # Side by side: theirs, and what was kept of mine.
    assert html.count('<blockquote class="bar prose">') == 2
    assert 'name="base" value="0"' in html

    mine = postmortem.revisions.get(number=None)
    page.post(url("postmortems:settle", postmortem.pk, "summary"), {"how": "both", "mine": mine.pk})
    assert Postmortem.objects.get().summary == "His words\n\nMy words"


def test_the_picker_saves_words_and_own_rows_in_the_teams_time(opened, page):
    postmortem = opened()
    row = postmortem.rows.first()
    key = f"event-{row.event_number}"
    answer = page.post(
        url("postmortems:picker", postmortem.pk),
        {
            "base": 0,
            "key": [key, "new-1"],
            f"shown-{key}": "on",
            f"words-{key}": "Error rate rose",
            "at-new-1": "2024-01-22T13:58",
            "words-new-1": "Deploy of v42",
            "shown-new-1": "on",
        },
    )
    assert answer.status_code == 302
    assert [(one.clock, one.words) for one in postmortem.rows.all()] == [
        ("13:58", "Deploy of v42"),
        ("14:00", "Error rate rose"),
    ]


def test_the_picker_refuses_a_row_without_a_time_and_changes_nothing(opened, page):
    postmortem = opened()
    before = [row.words for row in postmortem.rows.all()]
    answer = page.post(
        url("postmortems:picker", postmortem.pk), {"base": 0, "key": ["new-1"], "words-new-1": "Deploy"}
    )
    assert answer.status_code == 422 and b"Give the row a time" in answer.content
    assert [row.words for row in postmortem.rows.all()] == before


def test_an_action_is_added_moved_and_edited(opened, page, alice):
    postmortem = opened()
    page.post(
        url("postmortems:add_action", postmortem.pk),
        {"title": "Add canary", "owner": alice.pk, "due": "2024-02-01", "kind": "prevent", "priority": 1},
    )
    action = ActionItem.objects.get()
    assert (action.owner, action.due, action.priority) == (alice, date(2024, 2, 1), 1)

    row = page.post(url("actions:move", action.pk) + "?part=row", {"status": "in_progress"}, **HTMX)
    assert b"In progress" in row.content
    shown = page.post(url("actions:detail", action.pk), {"title": "", "kind": "prevent", "priority": 1})
    assert shown.status_code == 422
    action.refresh_from_db()
    assert (action.status, action.title) == ("in_progress", "Add canary")


def test_an_action_in_bad_shape_is_refused_beside_its_form(opened, page):
    answer = page.post(
        url("postmortems:add_action", opened().pk), {"title": "", "kind": "prevent", "priority": 1}
    )
    assert answer.status_code == 422 and not ActionItem.objects.exists()


@pytest.mark.parametrize(
    "query", ["", "?view=board", "?owner=me", "?status=all&team=shop", "?owner=x&status=?"]
)
def test_the_board_and_the_list_show_late_actions(opened, page, alice, query):
    actions.create(
        opened().pk, actor=actors.person(alice), title="Add canary", owner_id=alice.pk, due=date(2024, 2, 1)
    )
    answer = page.get(url("actions:index") + query)
    assert answer.status_code == 200
    assert b"Add canary" in answer.content and b"days late" in answer.content


@pytest.mark.parametrize("query", ["", "?q=elevated", "?status=draft&service=checkout&severity=SEV1"])
def test_the_library_finds_a_document(opened, page, query):
    opened()
    assert b"Elevated error rate" in page.get(url("postmortems:index") + query).content


def test_the_library_finds_words_in_sections_title_actions_and_tags_by_the_index(opened, page, alice):
    postmortem = opened()
    actor = actors.person(alice)
    writing.save_section(postmortem.pk, actor=actor, section="went_well", text="The Café zebra was calm.")
    actions.create(postmortem.pk, actor=actor, title="Add canary", owner_id=alice.pk, due=date(2024, 2, 1))
    tagging.set_tags(postmortem.pk, actor=actor, tags={"cause": ["config"]})
    for asked in ("zebra", "ZEB", "cafe", "zebra elevated", "canary zebra", "config"):
        assert b"Nothing fits" not in page.get(url("postmortems:index"), {"q": asked}).content, asked
    for asked in ("zebra unicorn", "%", "ebra"):
        assert b"Nothing fits" in page.get(url("postmortems:index"), {"q": asked}).content, asked


def test_the_librarys_search_finds_no_private_document(opened, client, root, page):
    opened(is_private=True)
    assert b"Elevated error rate" in page.get(url("postmortems:index") + "?q=elevated").content
    client.force_login(root)
    assert b"Nothing fits" in client.get(url("postmortems:index") + "?q=elevated").content


def test_the_library_says_when_nothing_fits(opened, page):
    opened()
    assert b"Nothing fits" in page.get(url("postmortems:index") + "?q=unicorn").content


PAGES = ["detail", "picker", "history", "preview", "export_md", "export_html", "import", "public"]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_a_document_opens(opened, page, name):
    assert page.get(url(f"postmortems:{name}", opened().pk)).status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_a_private_document_is_a_404_to_others_admins_included(opened, client, root, name):
    postmortem = opened(is_private=True)
    client.force_login(root)
    assert client.get(url(f"postmortems:{name}", postmortem.pk)).status_code == 404


def test_private_documents_and_actions_leave_no_trace_in_any_list(opened, client, alice, bob):
    postmortem = opened(is_private=True)
    actions.create(postmortem.pk, actor=actors.person(alice), title="Rotate key", due=date(2024, 1, 23))
    client.force_login(bob)
    for address in ("postmortems:index", "actions:index", "postmortems:now"):
        html = client.get(url(address)).content.decode()
        assert "Elevated" not in html and "Rotate" not in html
    assert client.get(url("postmortems:panel", postmortem.incident.number)).status_code == 404


def test_the_panel_opens_a_document_by_hand_and_waives_one(outage, drain, client, mona):
    client.force_login(mona)
    small = outage(severity="SEV3")
    assert b"Open a postmortem" in client.get(url("postmortems:panel", small.number), **HTMX).content
    client.post(url("postmortems:open", small.number))
    assert Postmortem.objects.filter(incident=small).exists()

    big = outage()
    empty = client.post(url("postmortems:waive", big.number), {"reason": ""}, **HTMX)
    assert empty.status_code == 422
    done = client.post(url("postmortems:waive", big.number), {"reason": "Same as before"}, **HTMX)
    assert b"Waived" in done.content


def test_a_viewer_reads_but_finds_no_form_to_write(opened, client, vera):
    postmortem = opened()
    client.force_login(vera)
    html = client.get(postmortem.get_absolute_url()).content.decode()
    assert "<textarea" not in html and "Publish internally" not in html
    refused = client.post(
        url("postmortems:section", postmortem.pk, "summary"), {"text": "x", "base": 0}, **HTMX
    )
    assert refused.status_code == 422 and Postmortem.objects.get().summary == ""


def test_nobody_without_sign_in(opened, client):
    assert client.get(opened().get_absolute_url()).status_code == 302


def test_publishing_and_restoring_work_with_plain_forms(opened, page, alice):
    postmortem = opened()
    writing.save_section(
        postmortem.pk, actor=actors.person(alice), section="summary", text="It broke for everybody."
    )
    revision = postmortem.revisions.get(section="summary")
    writing.save_section(postmortem.pk, actor=actors.person(alice), section="summary", text="")
    page.post(url("postmortems:restore", postmortem.pk, revision.pk))
    page.post(url("postmortems:publish", postmortem.pk), {"visibility": "internal"})

    postmortem.refresh_from_db()
    assert postmortem.is_published


def test_every_response_keeps_the_strict_content_security_policy(opened, page):
    answer = page.get(opened().get_absolute_url())
    html = answer.content.decode()
    assert "style=" not in html and "onclick" not in html and "<script>" not in html


def test_the_document_says_who_else_has_it_open_and_nobody_outside_hears(opened, page, alice, bob):
    from incidents import presence
    from incidents.models import RoomVisit

    postmortem = opened()
    address = url("postmortems:here", postmortem.pk)
    assert address in page.get(postmortem.get_absolute_url()).content.decode()
    assert page.get(address, {"known": ""}).status_code == 204

    presence.enter(postmortem.incident, bob, RoomVisit.Page.POSTMORTEM)
    said = page.get(address, {"known": ""}).content.decode()
    assert "Bob" in said and "is here" in said and address in said
    assert page.get(address, {"known": str(bob.pk)}).status_code == 204


def test_a_private_document_tells_nobody_else_who_is_here(opened, client, bob):
    client.force_login(bob)
    assert client.get(url("postmortems:here", opened(is_private=True).pk)).status_code == 404


def test_the_rooms_next_step_leads_to_the_document_or_to_where_it_is_opened(opened, page):
    postmortem = opened()
    number = postmortem.incident.number

    assert page.get(url("postmortems:of", number))["Location"] == postmortem.get_absolute_url()
    postmortem.delete()
    assert page.get(url("postmortems:of", number))["Location"] == url("postmortems:panel", number)


def test_who_waits_for_the_document_is_told_when_it_is_there(outage, drain, client, mona):
    client.force_login(mona)
    row = outage(severity="SEV3")
    address = url("postmortems:panel", row.number) + "?waits=1"

    assert client.get(address, **HTMX).status_code == 204
    client.post(url("postmortems:open", row.number))
    assert b"Write it" in client.get(address, **HTMX).content
