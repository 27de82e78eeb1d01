"""The REST door of incidents, as scripts use it."""

import json

import pytest

from accounts import tokens
from incidents.models import Incident
from tests.incidents.conftest import NOON, fresh


@pytest.fixture
def call(client, alice):
    """``call("post", "incidents/", {...}, as_=user)``."""
    keys: dict[int, str] = {}

    def request(method, path, data=None, *, as_=alice, scope="admin"):
        key = keys.setdefault(as_.pk, tokens.issue(as_, name="t", scope=scope)[1])
        body = data if isinstance(data, bytes) else json.dumps(data or {})
        options = {} if method == "get" else {"data": body, "content_type": "application/json"}
        return getattr(client, method)(
            f"/api/v1/{path}", headers={"Authorization": f"Bearer {key}"}, **options
        )

    return request


def test_open_declare_and_read(call, checkout, clock):
    answer = call(
        "post",
        "incidents/",
        {"title": "Pay fails", "severity": "SEV2", "services": ["checkout"], "declare": True},
    )
    body = answer.json()
    assert answer.status_code == 201
    assert (body["reference"], body["status"], body["severity"]) == ("INC-1", "active", "SEV2")
    assert body["channel_name"] == "inc-20240122-checkout"
    assert {row["kind"] for row in body["deadlines"]} >= {
        "response",
        "roles",
        "internal_update",
        "public_first",
    }
    assert call("get", "incidents/1/").json()["title"] == "Pay fails"
    assert [one["number"] for one in call("get", "incidents/?status=open").json()["results"]] == [1]


def test_the_verbs_in_order(call, opened, alice, bob):
    number = opened().number
    at = f"incidents/{number}"
    steps = [
        ("acknowledge/", {}),
        ("scope/", {"users_affected": 5000, "note": "EU only"}),
        ("severity/", {"severity": "SEV2", "reason": "one feature"}),
        ("declare/", {}),
        ("roles/", {"role": "incident_commander", "user": "alice@example.com"}),
        ("roles/", {"role": "technical_lead", "user": "bob@example.com", "brief": "v813"}),
        ("updates/", {"text": "Rolling back"}),
        ("notes/", {"text": "bad deploy", "kind": "cause_identified"}),
        ("mitigate/", {"text": "rolled back"}),
        ("resolve/", {}),
    ]
    for path, words in steps:
        answer = call("post", f"{at}/{path}", words)
        assert answer.status_code == 200, (path, answer.json())
    body = call("get", f"{at}/").json()
    assert (body["status"], body["users_affected"]) == ("resolved", 5000)
    assert body["roles"] == {"incident_commander": "alice@example.com", "technical_lead": "bob@example.com"}
    kinds = [event["kind"] for event in call("get", f"{at}/timeline/").json()["results"]]
    assert kinds[0] == "opened" and kinds[-1] == "resolved"


def test_refusals_carry_a_code_and_a_sentence(call, opened):
    number = opened(declare=True).number
    call("post", f"incidents/{number}/roles/", {"role": "incident_commander"})
    answer = call("post", f"incidents/{number}/roles/", {"role": "technical_lead"})

    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert answer.json()["code"] == "separation"
    assert answer.json()["detail"].endswith(".")
    assert call("post", f"incidents/{number}/close/").json()["code"] == "wrong_state"


@pytest.mark.parametrize(
    ("path", "words", "status"),
    [
        ("severity/", {"severity": "SEV9", "reason": "x"}, 400),
        ("severity/", {"severity": "SEV2"}, 400),
        ("mitigate/", {"at": "2020-01-01T00:00:00Z"}, 400),
        ("mitigate/", {"at": "2999-01-01T00:00:00Z"}, 400),
        ("updates/", {"text": " "}, 400),
        ("roles/", {"role": "king"}, 400),
        ("roles/", {"role": "scribe", "user": "nobody@example.com"}, 400),
        ("merge/", {"into": 999}, 404),
        ("page/", {"target": "nobody", "reason": "x"}, 400),
        ("corrections/", {"event": 77, "reason": "x", "text": "y"}, 404),
        ("resolve/", b'{"text": "half', 400),
        ("resolve/", b'{"text": "\\u0000"}', 400),
    ],
)
def test_bad_input_says_what_is_wrong_and_changes_nothing(call, opened, path, words, status):
    incident = opened(declare=True)
    before = (Incident.objects.filter(pk=incident.pk).values().get(), incident.timeline.count())
    answer = call("post", f"incidents/{incident.number}/{path}", words)

    assert answer.status_code == status
    assert answer.json()["detail"]
    assert (Incident.objects.filter(pk=incident.pk).values().get(), incident.timeline.count()) == before


def test_a_private_incident_is_not_there_for_others(call, opened, bob, act, alice):
    number = opened(is_private=True, actor=act(alice)).number
    for method, path in (("get", ""), ("get", "timeline/"), ("post", "mitigate/"), ("post", "acknowledge/")):
        assert call(method, f"incidents/{number}/{path}", as_=bob).status_code == 404
    assert call("get", "incidents/", as_=bob).json()["results"] == []


def test_a_read_token_reads_only(call, opened, bob):
    number = opened().number
    assert call("get", f"incidents/{number}/", as_=bob, scope="read").status_code == 200
    assert call("post", f"incidents/{number}/acknowledge/", as_=bob).status_code == 403
    assert fresh(Incident.objects.get(number=number)).acknowledged_at is None


def test_a_retrospective_incident_has_its_times(call, checkout, clock):
    answer = call(
        "post",
        "incidents/",
        {
            "title": "Night outage",
            "services": ["checkout"],
            "severity": "SEV2",
            "started_at": "2024-01-22T02:00:00Z",
            "retrospective": {"detected_at": "2024-01-22T02:05:00Z", "resolved_at": "2024-01-22T03:00:00Z"},
        },
    )
    body = answer.json()
    assert answer.status_code == 201, body
    assert (body["status"], body["detected_at"]) == ("resolved", "2024-01-22T02:05:00Z")
    assert [row["kind"] for row in body["deadlines"]] == ["postmortem"]


def test_severities_are_read_by_all_and_written_by_admins(call, sev, root, alice):
    assert [one["name"] for one in call("get", "severities/").json()["results"]] == [
        "SEV1",
        "SEV2",
        "SEV3",
        "SEV4",
    ]
    words = {"internal_update_every": "00:10:00"}
    assert call("patch", "severities/SEV1/", words).status_code == 403
    answer = call("patch", "severities/SEV1/", words, as_=root)
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert (
        call("patch", "severities/SEV1/", {"internal_update_every": "00:00:00"}, as_=root).status_code == 400
    )


def test_a_redacted_event_shows_no_words(call, opened):
    incident = opened()
    call("post", f"incidents/{incident.number}/notes/", {"text": "hunter2"})
    answer = call("post", f"incidents/{incident.number}/timeline/2/redact/", {"reason": "a secret"})

    assert answer.status_code == 200
    assert "hunter2" not in call("get", f"incidents/{incident.number}/timeline/").content.decode()
    assert incident.detected_at == NOON
