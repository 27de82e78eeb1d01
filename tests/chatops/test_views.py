"""The doors for Slack: signature, time, replay, people, buttons, pins."""

import json
from datetime import timedelta
from time import perf_counter
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.actors import person
from accounts.models import Role
from chatops import once
from chatops.models import ChatUser, Heard
from notifications import delivery
from notifications.models import ChatRoom
from oncall.models import Page, PageRun
from tests.chatops.conftest import NOON, SECRET
from tests.standins.slack import TEAM

pytestmark = pytest.mark.django_db

HELP = urlencode({"team_id": TEAM, "user_id": "UALICE", "command": "/inc", "text": "help"})


# The signature -----------------------------------------------------------------------------------


def test_the_signature_is_the_one_of_slacks_own_sdk(post, house):
    from slack_sdk.signature import SignatureVerifier

    stamp = str(int(NOON.timestamp()))
    theirs = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=HELP)

    assert post("commands", HELP, signature=theirs).status_code == 200


@pytest.mark.parametrize("name", ["commands", "interactive", "events"])
def test_without_a_secret_the_door_is_shut_and_says_how_to_open_it(client, db, settings, name):
    settings.SLACK_SIGNING_SECRET = ""
    answer = client.post(f"/slack/{name}", data="x", content_type="text/plain")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert "SLACK_SIGNING_SECRET" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["commands", "interactive", "events"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "another"},
        {"signature": "v0=" + "0" * 64},
        {"signature": "v1=abc"},
        {"signature": "é"},
        {"stamp": ""},
        {"stamp": "yesterday"},
        {"stamp": "9" * 40},
        {"stamp": "²"},
    ],
    ids=str,
)
def test_a_wrong_signature_or_time_is_refused(post, slack, name, wrong):
    answer = post(name, HELP, **wrong)

    assert answer.status_code == 401
    assert not Heard.objects.exists() and slack.calls == []


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-299, 200), (299, 200), (301, 401)])
def test_only_the_last_five_minutes_count(post, house, seconds, status):
    stamp = str(int(NOON.timestamp()) + seconds)

    assert post("commands", HELP, stamp=stamp).status_code == status


def test_a_body_changed_on_its_way_is_refused(post, slack):
    from chatops import signatures

    stamp = str(int(NOON.timestamp()))
    signed = signatures.of(HELP.encode(), stamp, SECRET)

    assert post("commands", HELP.replace("help", "ack"), signature=signed).status_code == 401


def test_a_replay_is_refused_and_nothing_happens_twice(inc, post, room):
    body = inc.body("note once", channel_id="C0INC")
    assert post("commands", body).status_code == 200
    again = post("commands", body)

    assert (again.status_code, again.json()["code"]) == (401, "replayed")
    assert room.timeline.filter(text="once").count() == 1


def test_what_was_heard_is_forgotten_only_after_the_window(post, house, clock):
    post("commands", HELP)
    clock.move_to(NOON + timedelta(minutes=9))
    assert once.forget() == 0
    clock.move_to(NOON + timedelta(minutes=11))

    assert once.forget() == 1
    assert not Heard.objects.exists()


def test_a_body_too_large_is_refused(post, slack):
    assert post("commands", "x" * (512 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("commands", "text=help"),
        ("commands", urlencode({"team_id": "a\x00b", "user_id": "U1", "text": "help"})),
        ("commands", "&".join(f"a{n}=1" for n in range(1500))),
        ("interactive", "payload=no"),
        ("interactive", ""),
        ("interactive", "payload=[]"),
        ("events", "{"),
        ("events", "[]"),
        ("events", b"\xff"),
    ],
)
def test_nonsense_with_a_right_signature_is_a_400(post, slack, name, body):
    assert post(name, body).status_code == 400


def test_no_token_of_a_form_is_asked_for(settings, slack, house):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post("/slack/commands", data=HELP, content_type="text/plain").status_code == 401
    assert strict.get("/slack/commands").status_code == 405


# People ------------------------------------------------------------------------------------------


def test_a_person_is_asked_for_once_a_day(inc, slack, house, alice, clock):
    inc("help")
    inc("status")
    assert len(slack.of("users.info")) == 1
    clock.move_to(NOON + timedelta(days=1, minutes=1))
    inc("help")

    assert len(slack.of("users.info")) == 2
    assert ChatUser.objects.get().user == alice


def test_an_unknown_person_is_told_what_to_do(inc, slack, room):
    slack.joins("UEVE", "eve@example.com")
    answer = inc("ack", who="UEVE", channel_id="C0INC")

    assert "eve@example.com" in answer and "Ask an admin to invite" in answer
    assert not ChatUser.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"is_email_confirmed": False}, "Confirm your e-mail address"),
        ({"team_id": "T0OTHER"}, "other Slack workspaces"),
        ({"is_stranger": True}, "other Slack workspaces"),
        ({"is_bot": True}, "Only people"),
        ({"deleted": True}, "Only people"),
        ({"profile": {}}, "users:read.email"),
        ({"profile": {"email": "alıce@example.com"}}, "knows nobody"),
    ],
    ids=str,
)
def test_an_address_that_proves_nothing_opens_nothing(inc, slack, room, fields, sentence):
    slack.joins("UEVE", "alice@example.com", **{"profile": {"email": "alice@example.com"}, **fields})
    answer = inc("ack", who="UEVE", channel_id="C0INC")

    assert sentence in answer
    room.refresh_from_db()
    assert room.acknowledged_at is None and not ChatUser.objects.exists()


def test_an_address_counts_in_any_case(inc, slack, house, alice):
    slack.joins("UA2", "Alice@Example.COM")
    inc("help", who="UA2")

    assert ChatUser.objects.get().user == alice


def test_a_person_who_was_switched_off_or_changed_their_address_loses_the_door(
    inc, slack, room, alice, clock
):
    inc("help")
    alice.is_active = False
    alice.save()
    assert "switched off" in inc("ack", channel_id="C0INC")
    slack.joins("UALICE", "elsewhere@example.com")
    clock.move_to(NOON + timedelta(days=2))

    assert "knows nobody" in inc("ack", channel_id="C0INC")
    assert not ChatUser.objects.exists()


def test_a_demotion_counts_at_once(inc, room, alice):
    inc("help")
    alice.role = Role.VIEWER
    alice.save()

    assert "This needs the role responder" in inc("ack", channel_id="C0INC")


def test_without_slack_known_people_go_on_and_others_are_told(inc, slack, room, alice, clock):
    inc("help")
    clock.move_to(NOON + timedelta(days=2))
    slack.is_away = True

    assert inc("ack", channel_id="C0INC").startswith("Acknowledged")
    assert "did not answer" in inc("ack", who="UBOB", channel_id="C0INC")


def test_without_a_bot_token_the_sentence_names_it(inc, settings, house):
    settings.SLACK_BOT_TOKEN = ""

    assert "SLACK_BOT_TOKEN" in inc("help")


# Buttons -----------------------------------------------------------------------------------------


@pytest.fixture
def press(post):
    count = iter(range(1000))

    def one(value, who="UALICE", action_id="acknowledge_page", **payload):
        words = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": who},
            "channel": {"id": "D0ALICE"},
            "trigger_id": str(next(count)),
            "message": {"ts": "1705932000.000100", "text": "SEV1 checkout &lt;fails&gt;"},
            "actions": [{"action_id": action_id, "type": "button", "value": str(value)}],
            **payload,
        }
        return post("interactive", urlencode({"payload": json.dumps(words)}))

    return one


@pytest.fixture
def page(opened, drain):
    opened(rank=1)
    drain()
    return Page.objects.get()


def test_the_button_acknowledges_the_page_and_the_message_says_who(press, slack, page, alice):
    assert press(page.pk).status_code == 200

    run = PageRun.objects.get()
    assert (run.status, run.acknowledged_by) == ("acknowledged", alice)
    assert run.incident.timeline.get(kind="acknowledged").via == "chat"
    [update] = slack.of("chat.update")
    [block] = json.loads(update["blocks"])
    assert (
        block["text"]["text"]
        == f"SEV1 checkout &lt;fails&gt;\n{run.incident.reference} acknowledged by Alice."
    )
    assert (update["channel"], update["ts"]) == ("D0ALICE", "1705932000.000100")


def test_a_page_in_slack_carries_the_button_that_answers_it(press, slack, opened, drain, alice):
    alice.contact_methods.create(kind="slack", address=alice.email, verified_at=NOON)
    opened(rank=1)
    drain()
    delivery.sweep()
    [posted] = slack.of("chat.postMessage")
    [button] = posted["blocks"][1]["elements"]
    press(button["value"], action_id=button["action_id"])

    assert "url" not in button
    assert PageRun.objects.get().acknowledged_by == alice


def test_where_slack_cannot_call_back_the_button_is_a_link(slack, opened, drain, alice, settings):
    settings.SLACK_SIGNING_SECRET = ""
    alice.contact_methods.create(kind="slack", address=alice.email, verified_at=NOON)
    opened(rank=1)
    drain()
    delivery.sweep()

    [posted] = slack.of("chat.postMessage")
    assert "/oncall/" in posted["blocks"][1]["elements"][0]["url"]


def test_the_second_one_hears_who_was_first(press, slack, page):
    press(page.pk)
    press(page.pk, who="UBOB")

    [said] = slack.of("chat.postEphemeral")
    assert said["text"] == "Alice has acknowledged this already."
    assert said["user"] == "UBOB"


def test_a_viewer_cannot_press_it(press, slack, page):
    press(page.pk, who="UVERA")

    assert PageRun.objects.get().status == "running"
    assert "responder" in slack.of("chat.postEphemeral")[0]["text"]


@pytest.mark.parametrize("value", ["0", "x", "", "9" * 30, "²"])
def test_a_page_that_is_none_is_said(press, slack, page, value):
    assert press(value).status_code == 200
    assert "gone" in slack.of("chat.postEphemeral")[0]["text"]


def test_a_private_page_is_gone_for_others(press, slack, opened, drain, bob, carol):
    opened(rank=1, is_private=True)
    drain()
    slack.joins("UCAROL", carol.email)
    press(Page.objects.get().pk, who="UCAROL")

    assert PageRun.objects.get().status == "running"
    assert "gone" in slack.of("chat.postEphemeral")[0]["text"]


def test_other_buttons_and_payloads_are_taken_in_silence(press, slack, page):
    assert press(page.pk, action_id="open_link").status_code == 200
    assert press(page.pk, type="view_closed").status_code == 200
    assert press(page.pk, actions=["x"]).status_code == 200
    assert slack.calls == [] and PageRun.objects.get().status == "running"


def test_a_slack_that_is_away_afterwards_costs_nothing_but_the_message(press, slack, page, alice):
    ChatUser.objects.create(team_id=TEAM, slack_id="UALICE", user=alice)
    slack.is_away = True

    assert press(page.pk).status_code == 200
    assert PageRun.objects.get().status == "acknowledged"


# Events ------------------------------------------------------------------------------------------


def test_slack_may_check_the_address(post, slack):
    answer = post("events", json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}))

    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1a"})


def pinned(who="UALICE", text="Errors began with v42", seconds=0, channel="C0INC", **message):
    ts = f"{int(NOON.timestamp()) + seconds}.000200"
    item = {"type": "message", "channel": channel, "message": {"ts": ts, "text": text, **message}}
    return {"type": "pin_added", "user": who, "channel_id": channel, "item": item}


def marked(who="UALICE", reaction="pushpin", seconds=0, channel="C0INC"):
    ts = f"{int(NOON.timestamp()) + seconds}.000200"
    item = {"type": "message", "channel": channel, "ts": ts}
    return {"type": "reaction_added", "user": who, "reaction": reaction, "item": item}


def told(incident):
    return list(incident.timeline.filter(kind="note_added").values_list("text", flat=True))


def test_a_pinned_message_becomes_a_note_at_its_own_time(happens, room, alice, bob, clock):
    ChatUser.objects.create(team_id=TEAM, slack_id="UBOB", user=bob)
    clock.move_to(NOON + timedelta(minutes=10))
    assert happens(pinned(text="<@UBOB> rolled &lt;v42&gt; back", seconds=120, user="UBOB")) == 200

    note = room.timeline.get(kind="note_added")
    assert (note.text, note.actor, note.via) == ("📌 @Bob rolled <v42> back", alice, "chat")
    assert (note.at, note.get("by")) == (NOON + timedelta(minutes=2), "Bob")


def test_an_older_message_is_noted_now(happens, room):
    happens(pinned(seconds=-3600))

    assert room.timeline.get(kind="note_added").at == NOON


def test_slacks_repetition_of_an_event_is_noted_once(happens, room):
    for sent in (1, 2, 3):
        assert happens(pinned(), sent=sent) == 200

    assert told(room) == ["📌 Errors began with v42"]


def test_a_message_that_is_pinned_and_marked_is_noted_once(happens, slack, room):
    happens(pinned())
    slack.messages["conversations.history", f"{int(NOON.timestamp())}.000200"] = {
        "ts": f"{int(NOON.timestamp())}.000200",
        "text": "Errors began with v42",
    }
    happens(marked(), event_id="Ev2")

    assert len(told(room)) == 1


@pytest.mark.parametrize("method", ["conversations.history", "conversations.replies"])
def test_a_reaction_fetches_the_words_also_in_a_thread(happens, slack, room, method):
    ts = f"{int(NOON.timestamp())}.000200"
    slack.messages[method, ts] = {"ts": ts, "text": "Cache is cold", "user": "UBOB"}
    happens(marked())

    assert told(room) == ["📌 Cache is cold"]


def test_a_neighbouring_message_is_never_taken_for_the_marked_one(happens, slack, room):
    ts = f"{int(NOON.timestamp())}.000200"
    slack.messages["conversations.history", ts] = {"ts": "1.0", "text": "Something else"}
    happens(marked())

    assert told(room) == []


def test_other_reactions_channels_and_our_own_pins_are_nothing(happens, slack, room):
    happens(marked(reaction="tada"), event_id="Ev2")
    happens(pinned(channel="C0LUNCH"), event_id="Ev3")
    happens(pinned(who="UTOCSIN"), event_id="Ev4")
    happens({"type": "message", "text": "hi"}, event_id="Ev5")
    happens({"type": "pin_added", "item": "x"}, event_id="Ev6")
    happens(pinned(), event_id="Ev7", authorizations="x")

    assert told(room) == [] and slack.calls == []


def test_while_slack_is_away_the_event_waits(happens, slack, room, drain, clock):
    slack.is_away = True
    assert happens(pinned()) == 200
    assert told(room) == []
    slack.is_away = False
    clock.shift(600)
    drain()

    assert told(room) == ["📌 Errors began with v42"]


def test_slack_is_answered_before_it_is_asked_anything(happens, slack, room, drain):
    assert happens(pinned(), worked=False) == 200
    assert slack.calls == [] and told(room) == []
    drain()

    assert len(told(room)) == 1


def test_a_retry_is_worked_on_once_also_with_another_signature(happens, room, drain, clock):
    for retry in ("", "1", "2", "3"):
        headers = {"X-Slack-Retry-Num": retry, "X-Slack-Retry-Reason": "http_timeout"} if retry else {}
        assert happens(pinned(), worked=retry == "3", headers=headers) == 200
        clock.shift(60)
    happens(pinned(), headers={"X-Slack-Retry-Num": "3"})

    assert len(told(room)) == 1


def test_a_pin_by_somebody_who_may_not_write_is_answered_in_the_channel(happens, slack, room):
    happens(pinned(who="UVERA"))

    assert told(room) == []
    assert "responder" in slack.of("chat.postEphemeral")[0]["text"]


def test_a_pin_in_a_private_channel_by_an_outsider_stays_there(happens, slack, opened, bob, carol):
    slack.joins("UCAROL", carol.email)  # Those on the ladder are let in when they are paged.
    secret = opened(actor=person(bob), is_private=True, declare=True)
    ChatRoom.objects.create(incident=secret, channel_id="C0SECRET", name=secret.channel_name)
    happens(pinned(channel="C0SECRET", who="UCAROL"))

    assert told(secret) == []
    happens(pinned(channel="C0SECRET", who="UBOB"), event_id="Ev2")
    assert len(told(secret)) == 1


def test_a_long_message_is_cut_and_an_empty_one_left_out(happens, room):
    happens(pinned(text="x" * 20_000))
    happens(pinned(text="", seconds=5), event_id="Ev2")

    [note] = told(room)
    assert 3_000 < len(note) < 4_000


def test_a_command_that_is_repeated_with_a_new_signature_is_said_once(inc, post, room, clock):
    body = inc.body("note once", channel_id="C0INC")
    post("commands", body)
    clock.shift(4)
    answer = post(
        "commands", body, headers={"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    )

    assert (answer.status_code, "taken before" in answer.json()["text"]) == (200, True)
    assert told(room) == ["once"]


def test_a_refused_command_may_be_sent_again(inc, post, room):
    body = inc.body("note ", channel_id="C0INC")
    assert post("commands", body).json()["text"] == "Write the note first."
    again = post("commands", body + "&again=1")

    assert again.json()["text"] == "Write the note first."


@pytest.mark.parametrize("typed", ["help", "declare", "role tl <@UBOB>"])
def test_a_slack_that_hangs_is_not_waited_for_longer_than_it_waits_for_us(inc, slack, room, typed):
    slack.fail("hang", "hang", "hang")
    began = perf_counter()
    answer = inc(typed, channel_id="C0INC")

    assert answer == "Slack did not answer Tocsin in time. Try again."
    assert perf_counter() - began < 15  # The stand-in hangs for 30.


def test_an_event_is_answered_while_slack_hangs(happens, slack, room):
    slack.fail("hang")
    began = perf_counter()

    assert happens(pinned(), worked=False) == 200
    assert perf_counter() - began < 15  # The stand-in hangs for 30.
