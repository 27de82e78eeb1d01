"""The parts of the status page in the file: groups, and the components in them."""

from collections.abc import Sequence

from accounts.actors import Actor
from config.ascode.catalog_rows import service_named
from config.ascode.sections import Change, Section
from config.ascode.values import Key, Row, WrongFile, by_column, columns, kept, maybe, names
from statuspage import components
from statuspage.models import Component, ComponentGroup

_GROUP = columns(ComponentGroup, "name", "description", "position")


def _groups() -> list[Row]:
    return [kept(group, _GROUP) for group in ComponentGroup.objects.order_by("position", "name")]


def _put_groups(changes: Sequence[Change], actor: Actor) -> None:
    for change in changes:
        with change.said_here():
            components.save_group(actor=actor, group_id=change.pk, **by_column(change.row, _GROUP))


_COMPONENT = (
    *columns(Component, "name", "description"),
    Key("group", maybe),
    Key("services", names, default=list),
    *columns(Component, "position", "showcase", "only_show_if_degraded", "publishes_itself", "start_date"),
)


def _components() -> list[Row]:
    shown = Component.objects.filter(retired_at=None).select_related("group").prefetch_related("services")
    return [
        {
            **kept(component, _COMPONENT),
            "group": component.group.name if component.group else None,
            "services": sorted(service.slug for service in component.services.all()),
        }
        for component in shown.order_by("group__position", "group__name", "position", "name")
    ]


def _put_components(changes: Sequence[Change], actor: Actor) -> None:
    for change in changes:
        values = by_column(change.values, _COMPONENT)
        if "group" in change.changed:
            values["group"] = _group(change)
        if "services" in change.changed:
            slugs = change.given["services"]
            values["services"] = [service_named(slug, f"{change.place}.services") for slug in slugs]
        with change.said_here():
            if change.pk is not None:
                components.change(change.pk, actor=actor, **values)
            else:
                components.add(actor=actor, **values)


def _group(change: Change) -> ComponentGroup | None:
    name = change.given["group"]
    found = ComponentGroup.objects.filter(name=name).first() if name else None
    if name and found is None:
        raise WrongFile(f"{change.place}.group", f"There is no group “{name}”.")
    return found


GROUPS = Section("component_groups", _GROUP, ("name",), _groups, _put_groups)
COMPONENTS = Section("components", _COMPONENT, ("name", "group"), _components, _put_components, may_move=True)
