"""Who hears what of an event: its channel, whoever can keep a promise, those who follow, other systems."""

from collections.abc import Callable

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from incidents import roles
from incidents.kinds import INCIDENT_COMMANDER, DeadlineKind, EventKind
from incidents.models import Incident, IncidentMember, TimelineEvent
from incidents.questions import ask
from notifications import contacts, delivery, wording
from notifications.channels import slack, slackapi
from notifications.models import Channel, ChatRoom, Delivery, OutgoingWebhook, Word

# What happened before there was a channel: the newest of it that one message holds.
_BEFORE = slack.LONGEST_TEXT - 100
#: After these nothing is said in the channel any more.
_LAST = (EventKind.CLOSED, EventKind.DISMISSED, EventKind.MERGED)
#: What changes the channel's topic.
_TOPICAL = (
    EventKind.DECLARED,
    EventKind.SEVERITY_CHANGED,
    EventKind.ROLE_TAKEN,
    EventKind.ROLE_LEFT,
    EventKind.MITIGATED,
    EventKind.RESOLVED,
    EventKind.REOPENED,
    EventKind.CLOSED,
    EventKind.UPDATE_POSTED,
    EventKind.PUBLISHED,
    EventKind.ACKNOWLEDGED,
    EventKind.DEADLINE_MISSED,
)
#: Promises that other rooms remind of in their own words.
_OTHERS_REMIND = (DeadlineKind.POSTMORTEM, DeadlineKind.MANAGEMENT, DeadlineKind.RESPONSE)


@transaction.atomic
def event(event_id: int) -> None:
    """Owe every message that this event causes; saying it twice owes nothing twice."""
    one = TimelineEvent.objects.select_related(
        "actor", "incident__service__team", "incident__severity", "incident__acknowledged_by"
    ).get(pk=event_id)
    incident = one.incident
    _room(one, incident)
    _hooks(one, incident)
    match one.kind:
        case EventKind.DEADLINE_MISSED | EventKind.DEADLINE_NUDGED:
            _nudge(one, incident)
        case EventKind.UPDATE_POSTED:
            _update(one, incident)
        case EventKind.ROLE_TAKEN:
            _seated(one, incident)
        case EventKind.ROLE_OFFERED:
            _offered(one, incident)


def _room(one: TimelineEvent, incident: Incident) -> None:
    """Every event appears in the incident's channel, which declaring opens; without Slack nothing is owed."""
    if not slackapi.is_configured() or not incident.channel_name:
        return
    opened = Delivery.objects.filter(key=f"room:{incident.pk}:open").first()
    if opened is None:
        _open(one, incident)
        return
    gone = ChatRoom.objects.filter(incident=incident).exclude(archived_at=None)
    if Delivery.objects.filter(key=f"room:{incident.pk}:archive").exists() or gone.exists():
        return  # Nobody can write there any more; the room goes on without it.
    if incident.is_private and not opened.fact("is_private"):
        _leave(one, incident)
        return
    chairs = roles.holders(incident)
    data: dict[str, object] = {"invite": [user.email for user in _newcomers(one)], "event": one.pk}
    if one.kind in _TOPICAL:
        data |= {"topic": wording.topic(incident, chairs), **_summary(incident)}
    _post(incident, key=f"room:event:{one.pk}", body=wording.post(one, incident), data=data)
    if one.kind in _LAST:
        _archive(incident)


def _leave(one: TimelineEvent, incident: Incident) -> None:
    """Slack lets no app make a channel private: a private incident's words stop where all can read."""
    waiting = Delivery.objects.filter(stream=f"room:{incident.pk}")
    delivery.cancel(waiting, reason="The incident became private.")
    body = _("This incident is private now. Those who may see it go on in its room: %(url)s") % {
        "url": incident.url
    }
    _post(
        incident,
        key=f"room:event:{one.pk}",
        body=body,
        data={"topic": incident.reference, "event": one.pk},
    )
    _archive(incident)


def _archive(incident: Incident) -> None:
    _post(incident, key=f"room:{incident.pk}:archive", body="", data={"do": "archive"})


def bookmark(incident: Incident, title: str, link: str) -> None:
    """A link at the top of the incident's channel, once by its address; nothing where there is no channel."""
    if slackapi.is_configured() and incident.channel_name:
        key = f"room:{incident.pk}:bookmark:{link}"[:200]
        _post(incident, key=key, body="", data={"bookmarks": {title: link}})


def _open(one: TimelineEvent, incident: Incident) -> None:
    data: dict[str, object] = {
        "do": "open",
        "name": incident.channel_name,
        "number": incident.number,
        "is_private": incident.is_private or incident.is_drill,
    }
    # Each step is a row of its own: one that fails for now is tried again without opening a second channel.
    _post(incident, key=f"room:{incident.pk}:open", body="", data=data)
    pinned: dict[str, object] = {"do": "summary", "number": incident.number}
    _post(incident, key=f"room:{incident.pk}:summary", body=wording.summary(incident), data=pinned)
    around: dict[str, object] = {
        "topic": wording.topic(incident, roles.holders(incident)),
        "invite": [user.email for user in _people(incident)],
    }
    _post(incident, key=f"room:{incident.pk}:people", body="", data=around)
    bookmark(incident, _("Incident room"), incident.url)
    _post(incident, key=f"room:event:{one.pk}", body=before(incident, one), data={"event": one.pk})


def _summary(incident: Incident) -> dict[str, object]:
    """The pinned summary as it reads now, for the message that is there."""
    return {"summary": wording.summary(incident), "number": incident.number}


def before(incident: Incident, one: TimelineEvent) -> str:
    """What happened before there was a channel, up to this event, in one message."""
    earlier = incident.timeline.filter(number__lte=one.number).order_by("number")
    lines, size = [wording.post(row, incident) for row in earlier], 0
    for place in range(len(lines) - 1, -1, -1):
        size += len(slack.escape(lines[place])) + 1
        if size > _BEFORE:
            return "\n".join(["…", *lines[place + 1 :]])
    return "\n".join(lines)


def _post(incident: Incident, *, key: str, body: str, data: dict[str, object]) -> None:
    delivery.owe(
        Word.NEWS,
        channel=Channel.ROOM,
        key=key,
        incident=incident,
        body=body,
        data=data,
        stream=f"room:{incident.pk}",
        about=f"incident:{incident.pk}",
    )


def _people(incident: Incident) -> list[User]:
    """Who belongs into the channel: its people; for an ordinary incident the on-call of its service too."""
    found = {member.user_id: member.user for member in incident.members.select_related("user")}
    found |= {user.pk: user for user in roles.holders(incident).values()}
    if incident.acknowledged_by:
        found[incident.acknowledged_by.pk] = incident.acknowledged_by
    if not (incident.is_private or incident.is_drill):
        found |= {user.pk: user for user in ask.on_call_now(incident.service)}
    return [user for user in found.values() if user.is_active]


def _newcomers(one: TimelineEvent) -> list[User]:
    """Whom this event brings in."""
    if one.kind in (EventKind.ROLE_TAKEN, EventKind.MEMBER_ADDED):
        ids = [one.get("user")]
    elif one.kind == EventKind.PAGED:
        ids = [int(pk) for pk in str(one.get("users", "")).split(",") if pk]
    elif one.kind == EventKind.ACKNOWLEDGED:
        ids = [one.actor_id]
    else:
        return []
    return list(User.objects.filter(pk__in=[pk for pk in ids if pk], is_active=True))


def _nudge(one: TimelineEvent, incident: Incident) -> None:
    """Remind the person who can keep the promise; where it pages, the pager does it."""
    if one.get("page") or one.get("deadline") in _OTHERS_REMIND:
        return
    person = User.objects.filter(pk=one.get("user"), is_active=True).first()
    if person is None or not may_hear(person, incident):
        return
    words = wording.nudge(one, incident)
    _tell(person, Word.NUDGE, f"nudge:{one.pk}", words, incident)


def _update(one: TimelineEvent, incident: Incident) -> None:
    """The team's update, to those who follow or hold a chair, but not back to its author."""
    follow = IncidentMember.objects.filter(incident=incident, follows=True)
    people = {row.user_id: row.user for row in follow.select_related("user")}
    people |= {user.pk: user for user in roles.holders(incident).values()}
    words = wording.update(one, incident)
    for user in people.values():
        if user.pk != one.actor_id and user.is_active and may_hear(user, incident):
            _tell(user, Word.UPDATE, f"update:{one.pk}", words, incident)


def _seated(one: TimelineEvent, incident: Incident) -> None:
    """Somebody was given a chair by somebody else."""
    person = User.objects.filter(pk=one.get("user"), is_active=True).first()
    if person is None or person.pk == one.actor_id or not may_hear(person, incident):
        return
    words = wording.letter(
        incident,
        subject=_("You are %(role)s") % {"role": one.get("role_name")},
        text=_("%(name)s gave you this chair.") % {"name": one.actor_label},
    )
    _tell(person, Word.NEWS, f"seat:{one.pk}", words, incident)


def _offered(one: TimelineEvent, incident: Incident) -> None:
    """Somebody can take an empty chair: whoever commands may seat them."""
    person = roles.holders(incident).get(INCIDENT_COMMANDER)
    if person is None or person.pk == one.actor_id or not (person.is_active and may_hear(person, incident)):
        return
    said = {"who": one.get("user_name"), "role": one.get("role_name")}
    words = wording.letter(
        incident,
        subject=_("%(who)s can take %(role)s") % said,
        text=_("%(who)s offers to be %(role)s. One tap in the room seats them.") % said,
    )
    _tell(person, Word.NEWS, f"offer:{one.pk}", words, incident)


def _tell(user: User, word: str, key: str, words: wording.Words, incident: Incident) -> None:
    contacts.tell(
        user,
        word,
        key=f"{key}:{user.pk}",
        subject=words.subject,
        body=words.body,
        html=words.html,
        incident=incident,
        about=f"incident:{incident.pk}",
    )


def may_hear(user: User, incident: Incident) -> bool:
    """Private incidents and drills are for their people; everything else for everybody signed in."""
    if not (incident.is_private or incident.is_drill):
        return True
    return (incident.members.belonging() if incident.is_private else incident.members).filter(
        user=user
    ).exists() or incident.holdings.filter(user=user, until=None).exists()


def _hooks(one: TimelineEvent, incident: Incident) -> None:
    to_hooks(
        incident,
        one.kind,
        key=str(one.pk),
        subject=str(EventKind(one.kind).label),
        payload=lambda: _payload(one, incident),
    )


def to_hooks(
    incident: Incident, topic: str, *, key: str, subject: str, payload: Callable[[], dict[str, object]]
) -> None:
    """Owe this to each webhook that wants the topic. Private incidents and drills are nobody else's."""
    if incident.is_private or incident.is_drill:
        return
    for hook in OutgoingWebhook.objects.filter(is_active=True):
        if hook.topics and topic not in hook.topics:
            continue
        delivery.owe(
            Word.NEWS,
            channel=Channel.WEBHOOK,
            address=hook.url,
            key=f"hook:{hook.pk}:{key}",
            incident=incident,
            subject=subject,
            data={"hook": hook.pk, "payload": payload()},
            stream=f"hook:{hook.pk}:{incident.pk}",
            about=f"hook:{hook.pk}",
        )


def hook_facts(incident: Incident) -> dict[str, object]:
    """What every webhook says of an incident."""
    return {
        "number": incident.number,
        "reference": incident.reference,
        "title": incident.title,
        "status": incident.status,
        "severity": incident.severity.name,
        "services": [row.service.slug for row in incident.service_rows.select_related("service")],
        "url": incident.url,
    }


def _payload(one: TimelineEvent, incident: Incident) -> dict[str, object]:
    return {
        "type": f"incident.{one.kind}",
        "timestamp": one.recorded_at.isoformat(),
        "data": {
            "incident": hook_facts(incident),
            "event": {
                "number": one.number,
                "kind": one.kind,
                "at": one.at.isoformat(),
                "actor": one.actor_label,
                "text": one.text,
            },
        },
    }


def room_failed(delivery_id: int) -> bool:
    """Somebody archived or deleted the channel in Slack: nothing more is said there, the room goes on."""
    row = Delivery.objects.filter(pk=delivery_id, channel=Channel.ROOM).first()
    if row is None or not row.error.endswith(slack.GONE):
        return False
    room = ChatRoom.objects.filter(incident=row.incident_id or 0, archived_at=None)
    return bool(room.update(archived_at=now()))


def hook_failed(delivery_id: int) -> bool:
    """A receiver that answered 410 wants no more: its webhook is switched off, visibly."""
    row = Delivery.objects.filter(pk=delivery_id).first()
    hook_id = row.fact("hook") if row else None
    if row is None or not hook_id or " 410" not in row.error:
        return False
    changed = OutgoingWebhook.objects.filter(pk=hook_id, is_active=True).update(
        is_active=False, disabled_at=now(), disabled_reason=row.error[:200]
    )
    return bool(changed)
