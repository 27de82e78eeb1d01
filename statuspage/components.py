"""The components and groups of the page: made, changed, retired by admins; set by hand by managers."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role
from catalog.models import Service
from lib.refusal import Forbidden, Invalid
from lib.text import clean
from statuspage.changes import touch
from statuspage.kinds import ComponentStatus
from statuspage.models import Component, ComponentGroup

_PLAIN = {
    "description", "position", "showcase", "only_show_if_degraded", "start_date", "group", "publishes_itself",
}  # fmt: skip


def _admin(actor: Actor) -> None:
    if not actor.is_at_least(Role.ADMIN):
        raise Forbidden(_("The parts of the status page are set by admins. Ask one."))


def _manager(actor: Actor) -> None:
    """What the public reads now is said by managers, as a notice is."""
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("A status is set by managers. Ask one."))


def _name(text: str) -> str:
    name = " ".join(clean(text, 80, field="name").split())
    if not name:
        raise Invalid(_("Give it a name that customers know."), field="name")
    return name


@transaction.atomic
def add(*, actor: Actor, name: str, services: Iterable[Service] = (), **columns: Any) -> Component:
    """A new component, working and shown at once."""
    _admin(actor)
    component = Component.objects.create(name=_name(name), **_checked(columns))
    component.services.set(services)
    audit.note(actor, "statuspage.component_added", component, after={"name": component.name})
    touch()
    return component


@transaction.atomic
def change(
    component_id: int,
    *,
    actor: Actor,
    name: str | None = None,
    services: Iterable[Service] | None = None,
    **columns: Any,
) -> Component:
    """Change what a component is called and what stands behind it."""
    _admin(actor)
    component = Component.objects.select_for_update().get(pk=component_id)
    before = {"name": component.name, **{key: getattr(component, key) for key in columns}}
    if name is not None:
        component.name = _name(name)
    for key, value in _checked(columns).items():
        setattr(component, key, value)
    component.updated_at = now()
    component.save()
    if services is not None:
        component.services.set(services)
    after = {"name": component.name, **{key: getattr(component, key) for key in columns}}
    audit.note(actor, "statuspage.component_changed", component, before, after)
    touch()
    return component


def _checked(columns: dict[str, Any]) -> dict[str, Any]:
    if "description" in columns:
        columns["description"] = clean(columns["description"], 300, field="description")
    return {key: value for key, value in columns.items() if key in _PLAIN}


@transaction.atomic
def set_status(component_id: int, *, actor: Actor, status: str) -> Component:
    """Set the status by hand; it counts until the next public incident on the component."""
    _manager(actor)
    if status not in ComponentStatus.values:
        raise Invalid(_("There is no such status: %(name)s.") % {"name": status}, field="status")
    component = Component.objects.select_for_update().get(pk=component_id)
    if component.status != status:
        audit.note(
            actor, "statuspage.component_status", component, {"status": component.status}, {"status": status}
        )
        component.status, component.status_since = status, now()
        component.save(update_fields=["status", "status_since"])
        touch()
    return component


@transaction.atomic
def retire(component_id: int, *, actor: Actor) -> None:
    """Take it off the page; what was said of it stays in the past notices."""
    _admin(actor)
    component = Component.objects.select_for_update().get(pk=component_id)
    if component.notice_rows.filter(
        notice__is_draft=False, notice__resolved_at=None, notice__withdrawn_at=None
    ).exists():
        raise Invalid(_("An open notice is about this component. Resolve it first."))
    component.retired_at = component.retired_at or now()
    component.save(update_fields=["retired_at"])
    audit.note(actor, "statuspage.component_retired", component)
    touch()


@transaction.atomic
def save_group(
    *, actor: Actor, name: str, description: str = "", position: int = 1, group_id: int | None = None
) -> ComponentGroup:
    """Make a group, or change one."""
    _admin(actor)
    group = ComponentGroup.objects.select_for_update().get(pk=group_id) if group_id else ComponentGroup()
    group.name, group.position, group.updated_at = _name(name), position, now()
    group.description = clean(description, 300, field="description")
    group.save()
    audit.note(actor, "statuspage.group_saved", group, after={"name": group.name, "position": position})
    touch()
    return group


@transaction.atomic
def group_named(name: str, *, actor: Actor) -> ComponentGroup:
    """The group of that name; made when there is none."""
    found = ComponentGroup.objects.filter(name=_name(name)).first()
    return found or save_group(actor=actor, name=name)


@transaction.atomic
def remove_group(group_id: int, *, actor: Actor) -> None:
    """Remove a heading; its components stay, without one."""
    _admin(actor)
    group = ComponentGroup.objects.get(pk=group_id)
    audit.note(actor, "statuspage.group_removed", group)
    group.delete()
    touch()
