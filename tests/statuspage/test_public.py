"""Statuspage's public API v2, field by field."""

import json

import pytest

from statuspage import public
from tests.statuspage.sample import component, maintenance, notice, snapshot

COMPONENT = {
    "id", "name", "status", "created_at", "updated_at", "position", "description", "showcase", "start_date",
    "group_id", "page_id", "group", "only_show_if_degraded",
}  # fmt: skip
INCIDENT = {
    "id", "name", "status", "created_at", "updated_at", "monitoring_at", "resolved_at", "impact", "shortlink",
    "started_at", "page_id", "incident_updates", "components",
}  # fmt: skip
UPDATE = {
    "id", "status", "body", "incident_id", "created_at", "updated_at", "display_at", "affected_components",
    "deliver_notifications", "custom_tweet", "tweet_id",
}  # fmt: skip


def answers(shot=None):
    return {name: json.loads(body) for name, body in public.files(shot or snapshot()).items()}


def test_the_files_are_those_of_statuspage():
    assert set(answers()) == {
        f"api/v2/{name}.json"
        for name in (
            "summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances",
            "scheduled-maintenances/upcoming", "scheduled-maintenances/active",
        )
    }  # fmt: skip


def test_the_summary_has_exactly_its_parts():
    summary = answers()["api/v2/summary.json"]
    assert list(summary) == ["page", "components", "incidents", "scheduled_maintenances", "status"]
    assert summary["status"] == {"indicator": "critical", "description": "Major Service Outage"}
    assert summary["page"] == {
        "id": "page00000000",
        "name": "Lindholt",
        "url": "https://status.example.com",
        "time_zone": "Europe/Copenhagen",
        "updated_at": "2026-11-23T14:31:00.000+01:00",
    }


def test_a_component_has_exactly_its_fields():
    account = answers()["api/v2/components.json"]["components"][0]
    assert set(account) == COMPONENT
    assert account["name"] == "Account"
    assert account["start_date"] == "2026-01-01"
    assert account["description"] is None
    assert account["group_id"] is None
    assert account["group"] is False


def test_a_group_comes_before_its_children_and_names_them():
    _, group, child = answers()["api/v2/components.json"]["components"]
    assert set(group) == COMPONENT | {"components"}
    assert group["group"] is True
    assert group["components"] == [child["id"]]
    assert group["status"] == "major_outage"
    assert child["group_id"] == group["id"]


def test_an_incident_has_exactly_its_fields():
    incident = answers()["api/v2/incidents/unresolved.json"]["incidents"][0]
    assert set(incident) == INCIDENT
    assert incident["shortlink"] == "https://status.example.com/incidents/notice000001/"
    assert incident["resolved_at"] is None
    assert incident["started_at"] == "2026-11-23T13:58:00.000+01:00"
    assert [c["name"] for c in incident["components"]] == ["Checkout (EU)"]
    assert set(incident["components"][0]) == COMPONENT


def test_an_update_has_exactly_its_fields_newest_first():
    newest, first = answers()["api/v2/incidents.json"]["incidents"][0]["incident_updates"]
    assert set(newest) == UPDATE
    assert newest["affected_components"] is None
    assert first["incident_id"] == "notice000001"
    assert first["affected_components"] == [
        {
            "code": "comp00000001",
            "name": "Checkout (EU)",
            "old_status": "operational",
            "new_status": "major_outage",
        }
    ]


def test_a_maintenance_is_an_incident_with_two_times():
    work = answers()["api/v2/scheduled-maintenances.json"]["scheduled_maintenances"][0]
    assert set(work) == INCIDENT | {"scheduled_for", "scheduled_until"}
    assert work["impact"] == "maintenance"
    assert work["status"] == "scheduled"
    assert work["scheduled_for"] == "2026-11-29T14:31:00.000+01:00"


def test_maintenance_is_upcoming_then_active_then_neither():
    def lists(**more):
        found = answers(snapshot(maintenances=(maintenance(**more),)))
        kinds = ("upcoming", "active")
        return [
            len(found[f"api/v2/scheduled-maintenances/{k}.json"]["scheduled_maintenances"]) for k in kinds
        ]

    assert lists() == [1, 0]
    assert lists(status="in_progress") == [0, 1]
    assert lists(status="verifying") == [0, 1]
    assert lists(status="completed", completed_at=snapshot().at) == [0, 0]


def test_resolved_incidents_leave_the_summary_and_stay_in_the_list():
    found = answers(snapshot(notices=(notice(status="resolved", resolved_at=snapshot().at),)))
    assert found["api/v2/summary.json"]["incidents"] == []
    assert found["api/v2/incidents/unresolved.json"]["incidents"] == []
    assert len(found["api/v2/incidents.json"]["incidents"]) == 1


def test_the_list_of_incidents_is_bounded_as_statuspage_bounds_it():
    many = tuple(notice(id=f"n{i:011}") for i in range(80))
    assert len(answers(snapshot(notices=many))["api/v2/incidents.json"]["incidents"]) == 50


@pytest.mark.parametrize(
    ("status", "impacts", "expected"),
    [
        ("operational", [], ("none", "All Systems Operational")),
        ("under_maintenance", [], ("maintenance", "Service Under Maintenance")),
        ("degraded_performance", [], ("minor", "Partially Degraded Service")),
        ("partial_outage", [], ("major", "Partial System Outage")),
        ("major_outage", [], ("critical", "Major Service Outage")),
        ("operational", ["minor"], ("minor", "Minor Service Outage")),
        ("operational", ["none"], ("none", "All Systems Operational")),
        ("under_maintenance", ["critical"], ("critical", "Major Service Outage")),
        ("degraded_performance", ["major", "none"], ("major", "Partial System Outage")),
    ],
)
def test_the_indicator_is_the_worst_of_components_and_open_notices(status, impacts, expected):
    shot = snapshot(
        groups=(),
        components=(component("comp00000001", "Checkout", status),),
        notices=tuple(notice(id=f"n{i}", impact=impact) for i, impact in enumerate(impacts)),
    )
    assert shot.indicator == expected


def test_a_page_in_utc_writes_z():
    from dataclasses import replace

    shot = snapshot()
    shot = snapshot(page=replace(shot.page, time_zone="UTC"))
    assert answers(shot)["api/v2/status.json"]["page"]["updated_at"] == "2026-11-23T13:31:00.000Z"
