"""Action items: what somebody will change, by when; made, changed and done here alone."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import User
from lib.refusal import Invalid, Missing
from lib.text import clean
from outbox.announcing import announce
from postmortems import reminders, writing
from postmortems.kinds import ActionKind, ActionStatus, Priority
from postmortems.models import ActionChange, ActionItem, Postmortem

_LENGTHS = {"title": 200, "factor": 500, "ticket_url": 500}
_CHOICES: dict[str, Any] = {"kind": ActionKind, "status": ActionStatus, "priority": Priority}
_FIELDS = (*_LENGTHS, *_CHOICES, "owner_id", "due")


def create(
    postmortem_id: int, *, actor: Actor, title: str, owner_id: int | None = None, due: date | None = None,
    kind: str = ActionKind.PREVENT, priority: int = Priority.NORMAL, factor: str = "", ticket_url: str = "",
    status: str = ActionStatus.OPEN,
) -> ActionItem:  # fmt: skip
    """Promise a change.

    Raises:
        Invalid: no title, an unknown word, an owner who is not here or may not see the incident.
    """
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        action = ActionItem(postmortem=postmortem, created_by=actor.user)
        given = {
            "title": title, "owner_id": owner_id, "due": due, "kind": kind, "priority": priority,
            "factor": factor, "ticket_url": ticket_url, "status": status,
        }  # fmt: skip
        return _write(action, given, by=actor.user)


def update(action_id: int, *, actor: Actor, **given: Any) -> ActionItem:
    """Change some of its fields; done and dropped end the reminders, opening again resumes them.

    Raises:
        Missing: there is none that the actor may know of.
    """
    unknown = set(given) - set(_FIELDS)
    if unknown:
        raise Invalid(_("An action has no such field."), code="bad_field", field=min(unknown))
    postmortem_id = ActionItem.objects.filter(pk=action_id).values_list("postmortem", flat=True).first()
    if postmortem_id is None:
        raise Missing(_("There is no such action."))
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        action = ActionItem.objects.get(pk=action_id)
        action.postmortem = postmortem
        return _write(action, given, by=actor.user)


@transaction.atomic
def update_many(action_ids: Sequence[int], *, actor: Actor, **given: Any) -> int:
    """The same change on several, all or none; return how many.

    Their incidents are locked in one order, so that two people who change the same ones wait instead of
    blocking each other.
    """
    rows = ActionItem.objects.filter(pk__in=set(action_ids)).order_by("postmortem__incident", "pk")
    known = list(rows.values_list("pk", flat=True))
    if len(known) != len(set(action_ids)):
        raise Missing(_("There is no such action."))
    return len([update(pk, actor=actor, **given) for pk in known])


def _write(action: ActionItem, given: dict[str, Any], *, by: User | None) -> ActionItem:
    before = {name: getattr(action, name) for name in _FIELDS} if action.pk else {}
    for name, value in given.items():
        setattr(action, name, _checked(action.postmortem, name, value))
    if action.status == ActionStatus.DONE:
        action.done_at = action.done_at or now()
    else:
        action.done_at = None
    reminders.plan_action(action)
    action.save()
    _remember(action, before, by=by)
    return action


def _remember(action: ActionItem, before: dict[str, Any], *, by: User | None) -> None:
    """Keep who changed what, and let other systems hear of it; a save that changes nothing is no news."""
    changed = {
        name: [_plain(before.get(name)), _plain(getattr(action, name))]
        for name in _FIELDS
        if not before or before[name] != getattr(action, name)
    }
    if not changed:
        return
    change = ActionChange.objects.create(action=action, by=by, is_first=not before, fields=changed)
    announce("postmortems.action_changed", key=f"action_change:{change.pk}", change=change.pk)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _checked(postmortem: Postmortem, name: str, value: Any) -> Any:
    if name in _LENGTHS:
        return _text(name, value)
    if name in _CHOICES:
        if value not in _CHOICES[name].values:
            raise Invalid(_("“%(value)s” is not one of the choices.") % {"value": value}, field=name)
        return value
    if name == "owner_id" and value is not None:
        owner = User.objects.filter(pk=value, is_active=True).first()
        if owner is None:
            raise Invalid(_("Nobody here is that owner."), code="bad_owner", field="owner")
        writing.check_sees(postmortem, owner)
    return value


def _text(name: str, value: str) -> str:
    said = " ".join(clean(value, max_length=_LENGTHS[name], field=name).split())
    if name == "title" and not said:
        raise Invalid(_("Say what will change."), code="no_title", field="title")
    if name == "ticket_url" and said:
        try:
            URLValidator(schemes=["http", "https"])(said)
        except ValidationError:
            raise Invalid(_("The ticket link is not a web address."), field="ticket_url") from None
    return said
