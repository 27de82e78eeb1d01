"""Action items: made, changed, done, and remembered."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils.timezone import now

from accounts import actors
from catalog.models import Mitigation
from incidents.models import Incident, MitigationAttempt
from lib.refusal import Forbidden, Invalid, Missing
from notifications.models import Delivery, OutgoingWebhook
from outbox.models import Message
from postmortems import actions, boards, completion, publishing, recurring, reminders, telling, writing
from postmortems.models import ActionItem

# A Monday in Copenhagen, 12:00 there.
MONDAY = datetime(2024, 1, 22, 11, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def promise(opened, alice):
    """Make an action of one document."""
    postmortem = opened()

    def make(**kwargs) -> ActionItem:
        given = {
            "title": "Add canary deployment step",
            "owner_id": alice.pk,
            "due": date(2024, 2, 5),
            **kwargs,
        }
        return actions.create(postmortem.pk, actor=actors.person(alice), **given)

    return make


def reminded() -> int:
    return Message.objects.filter(topic="postmortems.action_due").count()


def test_reminders_come_a_week_before_on_the_day_and_then_weekly(promise, alice):
    with time_machine.travel(MONDAY, tick=False) as clock:
        action = promise()
        days = []
        while clock.shift(timedelta(hours=1)) or len(days) < 4:
            before = reminded()
            reminders.remind_actions()
            if reminded() > before:
                days.append(now())
            if len(days) == 4:
                break

    # 09:00 in Copenhagen is 08:00 UTC in winter.
    assert days == [datetime(2024, 1, 29, 8, tzinfo=UTC) + timedelta(weeks=week) for week in range(4)]
    action.refresh_from_db()
    assert action.reminders_sent == 4


def test_two_sweeps_at_once_remind_once(promise):
    with time_machine.travel(MONDAY, tick=False) as clock:
        promise()
        clock.shift(8 * DAY)
        stale = list(ActionItem.objects.all())
        assert reminders.remind_actions() == 1
        assert [reminders._remind_action(action) for action in stale] == [False]
    assert reminded() == 1


@pytest.mark.parametrize("status", ["done", "dropped"])
def test_done_or_dropped_ends_the_reminders_and_opening_again_resumes_them(promise, alice, status):
    with time_machine.travel(MONDAY, tick=False):
        action, who = promise(), actors.person(alice)
        ended = actions.update(action.pk, actor=who, status=status)
        assert ended.next_reminder_at is None
        again = actions.update(action.pk, actor=who, status="open")
        assert (again.done_at, again.next_reminder_at is not None) == (None, True)


def test_the_owner_is_told_first_and_a_week_late_the_manager_too(promise, alice, manager):
    action = promise()
    with time_machine.travel(datetime(2024, 2, 5, 12, tzinfo=UTC), tick=False) as clock:
        assert [letter.to for letter in telling.about_action(action)] == [alice]
        clock.shift(8 * DAY)
        assert [letter.to for letter in telling.about_action(action)] == [alice, manager]
        assert "8 days late" in telling.about_action(action)[0].subject


def test_an_action_without_owner_reminds_the_authors(promise, alice):
    action = promise(owner_id=None)
    with time_machine.travel(datetime(2024, 2, 5, 12, tzinfo=UTC), tick=False):
        assert [letter.to for letter in telling.about_action(action)] == [alice]


def test_the_document_reminds_its_authors_and_then_the_manager(opened, alice, manager):
    postmortem = opened()
    with time_machine.travel(postmortem.due_at - DAY, tick=False) as clock:
        assert reminders.remind_postmortems() == 1
        assert [letter.to for letter in telling.about_postmortem(postmortem)] == [alice]
        clock.move_to(postmortem.due_at + DAY)
        assert reminders.remind_postmortems() == 1
        assert [letter.to for letter in telling.about_postmortem(postmortem)] == [alice, manager]


def test_a_published_document_reminds_nobody(opened, alice):
    postmortem, who = opened(), actors.person(alice)
    writing.save_section(postmortem.pk, actor=who, section="summary", text="A deploy broke checkout.")
    publishing.publish(postmortem.pk, actor=who)
    with time_machine.travel(postmortem.due_at + 10 * DAY, tick=False):
        assert reminders.remind_postmortems() == 0


def test_a_manager_outside_a_private_incident_hears_nothing_of_it(opened, alice, manager):
    postmortem = opened(is_private=True)
    action = actions.create(
        postmortem.pk,
        actor=actors.person(alice),
        title="Rotate the key",
        owner_id=alice.pk,
        due=date(2024, 1, 23),
    )
    with time_machine.travel(datetime(2024, 3, 1, tzinfo=UTC), tick=False):
        letters = telling.about_action(action)
    assert [letter.to for letter in letters] == [alice]
    assert "Rotate" not in letters[0].subject + letters[0].text


@pytest.mark.parametrize(
    "given",
    [
        {"title": " "},
        {"title": "x" * 201},
        {"kind": "hope"},
        {"priority": 9},
        {"owner_id": 999_999},
        {"ticket_url": "javascript:alert(1)"},
        {"title": "a\x00b"},
    ],
)
def test_what_is_no_action_is_refused(promise, given):
    with pytest.raises(Invalid):
        promise(**given)
    assert not ActionItem.objects.exists()


def test_a_viewer_may_not_promise_for_others(promise, vera):
    action = promise()
    with pytest.raises(Forbidden):
        actions.update(action.pk, actor=actors.person(vera), status="done")


def test_actions_of_a_private_incident_leave_no_trace_for_others(opened, alice, bob):
    postmortem = opened(is_private=True)
    action = actions.create(postmortem.pk, actor=actors.person(alice), title="Rotate", due=date(2024, 1, 23))

    assert boards.now_context(bob) == {"late_actions": [], "due_postmortems": []}
    assert boards.now_context(alice)["late_actions"] == [action]
    assert boards.completion(bob)["promised"] == 0
    with pytest.raises(Missing):
        actions.update(action.pk, actor=actors.person(bob), status="done")
    assert recurring.of_service(postmortem.incident.service) == []


def test_the_most_overdue_comes_first_and_undated_ones_last(promise, alice):
    late, later, undated = promise(), promise(due=date(2024, 3, 1)), promise(due=None)
    assert list(boards.actions_for(alice, statuses=["open"])) == [late, later, undated]


def test_a_late_promise_names_service_mitigation_and_the_actions_place(promise, outage, alice):
    """ "Same service and mitigation as INC-41, whose action 3 is 20 days overdue"."""
    promise(due=None), promise(title="Tune alert", due=date(2024, 2, 20))
    action = promise(due=date(2024, 2, 10))
    rollback = Mitigation.objects.create(slug="undo", name="Roll back")
    for incident in (action.postmortem.incident, again := outage()):
        MitigationAttempt.objects.create(
            incident=incident, mitigation=rollback, started_at=MONDAY, outcome="helped"
        )
    with time_machine.travel(datetime(2024, 3, 1, 12, tzinfo=UTC), tick=False):
        found = [one.sentence for one in recurring.of_incident(again)]
        early = [one.sentence for one in recurring.of_service(again.service)]
    reference = action.postmortem.incident.reference
    assert found == [
        f"Same service and mitigation as {reference}, whose action 3 is 20 days overdue",
        f"Same service and mitigation as {reference}, whose action 2 is 10 days overdue",
    ]
    assert early[0] == f"Same service as {reference}, whose action 3 is 20 days overdue"


def test_while_declaring_the_late_promises_of_the_service_are_shown(promise, checkout, client, bob):
    action = promise(due=date(2024, 2, 10))
    client.force_login(bob)
    said = client.get("/postmortems/again/", {"service": checkout.slug}).content.decode()
    assert "whose action 1 is" in said and action.title in said
    for asked in ("", "x", "999999", "a\x00b", "9" * 4000):
        assert action.title not in client.get("/postmortems/again/", {"service": asked}).content.decode()


# Many at once, and what others hear ------------------------------------------------------------------


def test_many_are_changed_at_once_or_none(promise, client, alice, bob):
    one, two, other = promise(), promise(title="Tune alert"), promise(title="Stays")
    client.force_login(alice)
    client.post("/actions/bulk/", {"action": [one.pk, two.pk], "status": "in_progress", "due": "2024-03-01"})
    assert set(ActionItem.objects.filter(due=date(2024, 3, 1), status="in_progress")) == {one, two}

    private = ActionItem.objects.filter(pk=other.pk)
    Incident.objects.filter(pk=other.postmortem.incident_id).update(is_private=True)
    client.force_login(bob)
    said = client.post("/actions/bulk/", {"action": [other.pk], "status": "done"}, follow=True)
    assert "Nothing was changed" in said.content.decode()
    assert private.get().status == "open"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"status": "done"}, "Tick at least one"),
        ({"action": "1"}, "Choose what to change"),
        ({"action": "x", "status": "done"}, "Tick"),
    ],
)
def test_a_change_of_many_that_says_nothing_is_refused(promise, client, alice, sent, why):
    promise()
    client.force_login(alice)
    assert why in client.post("/actions/bulk/", sent, follow=True).content.decode()


def test_every_change_is_remembered_and_told_to_webhooks_once(promise, alice, drain):
    OutgoingWebhook.objects.create(name="tickets", url="https://tickets.example.com/", topics=["action_done"])
    OutgoingWebhook.objects.create(name="deaf", url="https://deaf.example.com/", topics=["declared"])
    action, who = promise(), actors.person(alice)
    actions.update(action.pk, actor=who, status="done")
    actions.update(action.pk, actor=who, status="done")
    drain()
    drain()

    assert next(sorted(change.fields) for change in action.changes.all()) == ["status"]
    sent = Delivery.objects.filter(channel="webhook").get()
    assert sent.fact("payload")["type"] == "action.done"
    assert sent.fact("payload")["data"]["action"]["title"] == "Add canary deployment step"


def test_no_webhook_hears_of_a_private_incidents_action(opened, alice, drain):
    OutgoingWebhook.objects.create(name="all", url="https://all.example.com/")
    postmortem = opened(is_private=True)
    actions.create(postmortem.pk, actor=actors.person(alice), title="Rotate")
    drain()
    assert not Delivery.objects.filter(channel="webhook").exists()


def test_the_report_counts_what_was_promised_and_kept(promise, alice, bob, client):
    with time_machine.travel(MONDAY, tick=False) as clock:
        kept, missed, dropped = promise(), promise(due=date(2024, 1, 25)), promise()
        promise(due=date(2024, 1, 26))
        clock.shift(4 * DAY)
        for action, status in ((kept, "done"), (missed, "done"), (dropped, "dropped")):
            actions.update(action.pk, actor=actors.person(alice), status=status)
        clock.shift(2 * DAY)
        found = completion.report(alice)
    line = found.teams[0]
    assert (line.promised, line.done, line.dropped, line.open, line.late) == (4, 2, 1, 1, 1)
    assert (line.share_done, line.share_in_time, line.median_days) == (67, 50, 4)
    assert found.months[0].label == "2024-01"
    assert found.documents["opened"] == 1
    client.force_login(bob)
    assert client.get("/actions/report/").status_code == 200
