"""Writing: opened by duty, and no word of anybody is lost."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
import time_machine
from django.apps import apps

from accounts import actors
from incidents import lifecycle, notes, scope, searching
from incidents.models import SearchText, Severity
from lib.refusal import Forbidden, Invalid, Missing, Refused
from postmortems import actions, exchange, facts, opening, publishing, tabling, writing
from postmortems.models import Postmortem, SectionRevision
from postmortems.tabling import Line

ALERT_AT = datetime(2024, 1, 22, 13, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_resolving_a_sev1_opens_its_postmortem_with_the_commander_as_author(opened, alice):
    postmortem = opened()

    assert list(postmortem.authors.all()) == [alice]
    assert postmortem.status == "draft"
    # Five business days after Monday 14:40 in Copenhagen: the end of the next Monday.
    assert postmortem.due_at == postmortem.incident.deadlines.get(kind="postmortem").due_at
    assert postmortem.next_reminder_at == postmortem.due_at - timedelta(days=1)


def test_it_opens_once_however_often_the_news_arrives(opened):
    postmortem = opened()
    opening.open_by_duty(postmortem.incident_id)
    assert Postmortem.objects.count() == 1


@pytest.mark.parametrize("kwargs", [{"severity": "SEV3"}, {"is_drill": True}])
def test_without_a_duty_nothing_opens(outage, drain, kwargs):
    outage(**kwargs)
    drain()
    assert not Postmortem.objects.exists()


def test_anybody_may_open_one_by_hand_once_the_incident_is_over(outage, drain, bob):
    incident = outage(severity="SEV3")
    drain()

    postmortem = opening.open_by_hand(incident.pk, actor=actors.person(bob))

    assert postmortem.due_at is None
    assert postmortem.rows.all()[0].words == "Alert fired for elevated error rate"


def test_a_drill_has_none_even_by_hand(outage, alice):
    incident = outage(is_drill=True)
    with pytest.raises(Refused, match="drill"):
        opening.open_by_hand(incident.pk, actor=actors.person(alice))


def test_a_viewer_may_not_write(opened, vera):
    with pytest.raises(Forbidden):
        writing.save_section(opened().pk, actor=actors.person(vera), section="summary", text="Mine")


def test_a_later_raise_to_sev1_opens_it_too(outage, drain, alice):
    incident = outage(severity="SEV3")
    drain()
    lifecycle.set_severity(
        incident.pk, actor=actors.person(alice), severity=Severity.objects.get(name="SEV1"), reason="Worse"
    )
    drain()
    assert Postmortem.objects.get().due_at is not None


def test_the_table_is_filled_in_the_templates_words_and_the_teams_time(opened):
    rows = [(row.clock, row.words) for row in opened().rows.all()]

    assert rows == [
        ("14:00", "Alert fired for elevated error rate"),
        ("14:03", "On-call acknowledged"),
        ("14:15", "Root cause identified (bad deploy)"),
        ("14:20", "Rollback initiated"),
        ("14:25", "Service restored"),
    ]


def test_a_corrected_time_stands_in_a_table_opened_later(outage, drain, alice):
    incident = outage()
    cause = incident.timeline.get(kind="cause_identified")
    notes.correct(
        incident.pk,
        actor=actors.person(alice),
        event_number=cause.number,
        at=ALERT_AT + 12 * MINUTE,
        text="Bad flag",
        reason="wrong button",
    )
    drain()

    row = Postmortem.objects.get().rows.get(event_number=cause.number)
    assert (row.clock, row.words) == ("14:12", "Root cause identified (bad flag)")


def test_duration_is_user_impact_and_not_until_resolved(opened):
    assert facts.impact(opened().incident) == timedelta(minutes=25)


def test_duration_sums_the_openings(opened, alice, drain):
    postmortem = opened()
    who = actors.person(alice)
    with time_machine.travel(ALERT_AT + 60 * MINUTE, tick=False) as clock:
        lifecycle.reopen(postmortem.incident_id, actor=who, reason="Errors are back")
        clock.shift(10 * MINUTE)
        lifecycle.resolve(postmortem.incident_id, actor=who)
        drain()
    postmortem.incident.refresh_from_db()

    assert facts.impact(postmortem.incident) == timedelta(minutes=35)


def test_a_reopened_incident_takes_its_published_document_back_to_draft(opened, alice, drain):
    postmortem, who = opened(), actors.person(alice)
    writing.save_section(postmortem.pk, actor=who, section="summary", text="A deploy broke checkout.")
    publishing.publish(postmortem.pk, actor=who)
    lifecycle.reopen(postmortem.incident_id, actor=who, reason="Errors are back")
    lifecycle.resolve(postmortem.incident_id, actor=who)
    assert drain() > 0

    postmortem.refresh_from_db()
    assert postmortem.status == "draft"
    assert postmortem.due_at > postmortem.published_at


# Two editors ---------------------------------------------------------------------------------------------


def test_the_second_of_two_editors_keeps_their_text_and_sees_both(opened, alice, bob):
    postmortem = opened()
    writing.save_section(postmortem.pk, actor=actors.person(alice), section="root_cause", text="Hers", base=0)

    late = writing.save_section(
        postmortem.pk, actor=actors.person(bob), section="root_cause", text="His", base=0
    )

    postmortem.refresh_from_db()
    assert postmortem.root_cause == "Hers"
    assert (late.text, late.theirs.by, late.mine.text) == ("Hers", alice, "His")


def test_typing_on_in_a_conflict_keeps_the_newest_words_aside(opened, alice, bob):
    postmortem = opened()
    writing.save_section(postmortem.pk, actor=actors.person(alice), section="root_cause", text="Hers", base=0)
    for text in ("His", "His whole thought"):
        writing.save_section(postmortem.pk, actor=actors.person(bob), section="root_cause", text=text, base=0)

    aside = SectionRevision.objects.get(postmortem=postmortem, number=None)
    assert aside.text == "His whole thought"


@pytest.mark.parametrize(("how", "text"), [("mine", "His"), ("both", "Hers\n\nHis")])
def test_a_conflict_ends_with_mine_or_with_both(opened, alice, bob, how, text):
    postmortem = opened()
    writing.save_section(postmortem.pk, actor=actors.person(alice), section="root_cause", text="Hers", base=0)
    late = writing.save_section(
        postmortem.pk, actor=actors.person(bob), section="root_cause", text="His", base=0
    )

    writing.settle(postmortem.pk, actor=actors.person(bob), revision_id=late.mine.pk, how=how)

    postmortem.refresh_from_db()
    assert postmortem.root_cause == text
    assert postmortem.revisions.filter(text="Hers").exists()


def test_autosaves_of_one_person_are_one_entry_of_the_history(opened, alice):
    postmortem, who, base = opened(), actors.person(alice), 0
    for text in ("A", "A dep", "A deploy"):
        base = writing.save_section(postmortem.pk, actor=who, section="summary", text=text, base=base).version

    revision = postmortem.revisions.get(section="summary")
    assert (revision.text, revision.number) == ("A deploy", 3)


def test_what_somebody_cuts_out_at_once_stays_in_the_history(opened, alice):
    postmortem, who = opened(), actors.person(alice)
    long = "The deploy removed an index that the checkout needs."
    writing.save_section(postmortem.pk, actor=who, section="root_cause", text=long)
    writing.save_section(postmortem.pk, actor=who, section="root_cause", text="")

    assert [one.text for one in postmortem.revisions.filter(section="root_cause")] == ["", long]


def test_autosaving_hides_nothing_from_an_editor_who_started_earlier(opened, alice, bob):
    postmortem = opened()
    first = writing.save_section(postmortem.pk, actor=actors.person(alice), section="summary", text="One")
    writing.save_section(postmortem.pk, actor=actors.person(alice), section="summary", text="One two")

    late = writing.save_section(
        postmortem.pk, actor=actors.person(bob), section="summary", text="Mine", base=first.version
    )
    assert late.theirs is not None


def test_saving_the_same_text_is_no_conflict(opened, alice, bob):
    postmortem = opened()
    writing.save_section(postmortem.pk, actor=actors.person(alice), section="summary", text="Same", base=0)
    same = writing.save_section(
        postmortem.pk, actor=actors.person(bob), section="summary", text="Same ", base=0
    )
    assert same.theirs is None


def test_restoring_brings_an_old_text_back_and_keeps_the_newer_one(opened, alice):
    postmortem, who = opened(), actors.person(alice)
    with time_machine.travel(ALERT_AT + 60 * MINUTE, tick=False) as clock:
        writing.save_section(postmortem.pk, actor=who, section="summary", text="Old")
        clock.shift(10 * MINUTE)
        writing.save_section(postmortem.pk, actor=who, section="summary", text="New")
        clock.shift(10 * MINUTE)
        writing.restore(postmortem.pk, actor=who, revision_id=postmortem.revisions.get(text="Old").pk)

    postmortem.refresh_from_db()
    assert postmortem.summary == "Old"
    assert [one.text for one in postmortem.revisions.filter(section="summary")] == ["Old", "New", "Old"]


def test_lists_are_one_point_a_line_with_or_without_dashes(opened, alice):
    postmortem = opened()
    writing.save_section(
        postmortem.pk, actor=actors.person(alice), section="went_well", text="- Fast\n\n  * Calm\nClear"
    )
    postmortem.refresh_from_db()
    assert postmortem.points("went_well") == ["Fast", "Calm", "Clear"]


@pytest.mark.parametrize(
    ("section", "text"),
    [("title", "x"), ("timeline", "x"), ("summary", "a\x00b"), ("users_affected", "9" * 301)],
)
def test_what_cannot_be_kept_is_refused(opened, alice, section, text):
    with pytest.raises(Invalid):
        writing.save_section(opened().pk, actor=actors.person(alice), section=section, text=text)


# The table -------------------------------------------------------------------------------------------------


def test_the_table_keeps_own_words_own_rows_and_the_order_of_time(opened, alice):
    postmortem = opened()
    row = postmortem.rows.first()
    lines = [
        Line(f"event-{row.event_number}", row.at, "The error rate rose", shown=True),
        Line("new-1", ALERT_AT - 2 * MINUTE, "Deploy of v42", shown=True),
        Line("event-2", ALERT_AT + 3 * MINUTE, "Acknowledged", shown=False),
    ]
    tabling.save_timeline(postmortem.pk, actor=actors.person(alice), lines=lines, base=0)

    shown = [(one.clock, one.words, one.event_number) for one in postmortem.rows.filter(shown=True)]
    assert shown == [("13:58", "Deploy of v42", None), ("14:00", "The error rate rose", row.event_number)]


def test_two_people_in_the_table_lose_nothing(opened, alice, bob):
    postmortem = opened()
    one, two = Line("new-1", ALERT_AT, "Hers", shown=True), Line("new-1", ALERT_AT, "His", shown=True)
    tabling.save_timeline(postmortem.pk, actor=actors.person(alice), lines=[one], base=0)
    late = tabling.save_timeline(postmortem.pk, actor=actors.person(bob), lines=[two], base=0)

    assert late.theirs is not None
    assert [row.words for row in postmortem.rows.all()] == ["Hers"]
    assert "His" in postmortem.revisions.get(number=None).text


# Who may know


def test_the_document_of_a_private_incident_is_hidden_from_others(opened, bob, root):
    postmortem = opened(is_private=True)
    assert not Postmortem.objects.visible_to(bob).exists()
    assert not Postmortem.objects.visible_to(root).exists()
    with pytest.raises(Missing):
        writing.save_section(postmortem.pk, actor=actors.person(bob), section="summary", text="Mine")


def test_somebody_outside_cannot_become_author_of_a_private_one(opened, alice, bob):
    postmortem = opened(is_private=True)
    with pytest.raises(Invalid, match="may not see"):
        writing.set_authors(postmortem.pk, actor=actors.person(alice), user_ids=[alice.pk, bob.pk])


def test_the_exported_sample_outage_equals_the_template_except_for_peoples_words(opened, alice, bob):
    postmortem, who = opened(), actors.person(alice)
    texts = {
        "users_affected": "~5,000",
        "went_well": "Detection was fast (3 min from alert to ack)\nRunbook was accurate",
        "went_poorly": "No canary deployment caught this\nAlert was too noisy, delayed response",
    }
    writing.save_sections(postmortem.pk, actor=who, texts=texts, bases={})
    for title, owner, due in (
        ("Add canary deployment step", alice, "2024-02-01"),
        ("Tune alert threshold", bob, "2024-01-25"),
    ):
        actions.create(
            postmortem.pk,
            actor=who,
            title=title,
            owner_id=owner.pk,
            due=date.fromisoformat(due),
        )
    scope.change_details(
        postmortem.incident_id, actor=who, title="Checkout errors after deploy", reason="clearer"
    )

    sample = (Path(__file__).parent / "sample.md").read_text(encoding="utf-8")
    assert exchange.to_markdown(Postmortem.objects.get()) == sample


def test_what_a_document_says_is_found_and_what_it_no_longer_says_is_not(opened, alice):
    postmortem = opened()
    writing.save_section(postmortem.pk, actor=actors.person(alice), section="root_cause", text="A zebra.")
    hit = searching.search(alice, "zebra")[0]
    assert (hit.kind, hit.path) == ("postmortem", f"/postmortems/{postmortem.pk}/#s-root_cause")

    writing.save_section(postmortem.pk, actor=actors.person(alice), section="root_cause", text="A giraffe.")

    assert searching.search(alice, "zebra") == []
    live = sorted(SearchText.objects.values_list("incident", "kind", "number", "text", "path"))
    SearchText.objects.filter(kind="postmortem").delete()
    import_module("postmortems.migrations.0003_search").fill(apps, None)
    assert sorted(SearchText.objects.values_list("incident", "kind", "number", "text", "path")) == live
