"""What the public may see at one moment, as plain values. Pure: pages, JSON and feeds are made from it."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.kinds import WORKING, ComponentStatus, Impact, worst
from statuspage.uptime import Day


@dataclass(frozen=True)
class PageView:
    id: str
    name: str
    address: str
    time_zone: str
    updated_at: datetime
    intro: str = ""
    app_url: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def host(self) -> str:
        """The host name alone, for the tags of feeds."""
        return self.address.partition("://")[2].partition("/")[0].partition(":")[0]


@dataclass(frozen=True)
class ComponentView:
    id: str
    name: str
    status: ComponentStatus
    created_at: datetime
    updated_at: datetime
    position: int
    description: str = ""
    showcase: bool = True
    start_date: date | None = None
    group_id: str | None = None
    only_show_if_degraded: bool = False
    days: tuple[Day, ...] = ()
    uptime: float | None = None

    @property
    def is_hidden(self) -> bool:
        """Shown only in trouble, and there is none."""
        return self.only_show_if_degraded and self.status == ComponentStatus.OPERATIONAL


@dataclass(frozen=True)
class GroupView:
    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    position: int
    description: str = ""
    components: tuple[ComponentView, ...] = ()

    @property
    def status(self) -> ComponentStatus:
        return worst(component.status for component in self.components)


@dataclass(frozen=True)
class Change:
    """What an update changed for one component."""

    component_id: str
    name: str
    old_status: str
    new_status: str


@dataclass(frozen=True)
class UpdateView:
    id: str
    status: str
    body: str
    at: datetime
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class NoticeView:
    id: str
    title: str
    status: str
    impact: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime
    monitoring_at: datetime | None = None
    resolved_at: datetime | None = None
    next_update_at: datetime | None = None
    updates: tuple[UpdateView, ...] = ()  # newest first
    components: tuple[tuple[str, str], ...] = ()  # (component id, status in this notice)

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def lasted(self) -> timedelta | None:
        return self.resolved_at - self.started_at if self.resolved_at else None


@dataclass(frozen=True)
class MaintenanceView:
    id: str
    title: str
    status: str
    created_at: datetime
    updated_at: datetime
    scheduled_for: datetime
    scheduled_until: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    updates: tuple[UpdateView, ...] = ()
    components: tuple[str, ...] = ()

    @property
    def is_working(self) -> bool:
        return self.status in WORKING

    @property
    def is_over(self) -> bool:
        return self.completed_at is not None


@dataclass(frozen=True)
class Snapshot:
    """Everything public at ``at``: groups and components in order, notices and maintenance newest first."""

    at: datetime
    page: PageView
    groups: tuple[GroupView, ...] = ()
    components: tuple[ComponentView, ...] = ()
    notices: tuple[NoticeView, ...] = ()
    maintenances: tuple[MaintenanceView, ...] = ()
    by_id: dict[str, ComponentView] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self.by_id.update({component.id: component for component in self.components})

    @property
    def open_notices(self) -> list[NoticeView]:
        return [notice for notice in self.notices if notice.is_open]

    @property
    def past_notices(self) -> list[NoticeView]:
        return [notice for notice in self.notices if not notice.is_open]

    @property
    def active_maintenances(self) -> list[MaintenanceView]:
        return [work for work in self.maintenances if work.is_working]

    @property
    def upcoming_maintenances(self) -> list[MaintenanceView]:
        coming = [work for work in self.maintenances if not work.is_working and not work.is_over]
        return sorted(coming, key=lambda work: work.scheduled_for)

    @property
    def ungrouped(self) -> list[ComponentView]:
        return [component for component in self.components if component.group_id is None]

    @property
    def indicator(self) -> tuple[str, str]:
        """Statuspage's ``indicator`` and its sentence: the worst of components and open notices."""
        shown = worst(component.status for component in self.components)
        impacts = {notice.impact for notice in self.open_notices}
        if shown == ComponentStatus.MAJOR_OUTAGE or Impact.CRITICAL in impacts:
            return "critical", "Major Service Outage"
        if shown == ComponentStatus.PARTIAL_OUTAGE or Impact.MAJOR in impacts:
            return "major", "Partial System Outage"
        if shown == ComponentStatus.DEGRADED_PERFORMANCE:
            return "minor", "Partially Degraded Service"
        if Impact.MINOR in impacts:
            return "minor", "Minor Service Outage"
        if shown == ComponentStatus.UNDER_MAINTENANCE:
            return "maintenance", "Service Under Maintenance"
        return "none", "All Systems Operational"
