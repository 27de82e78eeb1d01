"""A snapshot without a database, with one of everything and a title that attacks."""

from datetime import UTC, date, datetime, timedelta

from statuspage import uptime
from statuspage.kinds import ComponentStatus
from statuspage.snapshot import (
    Change,
    ComponentView,
    GroupView,
    MaintenanceView,
    NoticeView,
    PageView,
    Snapshot,
    UpdateView,
)

AT = datetime(2026, 11, 23, 13, 31, tzinfo=UTC)
OLD = datetime(2026, 1, 1, tzinfo=UTC)
EVIL = "<script>alert('x')</script>"
PAGE = PageView(
    id="page00000000",
    name="Lindholt",
    address="https://status.example.com",
    time_zone="Europe/Copenhagen",
    updated_at=AT,
)


def component(pk: str, name: str, status: str = "operational", **more) -> ComponentView:
    spans = more.pop("spans", [])
    days = uptime.days(spans, at=AT, zone=PAGE.zone)
    given = {
        "id": pk,
        "name": name,
        "status": ComponentStatus(status),
        "created_at": OLD,
        "updated_at": OLD,
        "position": 1,
        "start_date": date(2026, 1, 1),
        "days": days,
        "uptime": uptime.share(days),
    }
    return ComponentView(**{**given, **more})


def notice(**more) -> NoticeView:
    began = AT - timedelta(minutes=33)
    given = {
        "id": "notice000001",
        "title": "Checkout fails in the EU",
        "status": "identified",
        "impact": "critical",
        "created_at": began + timedelta(minutes=16),
        "updated_at": AT - timedelta(minutes=2),
        "started_at": began,
        "components": (("comp00000001", "major_outage"),),
        "updates": (
            UpdateView("update000002", "identified", "We are undoing it now.", AT - timedelta(minutes=2)),
            UpdateView(
                "update000001",
                "investigating",
                "Customers in the EU cannot pay.",
                began + timedelta(minutes=16),
                (Change("comp00000001", "Checkout (EU)", "operational", "major_outage"),),
            ),
        ),
    }
    return NoticeView(**{**given, **more})


def maintenance(**more) -> MaintenanceView:
    begin = AT + timedelta(days=6)
    given = {
        "id": "maint0000001",
        "title": "Account pages pause",
        "status": "scheduled",
        "created_at": AT - timedelta(days=1),
        "updated_at": AT - timedelta(days=1),
        "scheduled_for": begin,
        "scheduled_until": begin + timedelta(minutes=20),
        "components": ("comp00000002",),
        "updates": (UpdateView("mupdate00001", "scheduled", "You stay signed in.", AT - timedelta(days=1)),),
    }
    return MaintenanceView(**{**given, **more})


def snapshot(**more) -> Snapshot:
    pay = component("comp00000001", "Checkout (EU)", "major_outage", group_id="group0000001")
    account = component("comp00000002", "Account")
    group = GroupView("group0000001", "Shop", OLD, OLD, 1, components=(pay,))
    given = {
        "at": AT,
        "page": PAGE,
        "groups": (group,),
        "components": (pay, account),
        "notices": (notice(),),
        "maintenances": (maintenance(),),
    }
    return Snapshot(**{**given, **more})
