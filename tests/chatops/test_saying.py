"""The buttons of a channel's summary say the commands, with the same rights and refusals."""

import json
from urllib.parse import urlencode

import pytest

from accounts.actors import person
from incidents import lifecycle, roles
from notifications import delivery
from notifications.models import ChatRoom
from tests.standins.slack import TEAM

pytestmark = pytest.mark.django_db


@pytest.fixture
def summary(slack, opened, drain, bob):
    """A declared incident and the pinned message of its channel."""
    incident = opened(actor=person(bob), declare=True)
    drain()
    while delivery.sweep():
        drain()
    kept = slack.channels[ChatRoom.objects.get(incident=incident).channel_id]
    pinned = next(m for m in kept["messages"] if m["ts"] == kept["pins"][0])
    return incident, {e["action_id"]: e for block in pinned["blocks"][1:] for e in block["elements"]}


@pytest.fixture
def send(post):
    def sent(metadata, text, *, who="UALICE", view_id="V1"):
        state = {"values": {"text": {"text": {"type": "plain_text_input", "value": text}}}}
        view = {"id": view_id, "callback_id": "say", "private_metadata": metadata, "state": state}
        payload = {"type": "view_submission", "team": {"id": TEAM}, "user": {"id": who}, "view": view}
        return post("interactive", urlencode({"payload": json.dumps(payload)})).json()

    return sent


def test_the_summary_carries_the_vital_verbs(summary):
    incident, buttons = summary

    names = ("ack", "role", "update", "mitigation", "runbook", "mitigate", "resolve")
    assert list(buttons) == [f"say:{name}" for name in names]
    assert {button["value"] for button in buttons.values()} == {str(incident.number)}


def test_acknowledge_and_take_command_are_said_at_once(press, summary, alice):
    incident, buttons = summary
    assert press(buttons["say:ack"]).startswith("Acknowledged")
    assert "Incident Commander: Alice" in press(buttons["say:role"])

    incident.refresh_from_db()
    assert (incident.acknowledged_by, roles.holders(incident)) == (alice, {"incident_commander": alice})


def test_a_press_that_slack_tells_of_twice_is_said_once(press, summary, slack, clock):
    incident, buttons = summary
    trigger = slack.trigger()
    press(buttons["say:role"], trigger=trigger)
    clock.shift(3)
    before = incident.timeline.count()

    assert "taken before" in press(buttons["say:role"], trigger=trigger)
    assert incident.timeline.count() == before


@pytest.mark.parametrize(
    ("name", "status"), [("update", "active"), ("mitigate", "mitigated"), ("resolve", "resolved")]
)
def test_the_others_ask_for_a_text_and_say_it(press, send, summary, slack, name, status):
    incident, buttons = summary
    press(buttons[f"say:{name}"])
    view = json.loads(slack.of("views.open")[-1]["view"])
    assert send(view["private_metadata"], "Rolled back\nv42") == {"response_action": "clear"}

    incident.refresh_from_db()
    assert incident.status == status
    assert incident.timeline.filter(text="Rolled back\nv42", via="chat").exists()


def test_a_refusal_stands_beside_the_text_and_the_form_may_be_sent_again(send, summary):
    incident, _buttons = summary
    answer = send(f"update {incident.number}", "")
    assert answer["response_action"] == "errors" and "required" in answer["errors"]["text"]
    send(f"update {incident.number}", "Still looking")
    send(f"update {incident.number}", "Still looking")

    assert incident.timeline.filter(kind="update_posted").count() == 1


def test_a_viewer_hears_why_not(press, send, summary):
    incident, buttons = summary

    assert "role responder" in press(buttons["say:ack"], who="UVERA")
    assert "role responder" in send(f"resolve {incident.number}", "x", who="UVERA")["errors"]["text"]
    incident.refresh_from_db()
    assert incident.status == "active" and not incident.acknowledged_at


@pytest.mark.parametrize("metadata", ["", "dismiss 1", "update", "update x", "update 999999"])
def test_a_form_that_was_made_up_does_nothing(send, summary, metadata):
    incident, _buttons = summary
    before = incident.timeline.count()

    assert send(metadata, "x")["response_action"] == "errors"
    assert incident.timeline.count() == before


def test_of_a_private_incident_the_button_does_not_even_say_that_it_exists(press, opened, bob):
    secret = opened(title="Mallory reads our mail", actor=person(bob), is_private=True)
    action = {"action_id": "say:ack", "value": str(secret.number), "type": "button"}

    assert press(action) == f"There is no {secret.reference}."
    assert lifecycle.acknowledge(secret.pk, actor=person(bob)).acknowledged_by == bob
