"""The stand-in refuses what Slack refuses; else a story that passes here would fail there."""

import json

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from chatops import asking

pytestmark = pytest.mark.django_db


def section(text="x", **fields):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **fields}


def button(text="Go", value="1"):
    element = {"type": "button", "text": {"type": "plain_text", "text": text}, "value": value}
    return {"type": "actions", "elements": [element]}


def modal(title="Declare", blocks=None):
    return {"type": "modal", "title": {"type": "plain_text", "text": title}, "blocks": blocks or [section()]}


def error(slack, method, **words):
    """What it answers as error, or nothing."""
    client = WebClient(token="xoxb-test", base_url=slack.url, retry_handlers=[])
    try:
        client.api_call(method, json=words)
    except SlackApiError as refused:
        return refused.response["error"]
    return ""


@pytest.fixture
def talk(slack):
    slack.exists("C0TALK", "talk")

    def say(*blocks):
        return error(slack, "chat.postMessage", channel="C0TALK", text="x", blocks=list(blocks))

    return say


@pytest.mark.parametrize(
    ("fits", "too_much"),
    [
        ([section()] * 50, [section()] * 51),
        ([section("x" * 3_000)], [section("x" * 3_001)]),
        ([section()], [section("")]),
        ([button("x" * 75)], [button("x" * 76)]),
        ([button(value="x" * 2_000)], [button(value="x" * 2_001)]),
        ([section(block_id="a"), section(block_id="b")], [section(block_id="a"), section(block_id="a")]),
    ],
    ids=["blocks", "section", "empty", "button", "value", "block ids"],
)
def test_blocks_have_bounds(talk, fits, too_much):
    assert (talk(*fits), talk(*too_much)) == ("", "invalid_blocks")


def test_channels_have_names_topics_and_an_end(slack):
    assert error(slack, "conversations.create", name="x" * 80) == ""
    assert error(slack, "conversations.create", name="x" * 81) == "invalid_name_maxlength"
    assert error(slack, "conversations.create", name="Über") == "invalid_name_specials"
    assert error(slack, "conversations.create", name="x" * 80) == "name_taken"
    (channel,) = slack.channels
    assert error(slack, "conversations.setTopic", channel=channel, topic="x" * 251) == "too_long"
    assert error(slack, "conversations.archive", channel=channel) == ""
    assert error(slack, "chat.postMessage", channel=channel, text="x") == "is_archived"
    assert error(slack, "conversations.archive", channel=channel) == "already_archived"


def test_a_view_has_a_short_title_and_its_trigger_opens_one_within_three_seconds(slack, clock):
    first, late = slack.trigger(), slack.trigger()
    assert error(slack, "views.open", trigger_id=first, view=modal("x" * 25)) == "invalid_blocks"
    fresh = slack.trigger()
    assert error(slack, "views.open", trigger_id=fresh, view=modal("x" * 24)) == ""
    assert error(slack, "views.open", trigger_id=fresh, view=modal()) == "exchanged_trigger_id"
    assert error(slack, "views.open", trigger_id="made up", view=modal()) == "invalid_trigger_id"
    clock.shift(3.1)
    assert error(slack, "views.open", trigger_id=late, view=modal()) == "expired_trigger_id"


def test_one_call_too_many_is_told_to_wait(slack):
    slack.slow_down(17)
    client = WebClient(token="xoxb-test", base_url=slack.url, retry_handlers=[])
    with pytest.raises(SlackApiError) as limited:
        client.api_call("users.info", json={"user": "UALICE"})

    assert limited.value.response.status_code == 429
    assert {k.lower(): v for k, v in limited.value.response.headers.items()}["retry-after"] == "17"


def test_being_told_to_wait_is_said_and_nothing_sleeps(inc, slack, house):
    slack.slow_down()

    assert inc("help") == "Slack did not answer Tocsin in time. Try again."


def test_a_command_that_is_too_old_for_its_form_says_so(slack, clock):
    trigger = slack.trigger()
    clock.shift(4)
    with pytest.raises(asking.Said) as said:
        asking.ask("views.open", trigger_id=trigger, view=json.dumps(modal()))

    assert said.value.word == "expired_trigger_id"
