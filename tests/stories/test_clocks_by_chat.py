"""The clocks of communication as people meet them, through chat alone, with every sweep of the house."""

from datetime import timedelta

import pytest
from django.test import Client

from incidents import overdue
from incidents.kinds import DeadlineKind
from notifications.models import ChatRoom, ContactMethod
from oncall.models import Page, PageRun
from tests.stories.conftest import MONDAY_14, only, to_slack_s_door, typed

pytestmark = pytest.mark.long
MIN = timedelta(minutes=1)


@pytest.fixture
def inc(slack, night):
    """``/inc …`` by somebody; the answer."""

    def say(who, text):
        answer = to_slack_s_door(Client(), "commands", **typed(slack, ChatRoom.objects.first(), who, text))
        night.settle()
        return answer["text"]

    return say


@pytest.fixture
def at(night):
    """Let time pass until so many minutes after the beginning, with a stop at each of those given."""

    def pass_(*minutes):
        for minute in minutes:
            night.clock.move_to(MONDAY_14 + minute * MIN)
            night.settle()

    return pass_


@pytest.fixture
def outage(inc):
    """A SEV1 with Ivan in command and Cleo to speak."""
    inc("alice", "declare sev1 checkout: Nobody can pay")
    inc("ivan", "role take ic")
    inc("cleo", "role take comms")
    return only()


def due(kind):
    row = only().deadlines.filter(kind=kind, stopped_at=None).first()
    return (row.due_at - MONDAY_14) / MIN if row else None


def said(slack):
    (channel,) = slack.channels.values()
    return [message["text"] for message in channel["messages"]]


def nudges():
    """Of the update to the team: minute, event, whom, and whether it pages."""
    rows = only().timeline.filter(data__deadline="internal_update").order_by("number")
    return [
        (
            int((row.at - MONDAY_14) / MIN),
            row.kind.removeprefix("deadline_"),
            row.get("user_name"),
            bool(row.get("page")),
        )
        for row in rows
    ]


def paged():
    """Everybody who was paged because an update is late."""
    rows = Page.objects.filter(run__reason=PageRun.Reason.UPDATE).select_related("user")
    return sorted(str(page.user) for page in rows)


@pytest.mark.parametrize(
    ("rank", "team", "public"), [(1, 15, 10), (2, 30, 10), (3, None, None), (4, None, None)]
)
def test_the_cadence_of_each_severity(inc, house, rank, team, public):
    inc("alice", f"declare sev{rank} checkout: Nobody can pay")

    assert (due("internal_update"), due("public_first"), due("public_update")) == (team, public, None)


def test_each_word_to_the_public_promises_the_next_and_the_first_is_reminded_of(inc, at, outage, slack):
    at(5)
    reminded = only().timeline.filter(data__deadline="public_first")
    assert [row.kind for row in reminded] == ["deadline_nudged"]
    inc("cleo", "publish We are looking into a problem with the shop.")
    assert (due("public_first"), due("public_update")) == (None, 35)
    at(20)
    inc("cleo", "publish identified We found the cause.")

    assert due("public_update") == 50
    assert not only().timeline.filter(kind="deadline_missed", data__deadline="public_first").exists()


def test_no_public_notice_needed_stops_that_clock(inc, at, outage):
    inc("cleo", "nopublic Nobody outside sees it")
    at(12)

    assert due("public_first") is None
    assert not only().timeline.filter(data__deadline="public_first").exists()


def test_an_update_late_climbs_from_who_speaks_to_who_commands_to_one_page(
    inc, at, outage, slack, mail_to, house
):
    at(15, 30, 44)
    assert nudges() == [(15, "missed", "Cleo", False), (30, "nudged", "Ivan", False)]
    assert paged() == []
    at(45, 60, 90, 180)

    assert sorted(nudges()[2:]) == [(45, "nudged", "Cleo", True), (45, "nudged", "Ivan", True)]
    assert paged() == ["Cleo", "Ivan"]
    assert any("(Cleo)" in text for text in said(slack)) and any("(Ivan)" in text for text in said(slack))
    reminder = f"Reminder: {DeadlineKind.INTERNAL_UPDATE.label.lower()}"
    assert sum(reminder in subject for subject in mail_to(house.cleo)) == 1
    assert sum(reminder in subject for subject in mail_to(house.ivan)) == 1


def test_the_next_update_ends_it_and_the_next_miss_begins_anew(inc, at, outage):
    at(15, 30, 45, 50)
    inc("cleo", "update We are still on it.")
    assert due("internal_update") == 65
    at(65, 80, 95, 120)

    assert [one[1:] for one in nudges() if one[0] >= 65][:2] == [
        ("missed", "Cleo", False),
        ("nudged", "Ivan", False),
    ]
    assert paged() == ["Cleo", "Cleo", "Ivan", "Ivan"]


@pytest.mark.parametrize("who", ["ivan", "cleo"])
def test_nobody_is_paged_while_one_of_the_two_writes(inc, at, outage, who):
    at(15, 30, 40)
    inc(who, "note On the phone with the provider")
    at(45, 60, 90)

    assert paged() == []


def test_others_who_write_do_not_keep_the_page_back(inc, at, outage):
    at(15, 30, 40)
    inc("carol", "note I restarted the pool")
    at(45, 60)

    assert paged() == ["Cleo", "Ivan"]


def test_without_who_speaks_it_is_who_commands_else_who_acknowledged(inc, at, house):
    inc("alice", "declare sev1 checkout: Nobody can pay")
    inc("alice", "ack")
    at(15)
    assert nudges() == [(15, "missed", "Alice", False)]
    inc("ivan", "role take ic")
    at(17)
    inc("ivan", "update One region is left.")
    at(32)

    assert nudges()[-1] == (32, "missed", "Ivan", False)


def test_an_update_is_put_off_once_with_a_reason_and_no_further_than_twice(inc, at, outage):
    at(10)
    assert "reason" in inc("cleo", "snooze 10m")
    assert "30 minutes" in inc("cleo", "snooze 20m The vendor calls back")
    inc("cleo", "snooze 10m The vendor calls back")
    assert due("internal_update") == 25
    assert "once already" in inc("cleo", "snooze 5m Once more")
    at(24)
    assert nudges() == []
    at(25)

    assert nudges() == [(25, "missed", "Cleo", False)]
    assert only().timeline.get(kind="clock_snoozed").text == "The vendor calls back"


def test_a_mitigated_incident_promises_an_update_an_hour_and_pages_nobody(inc, at, outage):
    at(10)
    inc("alice", "mitigate Rolled back to v41")
    assert due("internal_update") in (70, 60)
    at(70, 85, 100, 130, 190)

    assert paged() == []


# Management --------------------------------------------------------------------------------------


def management():
    return [
        (int((run.started_at - MONDAY_14) / MIN), sorted({str(page.user) for page in run.pages.all()}))
        for run in PageRun.objects.filter(reason="management").order_by("pk")
    ]


def test_management_is_paged_at_thirty_minutes_with_a_brief_of_two_lines(inc, at, outage, mailoutbox, house):
    at(20)
    inc("cleo", "update One in three payments fails.")
    at(30, 45)

    assert management() == [(30, ["Mona"])]
    mail = next(one for one in mailoutbox if one.to == [house.mona.email] and "Nobody can pay" in one.body)
    brief = mail.body.splitlines()[1:3]
    assert len(brief) == 2 and "One in three payments fails." in " ".join(brief), mail.body


def test_management_of_an_outage_that_was_mitigated_in_time_is_left_alone(inc, at, outage, mail_to, house):
    at(20)
    inc("alice", "mitigate Rolled back to v41")
    at(30, 60)

    assert management() == [] and mail_to(house.mona) == []


def test_management_is_told_and_not_paged_when_it_is_mitigated_at_that_moment(
    inc, at, outage, night, mail_to, mailoutbox, house
):
    at(29)
    night.clock.move_to(MONDAY_14 + 30 * MIN)
    overdue.miss_overdue()
    inc("alice", "mitigate Rolled back to v41")
    at(45)

    assert management() == []
    (subject,) = mail_to(house.mona)
    (mail,) = [one for one in mailoutbox if one.subject == subject]
    assert "Mitigated, not resolved yet" in subject and "Users were hurt for 30 min" in mail.body
    assert only().timeline.get(kind="management_informed").get("how") == "told"


def test_a_reopening_loops_management_in_once_more(inc, at, outage):
    at(30, 35)
    inc("alice", "mitigate Rolled back to v41")
    at(40)
    inc("ivan", "reopen Errors are back")
    at(70, 100)

    assert [minute for minute, _who in management()] == [30, 70]


def test_a_sev2_loops_nobody_in(inc, at):
    inc("alice", "declare sev2 checkout: Nobody can pay")
    at(30, 60)

    assert management() == []


def test_a_line_in_slack_gets_the_reminder(inc, at, outage, slack, house):
    ContactMethod.objects.create(
        user=house.cleo, kind="slack", address=house.cleo.email, verified_at=MONDAY_14
    )
    at(15)

    assert any("update to the team is due" in one["text"] for one in slack.direct)
