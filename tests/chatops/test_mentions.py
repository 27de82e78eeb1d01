"""Commands without the slash, shortcuts, what is taken off again, and what Slack does to a channel."""

import json
from urllib.parse import urlencode

import pytest

from accounts.actors import person
from incidents import notes
from notifications.models import ChatRoom
from tests.chatops.conftest import SECRET
from tests.standins.slack import TEAM

pytestmark = pytest.mark.django_db
TS = "1705932000.000200"


def said(text, who="UALICE", channel="C0INC", **fields):
    return {"type": "app_mention", "user": who, "channel": channel, "text": text, "ts": TS, **fields}


def direct(text, who="UALICE", **fields):
    return said(text, who, f"D{who}", **{"type": "message", "channel_type": "im", **fields})


def last(room):
    return room.timeline.last()


# Mentions and direct messages --------------------------------------------------------------------


def test_a_mention_is_a_command_answered_to_the_asker_alone(happens, slack, room, alice):
    happens(said("<@UTOCSIN> update Half of the pods are up."))

    assert (last(room).text, last(room).actor, last(room).via) == ("Half of the pods are up.", alice, "chat")
    (whisper,) = slack.of("chat.postEphemeral")
    assert (whisper["user"], whisper["channel"]) == ("UALICE", "C0INC") and "Update posted" in whisper["text"]


def test_only_the_apps_own_name_is_left_out(happens, room, bob):
    happens(said("<@UTOCSIN|tocsin>: task <@UBOB> Look at the cache"))

    assert room.tasks.get().owner == bob


def test_a_direct_message_is_a_command_too(happens, slack, room):
    happens(direct(f"{room.reference} status"))

    (answer,) = slack.direct
    assert answer["channel"] == "DUALICE" and room.title in answer["text"]
    assert not slack.of("chat.postEphemeral")


def test_a_list_with_buttons_comes_by_direct_message_too(happens, slack, room):
    happens(direct(f"{room.reference} task Look at it"))

    assert slack.direct[0]["blocks"]


def test_a_mention_that_slack_repeats_is_said_once(happens, slack, room):
    happens(said("<@UTOCSIN> note Once"))
    happens(said("<@UTOCSIN> note Once"), sent=2, headers={"X-Slack-Retry-Num": "1"})

    assert room.timeline.filter(text="Once").count() == 1 and len(slack.of("chat.postEphemeral")) == 1


@pytest.mark.parametrize(
    "event",
    [
        said("<@UTOCSIN> note x", who="UTOCSIN"),
        said("<@UTOCSIN> note x", bot_id="B1"),
        direct("note x", subtype="message_changed"),
        direct("note x", channel_type="channel"),
        direct("note x", who=""),
    ],
    ids=["ourselves", "a machine", "an edit", "another channel", "nobody"],
)
def test_what_is_not_said_to_the_app_by_a_person_is_nothing(happens, slack, room, drain, event):
    drain()
    before = room.timeline.count()
    assert happens(event) == 200

    assert room.timeline.count() == before and not slack.direct


def test_nothing_private_is_told_to_who_asks_by_name(happens, slack, opened, drain, bob):
    secret = opened(title="Mallory reads our mail", actor=person(bob), declare=True, is_private=True)
    happens(direct(f"{secret.reference} status", who="UVERA"))
    asked = said(f"<@UTOCSIN> {secret.reference} timeline", who="UVERA", channel="C0GENERAL")
    happens(asked, event_id="Ev2")

    assert "Mallory" not in json.dumps(slack.calls)
    assert f"There is no {secret.reference}." in slack.direct[0]["text"]


def test_an_unknown_person_reads_what_to_do(happens, slack, room):
    slack.joins("UNEW", "new@example.com")
    happens(direct("status", who="UNEW"))

    assert "Tocsin knows nobody with the address new@example.com" in slack.direct[0]["text"]


def test_small_talk_is_answered_with_where_the_help_is(happens, slack, room):
    happens(said("<@UTOCSIN> thanks!"))

    assert "help" in slack.of("chat.postEphemeral")[0]["text"]


def test_who_is_not_in_the_channel_is_answered_by_direct_message(press, slack, room):
    slack.channels["C0INC"]["members"].clear()
    press({"type": "button", "action_id": "say:ack", "value": f"{room.number}"})

    assert "Acknowledged" in slack.direct[0]["text"]


# Hints -------------------------------------------------------------------------------------------


def test_an_update_that_guesses_is_posted_and_its_answer_has_the_hint(inc, room):
    answer = inc("update It is probably DNS.", channel_id="C0INC")

    assert last(room).text == "It is probably DNS."
    assert "“probably” guesses." in answer
    assert "💡" not in inc("update 34 of 90 requests fail.", channel_id="C0INC")


# Taken off ---------------------------------------------------------------------------------------


def pinned(kind="pin_added", **fields):
    item = {"type": "message", "channel": "C0INC", "ts": TS, "message": {"text": "It was v42", "ts": TS}}
    return {"type": kind, "user": "UBOB", "channel_id": "C0INC", "item": item, **fields}


def test_a_pin_that_is_taken_off_is_one_more_note_and_may_come_back(happens, room):
    happens(pinned())
    number = last(room).number
    happens(pinned("pin_removed"), event_id="Ev2")
    assert last(room).text == f"📌 was taken off event {number}."
    happens(pinned("pin_removed"), event_id="Ev2", sent=2)
    happens(pinned(), event_id="Ev3")

    notes_ = list(room.timeline.filter(kind="note_added").values_list("text", flat=True))
    assert notes_ == ["📌 It was v42", f"📌 was taken off event {number}.", "📌 It was v42"]


def test_a_reaction_that_is_taken_off_is_noted_with_its_message_fetched(happens, slack, room):
    slack.channels["C0INC"]["messages"].append({"ts": TS, "text": "It was v42", "user": "UBOB"})
    mark = {"user": "UBOB", "reaction": "pushpin", "item": {"type": "message", "channel": "C0INC", "ts": TS}}
    happens({"type": "reaction_added", **mark})
    happens({"type": "reaction_removed", **mark}, event_id="Ev2")

    assert last(room).text.startswith("📌 was taken off event")


def test_what_was_never_noted_or_is_redacted_is_not_taken_off(happens, room, alice):
    happens(pinned("pin_removed"))
    assert last(room).kind != "note_added"
    happens(pinned(), event_id="Ev2")
    notes.redact(room.pk, actor=person(alice), event_number=last(room).number, reason="A secret")
    before = room.timeline.count()
    happens(pinned("pin_removed"), event_id="Ev3")

    assert room.timeline.count() == before


# Shortcuts ---------------------------------------------------------------------------------------


@pytest.fixture
def choose(post, slack, drain):
    def chosen(kind, callback, *, who="UALICE", trigger=None, **fields):
        payload = {
            "type": kind,
            "callback_id": callback,
            "team": {"id": TEAM},
            "user": {"id": who},
            "trigger_id": trigger or slack.trigger(),
            **fields,
        }
        answer = post("interactive", urlencode({"payload": json.dumps(payload)}))
        drain()
        return answer.status_code

    return chosen


def test_the_shortcut_opens_the_form_to_declare(choose, slack, house):
    assert choose("shortcut", "home_declare") == 200

    assert json.loads(slack.of("views.open")[0]["view"])["callback_id"] == "declare"


def test_where_it_does_not_open_a_direct_message_says_why(choose, slack, house):
    slack.joins("UNEW", "new@example.com")
    choose("shortcut", "home_declare", who="UNEW")

    assert "Tocsin knows nobody" in slack.direct[0]["text"]


def test_a_message_is_put_on_the_timeline_by_its_shortcut_once(choose, slack, room):
    message = {"type": "message", "text": "It was v42", "user": "UBOB", "ts": TS}
    told = {"channel": {"id": "C0INC", "name": "inc"}, "message": message, "message_ts": TS}
    trigger = slack.trigger()
    choose("message_action", "put_on_timeline", trigger=trigger, **told)
    choose("message_action", "put_on_timeline", **told)

    assert room.timeline.filter(text="📌 It was v42").count() == 1


def test_elsewhere_the_shortcut_says_that_there_is_no_incident(choose, slack, house):
    told = {"channel": {"id": "C0GENERAL"}, "message": {"text": "x", "ts": TS}, "message_ts": TS}
    choose("message_action", "put_on_timeline", **told)

    assert "belongs to no incident" in slack.direct[0]["text"]


# The channel in Slack ----------------------------------------------------------------------------


def test_a_channel_that_somebody_archives_renames_or_opens_again(happens, room):
    def kept():
        return ChatRoom.objects.get(incident=room)

    happens({"type": "channel_archive", "channel": "C0INC", "user": "UBOB"})
    assert kept().archived_at
    happens({"type": "channel_unarchive", "channel": "C0INC", "user": "UBOB"}, event_id="Ev2")
    assert kept().archived_at is None
    happens({"type": "channel_rename", "channel": {"id": "C0INC", "name": "inc-x"}}, event_id="Ev3")
    assert kept().name == "inc-x"
    happens({"type": "channel_deleted", "channel": "C0INC"}, event_id="Ev4")
    assert kept().archived_at
    happens({"type": "channel_rename", "channel": {"id": "C0OTHER", "name": "y"}}, event_id="Ev5")
    assert kept().name == "inc-x"


# Two secrets -------------------------------------------------------------------------------------


def test_two_secrets_are_right_while_one_is_exchanged(post, inc, slack, house, settings):
    settings.SLACK_SIGNING_SECRET = f"the-new-one, {SECRET}"
    body = inc.body("list", trigger="1.a")
    assert post("commands", body).status_code == 200
    assert post("commands", body, secret="the-new-one").status_code == 200
    assert post("commands", body, secret="the-new").status_code == 401
    settings.SLACK_SIGNING_SECRET = "the-new-one"

    assert post("commands", inc.body("list", trigger="2.a")).status_code == 401
