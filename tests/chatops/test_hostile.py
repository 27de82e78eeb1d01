"""The Slack door attacked: what is signed and odd, repeated or meant for another ends in an answer."""

import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.actors import person
from chatops import once
from chatops.commands import COMMANDS
from chatops.models import Heard
from incidents import people
from incidents.doorways import DOORS
from incidents.models import Incident
from tests.standins.slack import TEAM

pytestmark = pytest.mark.django_db
HERE = {"channel_id": "C0INC"}
ODD = [
    "", " ", "\x00", "\u202e\u200b", "\ufffe", "x" * 70_000, "<" * 5_000, "<@" * 5_000, "&amp;" * 3_000,
    "<!channel>", "<@UALICE|" + "|" * 3_000, "'\"; DROP TABLE x;--", "{{7*7}}", "%(number)s %s", "-1",
    "9" * 400, "٣", "²", "INC-", "INC-9999999999999999999999", "#", "@", "me", "@@", "0001-01-01 00:00",
    "9999-12-31 23:59", "99:99", "1.1.1", "1:" + "x" * 300, "done", "done 9" + "9" * 30,
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_odd_word_breaks_a_command(inc, room, name):
    before = Incident.objects.get(pk=room.pk).status
    shapes = ("{0} {1}", "{0} 1 {1} {1}", "{0} {1} 14:00 why")
    # Each command gets every other word, its neighbour the rest.
    for place, odd in enumerate(ODD[sorted(COMMANDS).index(name) % 2 :: 2]):
        typed = shapes[place % len(shapes)].format(name, odd)
        assert inc(typed, trigger="", **HERE), typed[:60]

    assert before == "active" and Incident.objects.filter(pk=room.pk).exists()


@pytest.mark.parametrize("name", sorted(DOORS))
def test_no_odd_word_breaks_a_form(post, room, name):
    elements = [
        lambda odd: {"value": odd},
        lambda odd: {"selected_option": {"value": odd}},
        lambda odd: {"selected_options": [{"value": odd}, odd, None]},
        lambda odd: {"selected_user": odd},
        lambda odd: odd,
        lambda odd: {"value": {"value": odd}},
        lambda odd: {"value": 7, "selected_option": [odd], "selected_options": {}, "selected_user": None},
    ]
    fields = DOORS[name].form.base_fields
    for place, odd in enumerate(odd for odd in ODD[::2] if "\x00" not in odd):
        values = {field: {field: elements[place % len(elements)](odd)} for field in fields}
        view = {"id": f"V{name}{place}", "callback_id": "say", "private_metadata": f"{name} {room.number}"}
        payload = {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": "UALICE"},
            "view": {**view, "state": {"values": values}},
        }
        answer = post("interactive", urlencode({"payload": json.dumps(payload)}))
        assert answer.status_code == 200 and answer.json()["response_action"] in ("errors", "clear"), odd[:40]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=8)
    | st.sampled_from(["say:ack", "say:task", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
PARTS = ("team", "user", "channel", "actions", "view", "trigger_id", "container", "response_url", "message")


@given(
    kind=st.sampled_from(["block_actions", "view_submission", "event_callback", "other"]),
    parts=st.dictionaries(st.sampled_from(PARTS), JSON, max_size=6),
    callback=st.sampled_from(["say", "declare", "other"]),
)
@example(kind="block_actions", parts={"actions": [{"action_id": "say:task", "value": None}]}, callback="say")
@example(kind="view_submission", parts={"team": [], "user": "U"}, callback="say")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_shape_a_payload_has_it_is_answered(post, house, kind, parts, callback):
    view = parts.get("view")
    payload = {
        "type": kind,
        **parts,
        "view": {**(view if isinstance(view, dict) else {}), "callback_id": callback},
    }
    Heard.objects.all().delete()
    for door, body in (
        ("interactive", urlencode({"payload": json.dumps(payload)})),
        ("events", json.dumps(payload)),
    ):
        assert post(door, body).status_code in (200, 400, 403, 503), (door, payload)

    assert not Incident.objects.exists()


@pytest.mark.parametrize("trigger", ["x" * 200, "\x00", "\ufffe" * 190, "💥" * 199])
def test_a_trigger_of_any_shape_is_remembered(inc, room, trigger):
    assert inc("note once", trigger=trigger, **HERE).startswith("Noted")
    assert inc("note twice", trigger=trigger, **HERE).startswith("This very request was taken before.")
    assert room.timeline.filter(kind="note_added").count() == 1


def test_keys_that_are_cut_alike_are_still_two(db):
    from datetime import timedelta

    keys = ["x" * 300 + "a", "x" * 300 + "b", "x\x00", "x"]

    assert [once.first_time(key, keep=timedelta(1)) for key in keys * 2] == [True] * 4 + [False] * 4


def test_who_was_put_out_of_a_private_incident_presses_old_buttons_in_vain(
    inc, press, filled, room, alice, bob
):
    inc("redact", **HERE)
    people.make_private(room.pk, actor=person(bob), reason="names")
    before = room.timeline.count()
    for name in ("ack", "role", "update", "mitigation", "runbook", "task", "mitigate", "resolve"):
        said = press({"type": "button", "action_id": f"say:{name}", "value": f"{room.number} done 1"})
        assert said == f"There is no {room.reference}."
    assert filled(event_number="1", reason="x")["errors"]["event_number"] == f"There is no {room.reference}."

    assert room.timeline.count() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"team_id": "T0OTHER"},
        {"is_stranger": True},
        {"team_id": "T0OTHER", "enterprise_user": {"teams": ["T0X"]}},
    ],
    ids=["another workspace", "stranger", "another enterprise"],
)
def test_a_guest_of_a_shared_channel_presses_and_fills_in_vain(press, filled, inc, slack, room, fields):
    slack.joins("UGUEST", "alice@example.com", **fields)
    inc("sev", **HERE)
    said = press({"type": "button", "action_id": "say:ack", "value": str(room.number)}, who="UGUEST")

    assert "People of other Slack workspaces" in said
    assert "People of other Slack workspaces" in filled(who="UGUEST", reason="x")["errors"]["reason"]
    room.refresh_from_db()
    assert room.acknowledged_at is None


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/x", "https://hooks.slack.com.evil.example/x", "https://hooks.slack.com@evil.example/",
        "file:///etc/passwd", "http://127.0.0.1:1/", "//evil.example", "https://evil.example/https://hooks.slack.com/",
        {"url": "https://hooks.slack.com/"},
    ],
    ids=str,
)  # fmt: skip
def test_an_answer_goes_to_no_address_but_slacks(press, slack, room, url, monkeypatch):
    asked = []
    monkeypatch.setattr("slack_sdk.webhook.client.WebhookClient.send", lambda *a, **k: asked.append(a))
    button = {"type": "button", "action_id": "say:task", "value": f"{room.number} "}

    assert press(button, container={"is_ephemeral": True}, response_url=url)
    assert asked == []


def test_a_deep_or_twice_named_payload_is_refused(post, slack):
    deep = "[" * 5_000 + "]" * 5_000
    for bad in (
        deep,
        '{"a": ' * 200 + "1" + "}" * 200,
        '{"type": "x", "type": "y"}',
        '{"n": 1e999}',
        '{"a": "\\ud800"}',
    ):
        assert post("interactive", f"payload={quote(bad)}").status_code == 400
        assert post("events", bad).status_code == 400
