"""Publishing, review and waiving: who may, what is recorded, what stays inside."""

import re

import pytest

from accounts import actors
from accounts.models import Role, User
from incidents import lifecycle
from lib.refusal import Forbidden, Invalid, Refused
from postmortems import projection, publishing, reviewing, writing


@pytest.fixture
def written(opened, alice):
    """A document with a summary, by Alice."""
    postmortem = opened()
    writing.save_section(
        postmortem.pk, actor=actors.person(alice), section="summary", text="A deploy broke checkout for Bob."
    )
    postmortem.refresh_from_db()
    return postmortem


def test_one_person_publishes_inside_and_it_is_marked_not_reviewed(written, alice):
    published = publishing.publish(written.pk, actor=actors.person(alice))

    assert (published.status, published.visibility, published.is_reviewed) == ("published", "internal", False)
    assert published.next_reminder_at is None
    event = published.incident.timeline.get(kind="postmortem_published")
    assert (event.text, event.data["is_public"], event.data["reviewed"]) == ("", False, False)


def test_the_incident_cannot_be_closed_before_and_can_after(written, alice):
    who = actors.person(alice)
    with pytest.raises(Refused, match="not published"):
        lifecycle.close(written.incident_id, actor=who)
    publishing.publish(written.pk, actor=who)
    assert lifecycle.close(written.incident_id, actor=who).status == "closed"


def test_an_empty_document_is_not_published(opened, alice):
    postmortem = opened()
    with pytest.raises(Refused, match="summary or the root cause"):
        publishing.publish(postmortem.pk, actor=actors.person(alice))
    assert not postmortem.incident.timeline.filter(kind="postmortem_published").exists()


def test_publishing_again_inside_adds_nothing_to_the_timeline(written, alice):
    for _ in range(2):
        publishing.publish(written.pk, actor=actors.person(alice))
    assert written.incident.timeline.filter(kind="postmortem_published").count() == 1


def test_a_public_one_needs_a_second_person(written, alice, mona):
    publishing.write_public(written.pk, actor=actors.person(alice), text="Checkout failed for 25 minutes.")
    with pytest.raises(Refused, match="Somebody else"):
        publishing.publish(written.pk, actor=actors.person(alice), visibility="public")

    published = publishing.publish(written.pk, actor=actors.person(mona), visibility="public")

    assert (published.is_public, published.public_by) == (True, mona)
    event = published.incident.timeline.get(kind="postmortem_published")
    assert event.text == "Checkout failed for 25 minutes."


def test_where_nobody_else_could_approve_one_person_is_enough(written, alice):
    assert not User.objects.filter(role__in=(Role.MANAGER, Role.ADMIN)).exists()
    publishing.write_public(written.pk, actor=actors.person(alice), text="Checkout failed.")
    published = publishing.publish(written.pk, actor=actors.person(alice), visibility="public")
    assert published.is_public


def test_publishing_outside_is_for_commander_comms_lead_or_manager(written, alice, bob):
    publishing.write_public(written.pk, actor=actors.person(alice), text="Checkout failed.")
    with pytest.raises(Forbidden):
        publishing.publish(written.pk, actor=actors.person(bob), visibility="public")


def test_without_a_public_text_nothing_becomes_public(written, mona):
    with pytest.raises(Refused, match="public text first"):
        publishing.publish(written.pk, actor=actors.person(mona), visibility="public")
    written.refresh_from_db()
    assert written.status == "draft"


def test_a_private_incident_has_no_public_postmortem(opened, alice):
    postmortem, who = opened(is_private=True), actors.person(alice)
    with pytest.raises(Refused, match="private"):
        publishing.write_public(postmortem.pk, actor=who, text="Checkout failed.")


def test_the_projection_names_no_person_and_no_money(written, alice, bob):
    writing.save_section(written.pk, actor=actors.person(alice), section="revenue_impact", text="~$900,000")
    written.refresh_from_db()

    text = projection.project(written)

    assert "Bob" not in text and "900,000" not in text
    assert "A deploy broke checkout for an engineer." in text
    assert "14:25 Service restored" in text


def test_only_picked_parts_leave_and_masked_words_do_not(written, alice):
    who = actors.person(alice)
    writing.save_section(
        written.pk, actor=who, section="root_cause", text="Vault-7 sent no key. VAULT-7x did."
    )
    projection.choose(
        written.pk, actor=who, parts=["root_cause", "timeline"], masks=["vault-7", " ", "vault-7"]
    )
    written.refresh_from_db()

    text = projection.project(written)

    assert "A deploy broke checkout" not in text and "14:25 Service restored" in text
    # Whole words, in any case; what only begins with it is another word.
    assert "… sent no key. VAULT-7x did." in text
    assert projection.leaks(written, "The vault-7 and Alice.") == ["Alice", "vault-7"]
    with pytest.raises(Invalid, match="Tick"):
        projection.choose(written.pk, actor=who, parts=[], masks=[])


def test_who_approves_approves_the_text_they_read(written, alice, bob, mona):
    first = publishing.write_public(written.pk, actor=actors.person(alice), text="Checkout failed.")
    read = first.public_text_at
    publishing.write_public(written.pk, actor=actors.person(bob), text="Checkout failed because of Vault-7.")
    with pytest.raises(Refused, match="changed meanwhile"):
        publishing.publish(written.pk, actor=actors.person(mona), visibility="public", seen_at=read)
    written.refresh_from_db()
    assert not written.is_public


def test_the_page_of_the_public_text_fills_previews_and_publishes(written, client, alice, mona):
    client.force_login(alice)
    page = f"/postmortems/{written.pk}/public/"
    client.post(page + "choose/", {"parts": ["summary"], "masks": "deploy"})
    filled = client.get(page + "?fill=1").content.decode()
    assert "A … broke checkout for" in filled
    client.post(page, {"text": "Checkout **failed**. <script>alert(1)</script>"})
    html = client.get(page).content.decode()
    assert "<strong>failed</strong>" in html and "<script>alert" not in html
    seen = re.search(r'name="seen" value="([^"]+)"', html)[1]

    client.force_login(mona)
    client.post(f"/postmortems/{written.pk}/publish/", {"visibility": "public", "seen": seen})
    written.refresh_from_db()
    assert written.is_public


def test_a_review_by_somebody_else_marks_it_reviewed(written, alice, bob, drain):
    who = actors.person(alice)
    in_review = reviewing.ask(written.pk, actor=who, user_ids=[bob.pk])
    assert in_review.status == "in_review"
    reviewed = reviewing.mark(written.pk, actor=actors.person(bob), mark="approved", note="Clear")

    assert (reviewed.is_reviewed, reviewed.reviewed_by) == (True, bob)
    assert publishing.publish(written.pk, actor=who).is_reviewed


def test_wanting_changes_takes_ones_own_approval_back(written, bob):
    reviewing.mark(written.pk, actor=actors.person(bob), mark="approved")
    assert not reviewing.mark(written.pk, actor=actors.person(bob), mark="changes").is_reviewed


def test_authors_do_not_review_their_own_document(written, alice):
    with pytest.raises(Refused, match="You wrote it"):
        reviewing.mark(written.pk, actor=actors.person(alice), mark="approved")
    with pytest.raises(Invalid, match="wrote it"):
        reviewing.ask(written.pk, actor=actors.person(alice), user_ids=[alice.pk])


def test_a_manager_waives_with_a_reason_and_the_incident_may_be_closed(written, alice, mona, drain):
    publishing.waive(written.incident_id, actor=actors.person(mona), reason="Same cause as INC-1")
    drain()

    written.refresh_from_db()
    assert written.next_reminder_at is None
    assert lifecycle.close(written.incident_id, actor=actors.person(alice)).status == "closed"


def test_a_responder_may_not_waive_and_nobody_without_a_reason(written, alice, mona):
    with pytest.raises(Forbidden):
        publishing.waive(written.incident_id, actor=actors.person(alice), reason="Busy")
    with pytest.raises(Invalid):
        publishing.waive(written.incident_id, actor=actors.person(mona), reason=" ")


def test_what_is_published_or_waived_or_not_owed_cannot_be_waived(written, outage, alice, mona):
    publishing.publish(written.pk, actor=actors.person(alice))
    with pytest.raises(Refused, match="published already"):
        publishing.waive(written.incident_id, actor=actors.person(mona), reason="Late")
    with pytest.raises(Refused, match="nothing is to be waived"):
        publishing.waive(outage(severity="SEV3").pk, actor=actors.person(mona), reason="Late")
