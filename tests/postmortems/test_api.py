"""The REST door: fields of the contract, refusals with a code, nothing of private incidents."""

from pathlib import Path

import pytest
from rest_framework.test import APIClient

from accounts import tokens
from postmortems.models import ActionItem, Postmortem

SAMPLE = (Path(__file__).parent / "sample.md").read_text(encoding="utf-8")
BASE = "/api/v1/postmortems/"


@pytest.fixture
def api():
    """A client with a token of that person."""

    def of(user, scope: str = "write") -> APIClient:
        _token, plaintext = tokens.issue(user, name="test", scope=scope)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {plaintext}")
        return client

    return of


def test_a_document_reads_with_the_fields_of_the_contract(opened, api, alice):
    postmortem = opened()
    [found] = api(alice).get(f"{BASE}?incident={postmortem.incident.number}").json()["results"]

    assert found["incident"] == postmortem.incident.number
    assert (found["date"], found["duration_seconds"], found["severity"]) == ("2024-01-22", 1500, "SEV1")
    assert found["authors"] == ["alice@example.com"]
    assert found["timeline"][0]["time"] == "14:00"
    for name in ("contributing_factors", "went_well", "went_poorly", "actions"):
        assert found[name] == []


def test_sections_are_patched_as_fields_and_lists(opened, api, alice, bob):
    address = f"{BASE}{opened().pk}/"
    body = {
        "summary": "A deploy broke checkout.",
        "contributing_factors": ["No canary", "Slow alert"],
        "users_affected": "~5,000",
        "authors": ["alice@example.com", "bob@example.com"],
    }
    answer = api(alice).patch(address, body)

    assert answer.status_code == 200, answer.json()
    got = api(alice).get(address).json()
    assert {name: got[name] for name in body} == body
    assert got["versions"]["summary"] == 1


def test_a_stale_version_is_refused_and_nothing_is_written(opened, api, alice):
    postmortem = opened()
    address = f"{BASE}{postmortem.pk}/"
    api(alice).patch(address, {"summary": "One"})
    answer = api(alice).patch(
        address, {"summary": "Two", "root_cause": "Because", "versions": {"summary": 0}}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "section_changed")
    postmortem.refresh_from_db()
    assert (postmortem.summary, postmortem.root_cause) == ("One", "")


@pytest.mark.parametrize(
    "body",
    [
        {"summary": ["a list"]},
        {"went_well": "no list"},
        {"authors": ["nobody@example.com"]},
        {"summary": "a\x00b"},
        {"sumary": "typo"},
        {"users_affected": "9" * 400},
    ],
)
def test_bad_input_is_a_400_that_says_what_is_wrong(opened, api, alice, body):
    answer = api(alice).patch(f"{BASE}{opened().pk}/", body)
    assert answer.status_code == 400 and answer.json()["detail"]


def test_markdown_leaves_and_comes(opened, api, alice, bob):
    address = f"{BASE}{opened().pk}/markdown/"
    done = api(alice).post(address, {"markdown": SAMPLE})
    assert done.status_code == 200, done.json()
    assert done.json()["postmortem"]["went_well"][1] == "Runbook was accurate"

    answer = api(alice).get(address)
    assert answer["Content-Type"].startswith("text/markdown")
    assert answer.content.decode().splitlines()[1:] == SAMPLE.splitlines()[1:]
    assert api(alice).post(address, {"markdown": "# nothing"}).json()["code"] == "bad_document"


def test_publishing_and_its_refusals(opened, api, alice):
    address = f"{BASE}{opened().pk}/"
    empty = api(alice).post(f"{address}publish/", {})
    assert (empty.status_code, empty.json()["code"]) == (409, "empty")
    api(alice).patch(address, {"summary": "It broke."})
    assert api(alice).post(f"{address}publish/", {}).json()["status"] == "published"
    public = api(alice).post(f"{address}publish/", {"visibility": "public"})
    assert public.json()["code"] == "no_public_text"


def test_opening_by_hand_waits_for_the_end_and_finds_what_is_there(outage, api, alice):
    incident = outage(severity="SEV3")
    first = api(alice).post(BASE, {"incident": incident.number, "summary": "Small."})
    again = api(alice).post(BASE, {"incident": incident.number})
    assert first.status_code == again.status_code == 201
    assert first.json()["id"] == again.json()["id"] and again.json()["summary"] == "Small."
    assert api(alice).post(BASE, {"incident": 999}).status_code == 404


def test_waiving_is_for_managers(opened, api, alice, mona):
    number = opened().incident.number
    body = {"incident": number, "reason": "Same as before"}
    assert api(alice).post(f"{BASE}waive/", body).status_code == 403
    done = api(mona, "admin").post(f"{BASE}waive/", body)
    assert done.status_code == 200 and done.json()["postmortem_waived_at"]


def test_actions_follow_the_contract(opened, api, alice, bob):
    postmortem = opened()
    body = {
        "postmortem": postmortem.pk,
        "title": "Add canary",
        "owner": "bob@example.com",
        "due": "2024-02-01",
        "kind": "detect",
        "priority": "high",
        "factor": "No canary",
        "ticket_url": "https://tickets.example.com/1",
        "status": "open",
    }
    made = api(alice).post("/api/v1/actions/", body)
    assert made.status_code == 201, made.json()
    assert {name: made.json()[name] for name in body} == body

    address = f"/api/v1/actions/{made.json()['id']}/"
    done = api(bob).patch(address, {"status": "done"}).json()
    assert (done["status"], done["is_overdue"], done["done_at"] is not None) == ("done", False, True)
    assert api(alice).get("/api/v1/actions/?status=open").json()["results"] == []


@pytest.mark.parametrize(
    "change",
    [{"status": "lost"}, {"owner": "x@example.com"}, {"due": "soon"}, {"priority": 7}, {"ticket_url": "x"}],
)
def test_a_bad_action_is_refused(opened, api, alice, change):
    body = {"postmortem": opened().pk, "title": "Add canary", **change}
    assert api(alice).post("/api/v1/actions/", body).status_code == 400
    assert not ActionItem.objects.exists()


def test_private_documents_and_their_actions_are_nowhere_for_others(opened, api, alice, bob):
    postmortem = opened(is_private=True)
    api(alice).post("/api/v1/actions/", {"postmortem": postmortem.pk, "title": "Rotate"})
    action = ActionItem.objects.get()
    other = api(bob)

    assert other.get(BASE).json()["results"] == []
    assert other.get("/api/v1/actions/").json()["results"] == []
    for address in (f"{BASE}{postmortem.pk}/", f"{BASE}{postmortem.pk}/markdown/"):
        assert other.get(address).status_code == 404
    assert other.patch(f"{BASE}{postmortem.pk}/", {"summary": "x"}).status_code == 404
    assert other.patch(f"/api/v1/actions/{action.pk}/", {"status": "done"}).status_code == 404
    assert other.post("/api/v1/actions/", {"postmortem": postmortem.pk, "title": "x"}).status_code == 404
    assert other.post(BASE, {"incident": postmortem.incident.number}).status_code == 404


def test_a_read_token_writes_nothing(opened, api, alice):
    answer = api(alice, "read").patch(f"{BASE}{opened().pk}/", {"summary": "x"})
    assert answer.status_code == 403 and Postmortem.objects.get().summary == ""
