"""Every file of the public site as bytes, from a snapshot: pages, JSON, feeds, badge, style and script."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from statuspage import drawing, feeds, public
from statuspage.kinds import ComponentStatus
from statuspage.snapshot import ComponentView, MaintenanceView, NoticeView, Snapshot
from statuspage.wording import join

_ASSETS = Path(__file__).parent / "assets"
# So many past notices on the first page; the rest stands under history/.
PAST = 8


def files(shot: Snapshot, *, number: int, asked_by: int = 0) -> dict[str, bytes]:
    """The complete site by path, but for `published.json`."""
    # The public reads English in the page's zone, whoever happens to publish.
    with timezone.override(shot.page.zone), translation.override("en"):
        made = {**_assets(), **public.files(shot)}
        made["index.html"] = _index(shot, number)
        made["history/index.html"] = _render("history", shot, "../", months=months(shot.notices))
        for notice in shot.notices:
            made[f"incidents/{notice.id}/index.html"] = _render("notice", shot, "../../", notice=notice)
        for work in shot.maintenances:
            made[f"incidents/{work.id}/index.html"] = _render("maintenance", shot, "../../", work=work)
        made["history.atom"] = feeds.atom(shot)
        made["history.rss"] = feeds.rss(shot)
        made["maintenance.ics"] = feeds.ics(shot)
        made["badge.svg"] = drawing.badge(shot)
    return made


@cache
def _assets() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(_ASSETS.iterdir()) if path.is_file()}


def _render(template: str, shot: Snapshot, up: str, **more: Any) -> bytes:
    context = {"shot": shot, "page": shot.page, "root": up, "names": _names(shot), **more}
    text = render_to_string(f"statuspage/public/{template}.html", context)
    # Templates leave many empty lines; the page is read on phones.
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()).encode() + b"\n"


def _names(shot: Snapshot) -> dict[str, str]:
    return {component.id: component.name for component in shot.components}


def _index(shot: Snapshot, number: int) -> bytes:
    indicator, sentence = shot.indicator
    sections = [(group, [_row(c) for c in group.components if not c.is_hidden]) for group in shot.groups]
    return _render(
        "index",
        shot,
        "",
        number=number,
        verdict=verdict(shot),
        indicator=indicator,
        sentence=sentence,
        sections=[(group, rows) for group, rows in sections if rows],
        ungrouped=[_row(component) for component in shot.ungrouped if not component.is_hidden],
        past=shot.past_notices[:PAST],
        active=shot.active_maintenances,
        upcoming=shot.upcoming_maintenances,
    )


def _row(component: ComponentView) -> dict[str, Any]:
    return {
        "component": component,
        "label": component.status.label,
        "bars": drawing.bars(component.name, component.days, component.uptime) if component.showcase else "",
        "uptime": drawing.per_cent(component.uptime) if component.showcase else "",
    }


def verdict(shot: Snapshot) -> str:
    """The one sentence that answers "is it me?"."""
    troubled = {component.id for component in shot.components if component.status != "operational"}
    notices = shot.open_notices
    told = {pk for notice in notices for pk, _status in notice.components}
    rest = "" if troubled - told else " " + _("Everything else works.")
    if len(notices) == 1:
        return f"{_sentence(notices[0].title)}{rest if told else ''}"
    if notices:
        count = _("%(count)s problems right now.") % {"count": len(notices)}
        return count + " " + " ".join(_sentence(notice.title) for notice in notices[:3])
    if troubled:
        return _by_hand([component for component in shot.components if component.id in troubled])
    return _("Everything works.")


def _sentence(title: str) -> str:
    return title if title.endswith((".", "!", "?")) else f"{title}."


def _by_hand(troubled: list[ComponentView]) -> str:
    parts = []
    for status in reversed(ComponentStatus):
        names = [component.name for component in troubled if component.status == status]
        if names:
            parts.append(f"{join(names)}: {status.label.lower()}.")
    return " ".join([*parts, _("Everything else works.")])


def months(notices: Iterable[NoticeView | MaintenanceView]) -> list[tuple[date, list[Any]]]:
    """Newest month first, each with its notices, in the page's zone."""
    result: dict[date, list[Any]] = {}
    for notice in notices:
        began = getattr(notice, "started_at", None) or notice.created_at
        first = timezone.localtime(began).date().replace(day=1)
        result.setdefault(first, []).append(notice)
    return sorted(result.items(), reverse=True)
