"""The life of an incident's channel, and the home tab; private incidents never leak into either."""

import json

import pytest

from accounts.actors import person
from catalog.models import Mitigation, Runbook, Service
from incidents import lifecycle, people, questions, roles
from notifications import delivery
from notifications.models import ChatRoom, Delivery, OutgoingWebhook
from tests.chatops.conftest import buttons
from tests.standins.slack import TEAM

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(drain):
    """The workers, until nothing is due."""

    def rest():
        for _round in range(20):
            if not drain() + delivery.sweep():
                return
        raise AssertionError("it does not come to rest")

    return rest


@pytest.fixture
def channel(slack, opened, work, alice):
    """A declared SEV2 and its channel as Slack keeps it."""
    incident = opened(actor=person(alice), declare=True)
    work()
    return incident, slack.channels[ChatRoom.objects.get(incident=incident).channel_id]


def test_declaring_opens_a_channel_that_slack_accepts(channel):
    incident, kept = channel

    assert (kept["name"], kept["is_private"]) == (incident.channel_name, False)
    assert kept["pins"] == [kept["messages"][0]["ts"]]
    assert kept["bookmarks"] == {"Incident room": incident.url}
    assert "UALICE" in kept["members"]


def test_the_topic_says_severity_state_commander_and_the_next_promise(channel, work, bob, clock):
    incident, kept = channel
    assert kept["topic"].startswith("SEV2 Active · nobody commands yet · ")
    roles.take(incident.pk, actor=person(bob), role_slug="incident_commander")
    clock.shift(60)
    lifecycle.post_update(incident.pk, actor=person(bob), text="Looking.")
    work()
    assert kept["topic"].startswith("SEV2 Active · IC Bob · ")
    before = kept["topic"]
    lifecycle.mitigate(incident.pk, actor=person(bob))
    work()

    assert kept["topic"].startswith("SEV2 Mitigated · IC Bob") and kept["topic"] != before
    assert incident.reference in kept["topic"]


def test_a_promise_in_the_topic_has_its_time_in_the_teams_zone(channel, house, work, alice):
    incident, kept = channel
    house.team.time_zone = "Europe/Berlin"
    house.team.save()
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    work()

    assert "15:05" in kept["topic"]  # The chairs, five minutes after 14:00 UTC.


def test_who_gets_a_chair_is_invited(channel, work, alice, bob):
    incident, kept = channel
    assert "UBOB" not in kept["members"]
    roles.take(incident.pk, actor=person(alice), role_slug="technical_lead", user_id=bob.pk)
    work()

    assert "UBOB" in kept["members"]


def test_status_page_and_postmortem_get_a_bookmark_once(inc, channel, work, settings, house):
    incident, kept = channel
    inc(f"{incident.reference} role ic")
    inc(f"{incident.reference} publish We are looking into it.")
    inc(f"{incident.reference} publish Still looking.")
    inc(f"{incident.reference} resolve Fixed")
    work()

    assert kept["bookmarks"]["Status page"] == f"{settings.BASE_URL}/status/"
    assert kept["bookmarks"]["Postmortem"].startswith(f"{settings.BASE_URL}/postmortems/")
    assert Delivery.objects.filter(key__contains=":bookmark:").count() == 3  # And the room's own.


def test_after_close_the_channel_is_archived_with_its_last_word(slack, opened, work, alice):
    incident = opened(rank=4, actor=person(alice), declare=True)
    work()
    room = ChatRoom.objects.get(incident=incident)
    lifecycle.resolve(incident.pk, actor=person(alice))
    work()
    assert not slack.channels[room.channel_id]["is_archived"]
    lifecycle.close(incident.pk, actor=person(alice))
    work()
    kept = slack.channels[room.channel_id]
    room.refresh_from_db()

    assert kept["is_archived"] and room.archived_at
    assert "Closed" in kept["messages"][-1]["text"]
    assert not Delivery.objects.filter(failed_at__isnull=False).exists()


@pytest.mark.parametrize("how", ["dismissed", "merged"])
def test_the_channel_of_a_false_alarm_or_a_duplicate_is_archived_too(slack, opened, work, alice, how):
    incident = opened(rank=4, actor=person(alice), declare=True)
    if how == "merged":
        lifecycle.merge(incident.pk, actor=person(alice), into=opened(rank=4, actor=person(alice)).pk)
    else:
        lifecycle.dismiss(incident.pk, actor=person(alice), reason="A test of the probe")
    work()

    room = ChatRoom.objects.get(incident=incident)
    assert room.archived_at and slack.channels[room.channel_id]["is_archived"]


def test_archiving_twice_is_no_failure(slack, opened, work, alice):
    incident = opened(rank=4, actor=person(alice), declare=True)
    lifecycle.resolve(incident.pk, actor=person(alice))
    work()
    slack.channels[ChatRoom.objects.get().channel_id]["is_archived"] = True
    lifecycle.close(incident.pk, actor=person(alice))
    work()

    assert ChatRoom.objects.get().archived_at


def test_a_note_after_the_end_finds_no_closed_door(slack, opened, work, alice):
    from incidents import notes

    incident = opened(rank=4, actor=person(alice), declare=True)
    lifecycle.resolve(incident.pk, actor=person(alice))
    lifecycle.close(incident.pk, actor=person(alice))
    work()
    before = len(slack.calls)
    notes.add_note(incident.pk, actor=person(alice), text="The vendor wrote back.")
    work()

    assert len(slack.calls) == before


def test_an_incident_that_becomes_private_says_nothing_more_where_all_can_read(channel, slack, work, alice):
    incident, kept = channel
    people.make_private(incident.pk, actor=person(alice), reason="Mallory reads our mail")
    lifecycle.post_update(incident.pk, actor=person(alice), text="The mail of Mallory")
    work()
    said = json.dumps(kept["messages"]) + kept["topic"]

    assert "Mallory" not in said
    assert kept["messages"][-1]["text"].startswith("This incident is private now.")
    assert kept["is_archived"]


def test_what_was_waiting_when_it_became_private_is_never_sent(channel, slack, work, drain, alice):
    incident, kept = channel
    slack.is_away = True
    lifecycle.post_update(incident.pk, actor=person(alice), text="The mail of Mallory")
    drain()
    people.make_private(incident.pk, actor=person(alice), reason="a person is involved")
    drain()
    slack.is_away = False
    work()

    assert "Mallory" not in json.dumps(kept["messages"])


def test_a_private_incident_gets_a_private_channel_with_nothing_in_its_name_or_topic(
    slack, opened, work, alice
):
    opened(title="Mallory reads our mail", actor=person(alice), declare=True, is_private=True)
    work()
    (kept,) = slack.channels.values()

    assert kept["is_private"] and kept["members"] == ["UALICE"]
    assert "Mallory" not in kept["name"] + kept["topic"] + json.dumps(kept["messages"][0])


# The home tab ------------------------------------------------------------------------------------


def words_of(home):
    return json.dumps(home["blocks"], ensure_ascii=False)


def opens(who="UALICE", tab="home"):
    return {"type": "app_home_opened", "user": who, "tab": tab}


def test_the_home_tab_shows_what_is_open_and_who_is_on_call(
    happens,
    slack,
    opened,
    house,
    alice,
    monkeypatch,
):
    monkeypatch.setattr(questions.ask, "on_call_now", lambda service: [alice] if service == house else [])
    incident = opened(rank=1, title="Checkout <fails>", declare=True, actor=person(alice))
    roles.take(incident.pk, actor=person(alice), role_slug="incident_commander")
    assert happens(opens()) == 200
    said = words_of(slack.homes["UALICE"])

    assert f"|{incident.reference}> SEV1 active: Checkout &lt;fails&gt;" in said
    assert "IC Alice" in said and "Checkout: Alice" in said and "Unsorted: nobody" in said


def test_the_home_tab_of_others_shows_nothing_private(happens, slack, opened, bob, carol):
    slack.joins("UCAROL", carol.email)  # Those on the ladder are let in when they are paged.
    opened(title="Mallory reads our mail", actor=person(bob), is_private=True)
    happens(opens("UCAROL"))
    happens(opens("UBOB"), event_id="Ev2")

    assert "Mallory" not in words_of(slack.homes["UCAROL"])
    assert "Nothing is open." in words_of(slack.homes["UCAROL"])
    assert "Mallory" in words_of(slack.homes["UBOB"])


def test_the_home_tab_fits_however_much_burns(happens, slack, opened, house):
    for number in range(22):
        opened(title="x" * 190 + str(number))
        Service.objects.create(slug=f"s{number}", name="y" * 70 + f" {number}", team=house.team)
    happens(opens())

    assert "and 2 more" in words_of(slack.homes["UALICE"])


def test_who_has_no_account_reads_why_the_home_tab_is_empty(happens, slack, house):
    slack.joins("UNEW", "new@example.com")
    happens(opens("UNEW"))

    assert "Tocsin knows nobody with the address new@example.com." in words_of(slack.homes["UNEW"])


def test_other_tabs_and_another_persons_home_are_left_alone(happens, slack, house):
    happens(opens(tab="messages"))
    happens(opens("UGONE"), event_id="Ev2")

    assert slack.homes == {}


def test_the_button_of_the_home_tab_opens_the_form(post, slack, house):
    from urllib.parse import urlencode

    payload = {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": "UALICE"},
        "trigger_id": slack.trigger(),
        "view": {"type": "home"},
        "actions": [{"action_id": "home_declare", "type": "button"}],
    }
    assert post("interactive", urlencode({"payload": json.dumps(payload)})).status_code == 200

    assert json.loads(slack.of("views.open")[0]["view"])["callback_id"] == "declare"


def test_what_is_said_of_a_private_incident_in_a_public_channel_stays_with_the_asker(
    inc, press, slack, opened, work, house, alice, bob
):
    slack.exists("C0GENERAL", "general")
    shown = opened(actor=person(bob), declare=True)
    secret = opened(title="Mallory reads our mail", actor=person(bob), declare=True, is_private=True)
    book = Runbook.objects.create(service=house, title="Mail of Mallory", body="- [ ] Look")
    Mitigation.objects.create(slug="lock", service=house, name="Lock Mallory out")
    work()
    rooms = {
        name: ChatRoom.objects.get(incident=one).channel_id
        for name, one in (("open", shown), ("own", secret))
    }
    for typed in (
        "mitigation try lock", "mitigation helped", "runbook done 1.1", "timeline", "recap", "people @alice",
        "note Mallory was here", "redact 1 Mallory", f"link {shown.reference}", "task @bob Ask Mallory",
        "status", "escalate", "sev sev1 Mallory again", "details",
    ):  # fmt: skip
        inc(f"{secret.reference} {typed}", who="UBOB")
    press(buttons(inc.whole(f"{secret.reference} task", who="UBOB"))["Done"], who="UBOB", channel="C0GENERAL")
    work()
    said = {name: str(slack.channels[channel]["messages"]) for name, channel in rooms.items()}
    loud = [
        words for method, words in slack.calls if "C0GENERAL" in str(words) and method != "chat.postEphemeral"
    ]

    assert "Mallory" in said["own"] and slack.channels[rooms["own"]]["is_private"]
    assert "Mallory" not in said["open"] and secret.reference not in said["open"]
    assert loud == [] and slack.channels["C0GENERAL"]["messages"] == []
    assert {words["user"] for words in slack.of("chat.postEphemeral")} == {"UBOB"}
    assert book.title not in str(slack.channels[rooms["open"]])


def test_what_is_redacted_is_taken_back_from_the_channel_and_from_our_rows(channel, work, inc, alice):
    incident, kept = channel
    inc(f"{incident.reference} note The password is hunter2")
    number = incident.timeline.get(text__contains="hunter2").number
    work()
    assert "hunter2" in str(kept["messages"])
    inc(f"{incident.reference} redact {number} A password was pasted")
    work()

    assert "hunter2" not in str(kept["messages"])
    assert any("A password was pasted" in message["text"] for message in kept["messages"])
    assert not Delivery.objects.filter(body__contains="hunter2").exists()
    assert not Delivery.objects.filter(failed_at__isnull=False).exists()


def test_what_was_said_before_there_was_a_channel_is_taken_back_from_its_first_message(
    slack, opened, work, inc, alice
):
    incident = opened(actor=person(alice))
    inc(f"{incident.reference} note The password is hunter2")
    work()
    inc(f"{incident.reference} declare")
    work()
    kept = slack.channels[ChatRoom.objects.get(incident=incident).channel_id]
    assert "hunter2" in str(kept["messages"])
    number = incident.timeline.get(text__contains="hunter2").number
    inc(f"{incident.reference} redact {number} A password was pasted")
    work()

    assert "hunter2" not in str(kept["messages"])
    assert any("Note" in m["text"] and m["text"].count("\n") > 1 for m in kept["messages"]), kept["messages"]


def test_what_waits_is_blanked_before_it_is_sent(channel, drain, work, inc, slack):
    incident, kept = channel
    inc("list")  # Slack has said who Alice is.
    slack.is_away = True
    inc(f"{incident.reference} note The password is hunter2")
    drain()
    delivery.sweep()
    slack.is_away = False
    number = incident.timeline.get(text__contains="hunter2").number
    inc(f"{incident.reference} redact {number} A password was pasted")
    Delivery.objects.filter(sent_at=None).update(due_at=incident.detected_at)
    work()

    assert "hunter2" not in str(slack.calls[-20:]).replace("note The password is hunter2", "")
    assert "hunter2" not in str(kept["messages"]) and "A password was pasted" in str(kept["messages"])


def test_an_archived_channel_keeps_what_it_says_and_nothing_has_failed(channel, work, inc, alice):
    incident, kept = channel
    inc(f"{incident.reference} note The password is hunter2")
    work()
    people.make_private(incident.pk, actor=person(alice), reason="names")
    work()
    assert kept["is_archived"]
    number = incident.timeline.get(text__contains="hunter2").number
    inc(f"{incident.reference} redact {number} A password was pasted")
    work()

    assert not Delivery.objects.filter(body__contains="hunter2").exists()
    assert not Delivery.objects.filter(failed_at__isnull=False).exists()


def test_an_update_by_direct_message_and_a_webhooks_row_are_taken_back(
    slack, opened, work, inc, alice, bob, drain
):
    bob.contact_methods.create(kind="slack", address="bob@example.com", verified_at="2024-01-01T00:00:00Z")
    OutgoingWebhook.objects.create(name="Lake", url="https://lake.example/x", secret="whsec_" + "A" * 44)
    incident = opened(actor=person(alice), declare=True)
    roles.take(incident.pk, actor=person(bob), role_slug="technical_lead")
    work()
    inc(f"{incident.reference} update The password is hunter2")
    work()
    number = incident.timeline.get(text__contains="hunter2").number
    assert any(
        "hunter2" in said["text"] for said in slack.of("chat.postMessage") if said["channel"] == "UBOB"
    )
    inc(f"{incident.reference} redact {number} A password was pasted")
    work()

    changed = [said for said in slack.of("chat.update") if said["channel"] == "DUBOB"]
    assert [said["text"] for said in changed] == ["This update was redacted."]
    rows = Delivery.objects.filter(incident=incident)
    assert rows.filter(channel="webhook").exists()
    assert not [row for row in rows if "hunter2" in row.body + row.html + str(row.data)]
