"""Numbers and names an incident gets: its gapless number and its channel."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection

from incidents.models import Counter, Incident

_LONGEST = 80  # Slack's limit for a channel name.


def next_number() -> int:
    """The next incident number. Inside the opening's transaction, so that a rollback leaves no gap."""
    table = connection.ops.quote_name(Counter._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} AS counter (name, value) VALUES ('incident', 1) "  # noqa: S608
            "ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value"
        )
        (number,) = cursor.fetchone()
    return int(number)


def channel_name(incident: Incident, declared_at: datetime) -> str:
    """``inc-YYYYMMDD-service``, with a suffix where that is taken; never renamed afterwards.

    The date is that of the declaration in the zone of the primary service's team. A private incident names no
    service.
    """
    # One name at a time: two declared in the same second would choose the same one.
    Counter.objects.get_or_create(name="channel")
    Counter.objects.select_for_update().get(name="channel")
    day = declared_at.astimezone(ZoneInfo(incident.team.time_zone))
    subject = "private" if incident.is_private else incident.service.slug.lower()
    base = f"inc-{day:%Y%m%d}-{subject}"[: _LONGEST - 4].rstrip("-")
    taken = set(Incident.objects.filter(channel_name__startswith=base).values_list("channel_name", flat=True))
    name, suffix = base, 2
    while name in taken:
        name, suffix = f"{base}-{suffix}", suffix + 1
    return name
