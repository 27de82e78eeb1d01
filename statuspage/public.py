"""The page as Statuspage's public API v2 spells it, so that existing clients read it unchanged. Pure."""

import json
from datetime import datetime
from typing import Any

from statuspage.kinds import MaintenanceStatus
from statuspage.snapshot import ComponentView, GroupView, MaintenanceView, NoticeView, PageView, Snapshot

# What Statuspage itself answers.
LATEST = 50
Json = dict[str, Any]


def files(shot: Snapshot) -> dict[str, bytes]:
    """Every JSON file of the site by its path below the root."""
    maintenances = [maintenance(work, shot) for work in shot.maintenances]
    by_id = {entry["id"]: entry for entry in maintenances}
    upcoming = [by_id[work.id] for work in shot.upcoming_maintenances]
    active = [by_id[work.id] for work in shot.active_maintenances]
    unresolved = [incident(notice, shot) for notice in shot.open_notices]
    head = {"page": page(shot.page)}
    answers: dict[str, Json] = {
        "summary": {
            **head,
            "components": components(shot),
            "incidents": unresolved,
            "scheduled_maintenances": active + upcoming,
            "status": status(shot),
        },
        "status": {**head, "status": status(shot)},
        "components": {**head, "components": components(shot)},
        "incidents": {**head, "incidents": [incident(notice, shot) for notice in shot.notices[:LATEST]]},
        "incidents/unresolved": {**head, "incidents": unresolved},
        "scheduled-maintenances": {**head, "scheduled_maintenances": maintenances[:LATEST]},
        "scheduled-maintenances/upcoming": {**head, "scheduled_maintenances": upcoming},
        "scheduled-maintenances/active": {**head, "scheduled_maintenances": active},
    }
    return {f"api/v2/{name}.json": _dump(answer) for name, answer in answers.items()}


def _dump(answer: Json) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def instant(at: datetime | None, page: PageView) -> str | None:
    """Milliseconds and the page's own offset, as Statuspage writes it."""
    if at is None:
        return None
    text = at.astimezone(page.zone).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z") if page.time_zone in ("UTC", "Etc/UTC") else text


def page(page: PageView) -> Json:
    return {
        "id": page.id,
        "name": page.name,
        "url": page.address,
        "time_zone": page.time_zone,
        "updated_at": instant(page.updated_at, page),
    }


def status(shot: Snapshot) -> Json:
    indicator, description = shot.indicator
    return {"indicator": indicator, "description": description}


def components(shot: Snapshot) -> list[Json]:
    """Components and groups in one list: each group before what it holds, as Statuspage does."""
    listed = [component(entry, shot.page) for entry in shot.ungrouped]
    for entry in shot.groups:
        listed.append(group(entry, shot.page))
        listed += [component(child, shot.page) for child in entry.components]
    return listed


def component(entry: ComponentView, page: PageView) -> Json:
    return {
        "id": entry.id,
        "name": entry.name,
        "status": str(entry.status),
        "created_at": instant(entry.created_at, page),
        "updated_at": instant(entry.updated_at, page),
        "position": entry.position,
        "description": entry.description or None,
        "showcase": entry.showcase,
        "start_date": entry.start_date.isoformat() if entry.start_date else None,
        "group_id": entry.group_id,
        "page_id": page.id,
        "group": False,
        "only_show_if_degraded": entry.only_show_if_degraded,
    }


def group(entry: GroupView, page: PageView) -> Json:
    return {
        "id": entry.id,
        "name": entry.name,
        "status": str(entry.status),
        "created_at": instant(entry.created_at, page),
        "updated_at": instant(entry.updated_at, page),
        "position": entry.position,
        "description": entry.description or None,
        "showcase": False,
        "start_date": None,
        "group_id": None,
        "page_id": page.id,
        "group": True,
        "only_show_if_degraded": False,
        "components": [child.id for child in entry.components],
    }


def _updates(owner: NoticeView | MaintenanceView, page: PageView) -> list[Json]:
    return [
        {
            "id": update.id,
            "status": str(update.status),
            "body": update.body,
            "incident_id": owner.id,
            "created_at": instant(update.at, page),
            "updated_at": instant(update.at, page),
            "display_at": instant(update.at, page),
            "affected_components": [
                {
                    "code": change.component_id,
                    "name": change.name,
                    "old_status": str(change.old_status),
                    "new_status": str(change.new_status),
                }
                for change in update.changes
            ]
            or None,
            "deliver_notifications": True,
            "custom_tweet": None,
            "tweet_id": None,
        }
        for update in owner.updates
    ]


def _shared(owner: NoticeView | MaintenanceView, ids: list[str], shot: Snapshot) -> Json:
    return {
        "incident_updates": _updates(owner, shot.page),
        "components": [component(shot.by_id[pk], shot.page) for pk in ids if pk in shot.by_id],
    }


def shortlink(owner_id: str, page: PageView) -> str:
    return f"{page.address}/incidents/{owner_id}/"


def incident(notice: NoticeView, shot: Snapshot) -> Json:
    at = shot.page
    return {
        "id": notice.id,
        "name": notice.title,
        "status": str(notice.status),
        "created_at": instant(notice.created_at, at),
        "updated_at": instant(notice.updated_at, at),
        "monitoring_at": instant(notice.monitoring_at, at),
        "resolved_at": instant(notice.resolved_at, at),
        "impact": str(notice.impact),
        "shortlink": shortlink(notice.id, at),
        "started_at": instant(notice.started_at, at),
        "page_id": at.id,
        **_shared(notice, [pk for pk, _ in notice.components], shot),
    }


def maintenance(work: MaintenanceView, shot: Snapshot) -> Json:
    at = shot.page
    verifying = next(
        (update.at for update in reversed(work.updates) if update.status == MaintenanceStatus.VERIFYING), None
    )
    return {
        "id": work.id,
        "name": work.title,
        "status": str(work.status),
        "created_at": instant(work.created_at, at),
        "updated_at": instant(work.updated_at, at),
        "monitoring_at": instant(verifying, at),
        "resolved_at": instant(work.completed_at, at),
        "impact": "maintenance",
        "shortlink": shortlink(work.id, at),
        "started_at": instant(work.started_at or work.scheduled_for, at),
        "page_id": at.id,
        **_shared(work, list(work.components), shot),
        "scheduled_for": instant(work.scheduled_for, at),
        "scheduled_until": instant(work.scheduled_until, at),
    }
