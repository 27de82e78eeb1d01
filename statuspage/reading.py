"""From rows to the snapshot that the public may see: no draft, nothing withdrawn, nothing internal."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.utils.timezone import now

from statuspage import uptime
from statuspage.changes import page, site
from statuspage.kinds import WORKING, ComponentStatus, worst
from statuspage.models import (
    Component,
    ComponentGroup,
    Maintenance,
    MaintenanceUpdate,
    Notice,
    NoticeComponent,
    NoticeUpdate,
    Page,
    UpdateComponent,
)
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

Points = dict[int, list[uptime.Span]]


def snapshot(at: datetime | None = None) -> Snapshot:
    """Everything public now. A fixed number of queries, however much there is."""
    at = at or now()
    settings_row = page()
    notices = list(published())
    works = list(_maintenances())
    listed = _components(settings_row, notices, works, at)
    return Snapshot(
        at=at,
        page=_page(settings_row),
        groups=_groups(listed),
        components=tuple(listed),
        notices=tuple(_notice(notice) for notice in notices),
        maintenances=tuple(_maintenance(work) for work in works),
    )


def published() -> QuerySet[Notice]:
    """Notices that the public may see, newest first, with all that is shown of them."""
    changes = UpdateComponent.objects.select_related("component").order_by("pk")
    return (
        Notice.objects.filter(is_draft=False, withdrawn_at=None, published_at__isnull=False)
        .order_by("-started_at", "-pk")
        .prefetch_related(
            Prefetch(
                "updates",
                NoticeUpdate.objects.order_by("-at", "-pk").prefetch_related(Prefetch("changes", changes)),
            ),
            Prefetch("component_rows", NoticeComponent.objects.select_related("component")),
        )
    )


def _maintenances() -> QuerySet[Maintenance]:
    return Maintenance.objects.order_by("-scheduled_for", "-pk").prefetch_related(
        Prefetch("updates", MaintenanceUpdate.objects.order_by("-at", "-pk")), "components"
    )


def shown_statuses(at: datetime | None = None) -> dict[int, ComponentStatus]:
    """What each component is shown as: the worst of its own status, its notices and its maintenance."""
    told: dict[int, list[str]] = defaultdict(list)
    for pk, status in Component.objects.filter(retired_at=None).values_list("pk", "status"):
        told[pk].append(status)
    rows = NoticeComponent.objects.filter(
        notice__is_draft=False, notice__resolved_at=None, notice__withdrawn_at=None
    )
    for pk, status in rows.values_list("component_id", "status"):
        told[pk].append(status)
    working = Maintenance.objects.filter(status__in=WORKING).values_list("components", flat=True)
    for pk in working:
        if pk is not None:
            told[pk].append(ComponentStatus.UNDER_MAINTENANCE)
    return {pk: worst(statuses) for pk, statuses in told.items()}


def _page(row: Page) -> PageView:
    return PageView(
        id=row.public_id,
        name=row.name,
        address=row.address,
        time_zone=row.time_zone,
        updated_at=site().changed_at,
        intro=row.intro,
        # On another server the forms have to find their way back to the app.
        app_url=settings.BASE_URL if row.url and not row.url.startswith(settings.BASE_URL) else "",
    )


def _components(
    row: Page, notices: Sequence[Notice], works: Sequence[Maintenance], at: datetime
) -> list[ComponentView]:
    statuses = shown_statuses(at)
    spans = _spans(notices, at)
    pauses = _pauses(works, at)
    weights = uptime.Weights(row.major_percent / 100, row.partial_percent / 100, row.degraded_percent / 100)
    views = []
    for component in Component.objects.filter(retired_at=None).select_related("group"):
        days = uptime.days(
            spans.get(component.pk, []),
            maintenance=pauses.get(component.pk, []),
            at=at,
            zone=ZoneInfo(row.time_zone),
            start_date=component.start_date,
            weights=weights,
        )
        views.append(
            ComponentView(
                id=component.public_id,
                name=component.name,
                status=statuses[component.pk],
                created_at=component.created_at,
                updated_at=max(component.updated_at, component.status_since),
                position=component.position,
                description=component.description,
                showcase=component.showcase,
                start_date=component.start_date,
                group_id=component.group.public_id if component.group else None,
                only_show_if_degraded=component.only_show_if_degraded,
                days=days,
                uptime=uptime.share(days),
            )
        )
    return views


def _spans(notices: Iterable[Notice], at: datetime) -> dict[int, list[uptime.Span]]:
    """Per component: what the notices of the last 90 days and a bit said of it, and for how long."""
    since = at - timedelta(days=uptime.DAYS + 2)
    spans: dict[int, list[uptime.Span]] = defaultdict(list)
    for notice in notices:
        end = notice.resolved_at or at
        if end < since:
            continue
        points: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
        for place, update in enumerate(reversed(list(notice.updates.all()))):
            # The trouble began before the first word about it.
            told_at = min(notice.started_at, update.at) if place == 0 else update.at
            for change in update.changes.all():
                points[change.component_id].append((told_at, change.new_status))
        for pk, told in points.items():
            spans[pk] += uptime.spans_of(told, end)
    return spans


def _pauses(works: Iterable[Maintenance], at: datetime) -> dict[int, list[tuple[datetime, datetime]]]:
    pauses: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for work in works:
        if work.started_at is None:
            continue
        for component in work.components.all():
            pauses[component.pk].append((work.started_at, work.completed_at or at))
    return pauses


def _groups(listed: Sequence[ComponentView]) -> tuple[GroupView, ...]:
    views = []
    for group in ComponentGroup.objects.all():
        children = tuple(view for view in listed if view.group_id == group.public_id)
        if children:
            views.append(
                GroupView(
                    id=group.public_id,
                    name=group.name,
                    created_at=group.created_at,
                    updated_at=group.updated_at,
                    position=group.position,
                    description=group.description,
                    components=children,
                )
            )
    return tuple(views)


def _notice(row: Notice) -> NoticeView:
    updates = tuple(
        UpdateView(
            id=update.public_id,
            status=update.status,
            body=update.body,
            at=update.at,
            changes=tuple(
                Change(c.component.public_id, c.component.name, c.old_status, c.new_status)
                for c in update.changes.all()
            ),
        )
        for update in _without_replaced(row.updates.all())
    )
    return NoticeView(
        id=row.public_id,
        title=row.title,
        status=row.status,
        impact=row.impact,
        created_at=row.published_at or row.created_at,
        updated_at=row.updated_at,
        started_at=row.started_at,
        monitoring_at=row.monitoring_at,
        resolved_at=row.resolved_at,
        next_update_at=row.next_update_at,
        updates=updates,
        components=tuple((c.component.public_id, c.status) for c in row.component_rows.all()),
    )


def _without_replaced(newest_first: Iterable[NoticeUpdate]) -> Iterator[NoticeUpdate]:
    """Of the versions of a postmortem only the last: it may leave out what the one before let slip."""
    is_told = False
    for update in newest_first:
        if update.from_event is not None:
            if is_told:
                continue
            is_told = True
        yield update


def _maintenance(row: Maintenance) -> MaintenanceView:
    return MaintenanceView(
        id=row.public_id,
        title=row.title,
        status=row.status,
        created_at=row.created_at,
        updated_at=row.updated_at,
        scheduled_for=row.scheduled_for,
        scheduled_until=row.scheduled_until,
        started_at=row.started_at,
        completed_at=row.completed_at,
        updates=tuple(UpdateView(u.public_id, u.status, u.body, u.at) for u in row.updates.all()),
        components=tuple(component.public_id for component in row.components.all()),
    )
