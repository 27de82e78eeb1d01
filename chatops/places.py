"""Which incident is meant: by its number, by the channel one stands in, or because it is the only one."""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from chatops import words
from incidents.models import Incident
from lib.refusal import Missing, Refused
from notifications.models import ChatRoom

_LISTED = 5
_NAME = re.compile(r"^[\w-]{1,80}\Z")


@dataclass(frozen=True)
class Place:
    """A channel of Slack. Private ones are all called ``privategroup``: the id decides first."""

    channel_id: str
    channel_name: str = ""


def is_room(place: Place) -> bool:
    """Is this an incident's channel, whoever may see it?"""
    return place.channel_name.startswith("inc-") or (
        ChatRoom.objects.filter(channel_id=place.channel_id).exists()
    )


def changed(payload: dict[str, Any]) -> bool:
    """Somebody archived, deleted, opened again or renamed an incident's channel in Slack; False otherwise."""
    event = payload.get("event")
    kind = str(event.get("type") or "") if isinstance(event, dict) else ""
    family, _line, what = kind.partition("_")
    if family not in ("channel", "group") or what not in ("archive", "deleted", "unarchive", "rename"):
        return False
    about = (event or {}).get("channel")
    about = about if isinstance(about, dict) else {"id": about}
    rooms = ChatRoom.objects.filter(channel_id=words.slack_id(about.get("id")) or "-")
    name = str(about.get("name") or "")
    if what == "rename":
        return bool(_NAME.match(name) and rooms.update(name=name))
    if what == "unarchive":
        return bool(rooms.update(archived_at=None))
    return bool(rooms.filter(archived_at=None).update(archived_at=now()))


def here(user: User, place: Place) -> Incident | None:
    """The incident of this channel, if the person may know of it.

    Raises:
        Missing: the channel is an incident's, but of none that the person may see; what is said there
            must never reach another incident.
    """
    seen = Incident.objects.visible_to(user)
    room = ChatRoom.objects.filter(channel_id=place.channel_id).first()
    if room:
        found = seen.filter(pk=room.incident_id).first()
    elif place.channel_name:
        found = seen.filter(channel_name=place.channel_name).first()
    else:
        found = None
    if found is None and is_room(place):
        raise Missing(_("This channel belongs to no incident that you may see."))
    return found


def meant(user: User, place: Place, number: int | None, *, command: str = "/inc") -> Incident:
    """The incident that a command is about.

    Raises:
        Missing: no such incident, or none that the person may see.
        Refused: ``which``, when several are open.
    """
    seen = Incident.objects.visible_to(user)
    if number is not None:
        named = seen.filter(number=number).first()
        if named is None:
            raise Missing(_("There is no INC-%(number)d.") % {"number": number})
        return named
    standing = here(user, place)
    if standing:
        return standing
    running = list(seen.open().filter(is_drill=False).order_by("-number")[: _LISTED + 1])
    if len(running) == 1:
        return running[0]
    if not running:
        raise Missing(_("No incident is open. Open one with %(command)s declare.") % {"command": command})
    raise Refused(
        "which",
        _("Several incidents are open. Say which, as in “%(command)s %(first)s status”: %(list)s.")
        % {
            "command": command,
            "first": running[0].reference,
            "list": ", ".join(f"{one.reference} {one.title}" for one in running[:_LISTED]),
        },
    )
