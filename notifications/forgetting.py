"""A redacted event is taken back from messages too: blanked in our rows, and changed where Slack lets us.

Mails, texts and what other systems were told cannot be called back; their rows here hold the words no longer.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.models import Incident, TimelineEvent
from notifications import delivery, telling, wording
from notifications.models import Channel, Delivery, DeliveryQuerySet, Word


@transaction.atomic
def redacted(event_id: int) -> int:
    """Blank what was said of the event that this one redacts; how many messages that were. Idempotent."""
    one = TimelineEvent.objects.select_related("incident__service__team").get(pk=event_id)
    incident = one.incident
    event = incident.timeline.filter(number=one.get("event")).first()
    if event is None:
        return 0
    return _room(incident, event, one) + _updates(incident, event) + _hooks(incident, event)


def _room(incident: Incident, event: TimelineEvent, cause: TimelineEvent) -> int:
    """The channel's message that holds it: its own, or the first one, which tells all that came before."""
    rows = Delivery.objects.filter(incident=incident, channel=Channel.ROOM)
    row = rows.filter(key=f"room:event:{event.pk}").first()
    if row is not None and row.pk != _first(incident, rows):
        body = wording.post(event, incident)
    else:
        row = rows.filter(pk=_first(incident, rows)).first()
        last = incident.timeline.filter(pk=row.fact("event") or 0).first() if row else None
        if row is None or last is None or last.number < event.number:
            return 0
        body = telling.before(incident, last)
    Delivery.objects.filter(pk=row.pk).update(body=body)
    # In the stream of the channel: sent after the message that it changes, if that still waits.
    changes = {"do": "edit", "of": row.pk}
    delivery.owe(
        Word.NEWS,
        channel=Channel.ROOM,
        key=f"room:redact:{cause.pk}",
        incident=incident,
        body=body,
        data=changes,
        stream=f"room:{incident.pk}",
        about=f"incident:{incident.pk}",
    )
    return 1


def _first(incident: Incident, rows: DeliveryQuerySet) -> int:
    """The message after the one that opens the channel."""
    found = rows.filter(key__startswith="room:event:").order_by("pk").values_list("pk", flat=True).first()
    return found or 0


def _updates(incident: Incident, event: TimelineEvent) -> int:
    """To the people who follow: what waits is called off, what stands in Slack is changed."""
    rows = Delivery.objects.filter(incident=incident, key__startswith=f"update:{event.pk}:")
    delivery.cancel(rows, reason="The event was redacted.")
    for row in rows.filter(channel=Channel.SLACK).exclude(sent_at=None):
        told = row.fact("told") or {}
        if told.get("ts") and told.get("channel"):
            delivery.owe(
                Word.NEWS,
                channel=Channel.SLACK,
                key=f"redact:{row.pk}",
                address=row.address,
                incident=incident,
                recipient=row.recipient,
                body=_("This update was redacted."),
                data={"edit": {"ts": told["ts"], "channel": told["channel"]}},
                about=f"incident:{incident.pk}",
            )
    return rows.update(body="", html="")


def _hooks(incident: Incident, event: TimelineEvent) -> int:
    rows = Delivery.objects.filter(
        incident=incident, channel=Channel.WEBHOOK, key__startswith="hook:", key__endswith=f":{event.pk}"
    )
    changed = 0
    for row in rows:
        said = ((row.fact("payload") or {}).get("data") or {}).get("event") or {}
        if said.get("number") == event.number and said.get("text"):
            said["text"] = ""
            changed += Delivery.objects.filter(pk=row.pk, claims=row.claims).update(data=row.data)
    return changed
