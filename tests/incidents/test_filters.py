"""Filters of the list and the API: what no database compares is refused, on both databases."""

import pytest

from accounts import tokens
from incidents.models import Incident


@pytest.fixture
def headers(alice):
    return {"Authorization": f"Bearer {tokens.issue(alice, name='t', scope='write')[1]}"}


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "service=a%00b",
        "severity=%00",
        "severity=SEV9",
        "status=%00",
        "status=resting",
        "since=yesterday",
        "since=0001-01-01T00:00:00%2B14:00",
        "until=9999-12-31T23:59:59-14:00",
        "since=2024-13-45",
        "q=" + "x" * 300,
    ],
)
def test_a_bad_filter_is_400_and_a_sentence_on_the_page(client, headers, alice, opened, query):
    opened()
    answer = client.get(f"/api/v1/incidents/?{query}", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    client.force_login(alice)
    # A NUL is refused before any room sees it; the rest is a sentence above an empty list.
    assert client.get(f"/incidents/?{query}").status_code == (400 if "%00" in query else 200)
    assert client.get(f"/incidents/export.csv?{query}").status_code in (400, 404)


def test_every_list_of_this_room_comes_in_pages(client, headers, opened):
    opened()
    for name in ("incidents", "severities", "impact-rules", "roles"):
        body = client.get(f"/api/v1/{name}/?page_size=1", headers=headers).json()
        assert set(body) == {"next", "previous", "results"}, name
        assert len(body["results"]) == 1, name


def test_somebody_is_paged_by_address_team_or_service(client, headers, opened, bob, team):
    number = opened(declare=True).number
    for target, kind in (
        ("bob@example.com", "user"),
        ("team:payments", "team"),
        ("service:checkout", "service"),
        ("checkout", "service"),
    ):
        answer = client.post(
            f"/api/v1/incidents/{number}/page/",
            {"target": target, "reason": "we need you"},
            headers=headers,
            content_type="application/json",
        )
        assert answer.status_code == 200, target
        events = client.get(f"/api/v1/incidents/{number}/timeline/", headers=headers).json()["results"]
        assert events[-1]["data"]["target_kind"] == kind


def test_anybody_signed_in_may_declare(client, vera, checkout, matrix):
    token = tokens.issue(vera, name="t", scope="write")[1]
    answer = client.post(
        "/api/v1/incidents/",
        {"title": "Pay fails", "services": ["checkout"], "declare": True},
        headers={"Authorization": f"Bearer {token}"},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["status"]) == (201, "active")


@pytest.mark.parametrize(
    "words",
    [
        {"title": "x", "services": ["checkout"], "started_at": "0001-01-01T00:00:00"},
        {"title": "x", "services": ["checkout"], "started_at": "0024-01-22T14:00:00Z"},
        {"title": "x", "services": ["checkout"], "started_at": 12},
        {"title": ["x"], "services": ["checkout"]},
        {"title": "x", "services": "checkout"},
        {"title": "x", "services": []},
        {"title": "x", "services": ["checkout"], "ticket_url": "javascript:alert(1)"},
        {"title": "x", "services": ["checkout"], "retrospective": True},
        {"title": "x", "services": ["checkout"], "retrospective": {"resolved_at": "0001-01-01T00:00:00"}},
        {"title": "x", "services": ["checkout"], "is_drill": "perhaps"},
        {"title": "x\ud800", "services": ["checkout"]},
        ["title"],
    ],
)
def test_bad_words_open_nothing(client, headers, checkout, matrix, words):
    answer = client.post("/api/v1/incidents/", words, headers=headers, content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert not Incident.objects.exists()
