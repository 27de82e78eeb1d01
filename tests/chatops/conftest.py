"""Slack's stand-in, and signed requests as Slack sends them."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils.timezone import now

from accounts.actors import person, system
from catalog.models import Service, Team
from chatops import signatures
from incidents import defaults, lifecycle
from incidents.models import Severity
from notifications.models import ChatRoom
from oncall.models import Coverage, Policy, Step, Target
from tests.standins.slack import TEAM, Workspace, check_blocks

NOON = datetime(2024, 1, 22, 14, 0, tzinfo=UTC)  # A Monday.
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture
def slack(settings, alice, bob, vera):
    workspace = Workspace()
    settings.SLACK_SIGNING_SECRET = SECRET
    settings.SLACK_BOT_TOKEN = "xoxb-test"
    settings.SLACK_API_URL = workspace.url
    for user in (alice, bob, vera):
        workspace.joins(f"U{user.name.upper()}", user.email)
    yield workspace
    workspace.stop()
    assert workspace.refusals() == []


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def post(client, clock):
    """A request with its signature; the parts of it can be wrong."""

    def send(name, body, *, stamp=None, secret=SECRET, signature=None, headers=None):
        raw = body.encode() if isinstance(body, str) else body
        at = str(int(now().timestamp())) if stamp is None else stamp
        return client.post(
            f"/slack/{name}",
            data=raw,
            content_type="application/x-www-form-urlencoded",
            headers={
                "X-Slack-Request-Timestamp": at,
                "X-Slack-Signature": signature or signatures.of(raw, at, secret),
                **(headers or {}),
            },
        )

    return send


class Typed:
    """``/inc …`` as somebody types it somewhere; the answer's text."""

    def __init__(self, post, slack):
        self.post, self.slack = post, slack

    def __call__(self, text, **place):
        return self.whole(text, **place)["text"]

    def whole(self, text, **place):
        """The answer with its blocks, which Slack would take."""
        answer = self.post("commands", self.body(text, **place))
        assert answer.status_code == 200, answer.content
        said = answer.json()
        assert said["response_type"] == "ephemeral" and 0 < len(said["text"]) <= 40_000
        check_blocks(said.get("blocks", []), "message")
        return said

    def body(self, text, *, who="UALICE", channel="", channel_id="C0GENERAL", trigger=None):
        return urlencode(
            {
                "team_id": TEAM,
                "user_id": who,
                "command": "/inc",
                "text": text,
                "channel_id": channel_id,
                "channel_name": channel or "general",
                "trigger_id": self.slack.trigger() if trigger is None else trigger,
            }
        )


@pytest.fixture
def inc(post, slack):
    return Typed(post, slack)


@pytest.fixture
def house(slack, alice, bob, clock):
    """Checkout, which Alice answers for, then Bob; and the service for everything else."""
    defaults.install()
    team = Team.objects.create(slug="payments", name="Payments", time_zone="UTC")
    Service.objects.create(slug="unsorted", name="Unsorted", team=team, is_catch_all=True)
    checkout = Service.objects.create(slug="checkout", name="Checkout", team=team)
    ladder = Policy.objects.create(name="Payments")
    for position, user in enumerate((alice, bob)):
        step = Step.objects.create(policy=ladder, position=position, delay=timedelta(minutes=5 * position))
        Target.objects.create(step=step, kind="person", person=user)
    Coverage.objects.create(service=checkout, policy=ladder)
    return checkout


@pytest.fixture
def opened(house):
    def open_one(rank=2, *, actor=None, **words):
        return lifecycle.open_incident(
            **{
                "title": "Checkout fails",
                "actor": actor or system(),
                "service_ids": [house.pk],
                "severity": Severity.objects.get(rank=rank),
                **words,
            }
        )

    return open_one


@pytest.fixture
def room(opened, bob, slack):
    """A declared incident with its channel."""
    incident = opened(actor=person(bob), declare=True)
    ChatRoom.objects.create(incident=incident, channel_id="C0INC", name=incident.channel_name)
    slack.exists("C0INC", incident.channel_name, members=["UALICE", "UBOB", "UVERA"])
    return incident


@pytest.fixture
def happens(post, drain):
    def one(event, event_id="Ev1", *, worked=True, headers=None, **fields):
        words = {
            "type": "event_callback",
            "team_id": TEAM,
            "event_id": event_id,
            "event_time": int(now().timestamp()),
            "authorizations": [{"team_id": TEAM, "user_id": "UTOCSIN", "is_bot": True}],
            "event": event,
            "sent": fields.pop("sent", 1),
            **fields,
        }
        status = post("events", json.dumps(words), headers=headers).status_code
        if worked:
            drain()
        return status

    return one


@pytest.fixture
def press(post, slack):
    """A button is pressed; what the presser is told, as text. ``shown`` says on what the button stood."""

    def pressed(action, *, who="UALICE", trigger=None, channel="C0INC", **shown):
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": who},
            "channel": {"id": channel},
            "trigger_id": slack.trigger() if trigger is None else trigger,
            "actions": [action],
            **shown,
        }
        answer = post("interactive", urlencode({"payload": json.dumps(payload)}))
        assert answer.status_code == 200
        whispers = slack.of("chat.postEphemeral")
        return whispers[-1]["text"] if whispers else ""

    return pressed


@pytest.fixture
def filled(post, slack):
    """The form that was opened last is sent, filled in; what Slack is answered."""

    def send(*, who="UALICE", **typed):
        view = json.loads(slack.of("views.open")[-1]["view"])
        blocks = {block["block_id"]: block["element"] for block in view["blocks"] if "element" in block}
        assert set(typed) <= set(blocks), set(blocks)
        values = {name: {name: _typed(blocks[name], value)} for name, value in typed.items()}
        sent = {**view, "id": f"V{len(slack.calls)}", "state": {"values": values}}
        payload = {"type": "view_submission", "team": {"id": TEAM}, "user": {"id": who}, "view": sent}
        return post("interactive", urlencode({"payload": json.dumps(payload)})).json()

    return send


def _typed(element, value):
    """The state of one field; a choice has to be one that was offered."""
    kind = element["type"]
    if kind == "plain_text_input":
        return {"type": kind, "value": value}
    if kind == "users_select":
        return {"type": kind, "selected_user": value}
    offered = {option["value"]: option for option in element["options"]}
    if kind == "static_select":
        return {"type": kind, "selected_option": offered[value]}
    return {"type": kind, "selected_options": [offered[one] for one in value]}


def buttons(said):
    """The buttons of an answer by their labels; the last of a label counts."""
    found = {}
    for block in said.get("blocks", []):
        for one in [*block.get("elements", []), block.get("accessory") or {}]:
            if one.get("type") == "button":
                found[one["text"]["text"]] = one
    return found
