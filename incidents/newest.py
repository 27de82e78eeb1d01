"""Whether anything is new in a room: asked every two seconds by everybody who watches it."""

import threading
import time
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from accounts.models import User
from incidents.models import Incident, TimelineEvent

#: Seconds for which one answer serves all who ask this process about an incident that anybody may see.
AGE = 0.25
# So many rooms are kept in mind; who watches more of them at once is asked for again.
_AT_MOST = 500
_known: dict[int, "Newest"] = {}
_keeping = threading.Lock()


@dataclass(frozen=True)
class Newest:
    """The incident's ID and the number of its last event; ``until`` is a reading of the monotonic clock."""

    incident_id: int
    last: int
    is_private: bool
    until: float


def of(user: User, number: int) -> Newest:
    """What is newest in the room with that number, as this reader may know of it.

    An answer may be `AGE` old. Of a private incident nothing is kept: its readers are asked for each time.

    Raises:
        Incident.DoesNotExist: there is no such incident, or the reader may not know of it.
    """
    found = _known.get(number)
    if found is None or found.until <= time.monotonic():
        # visible_to: below, for the only incidents that it hides from anybody who is signed in.
        found = _read(number)
    if found.is_private and not Incident.objects.visible_to(user).filter(pk=found.incident_id).exists():
        raise Incident.DoesNotExist
    return found


def _read(number: int) -> Newest:
    until = time.monotonic() + AGE
    events = TimelineEvent.objects.filter(incident=OuterRef("pk")).order_by("-number").values("number")[:1]
    rows = Incident.objects.filter(number=number)
    pk, is_private, last = rows.values_list("pk", "is_private", Subquery(events)).get()
    found = Newest(pk, last or 0, is_private, until)
    if not is_private:
        with _keeping:
            if len(_known) >= _AT_MOST:
                _known.clear()
            _known[number] = found
    return found
