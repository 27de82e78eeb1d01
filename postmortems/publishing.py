"""Publishing: inside by one person, outside as a redacted text that a second person approves."""

from datetime import datetime

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import Role, User
from incidents import neighbours, permissions, timeline
from incidents.kinds import COMMS_LEAD, INCIDENT_COMMANDER
from incidents.models import Incident
from lib.refusal import Invalid, Refused
from lib.text import clean
from postmortems import reminders, writing
from postmortems.kinds import Status, Visibility
from postmortems.models import Postmortem

MAX_PUBLIC = 50_000


def publish(
    postmortem_id: int,
    *,
    actor: Actor,
    visibility: str = Visibility.INTERNAL,
    seen_at: datetime | None = None,
) -> Postmortem:
    """Publish it inside, or outside; the incident's timeline says so in the same transaction.

    ``seen_at`` is the time of the public text that the actor read: only that one is approved.

    Raises:
        Refused: nothing is written yet; for a public one: private incident, no public text, or its writer
            is the one who publishes although somebody else could.
    """
    if visibility not in Visibility.values:
        raise Invalid(_("Publish it “internal” or “public”."), code="bad_visibility", field="visibility")
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        if not (postmortem.summary or postmortem.root_cause):
            raise Refused("empty", _("Write the summary or the root cause first; then publish."))
        if visibility == Visibility.PUBLIC:
            _check_public(postmortem, actor)
            if seen_at is not None and seen_at != postmortem.public_text_at:
                raise Refused(
                    "text_changed",
                    _("The public text was changed meanwhile. Read it again, then approve it."),
                )
            _set_public(postmortem, actor)
        at = now()
        is_news = not postmortem.is_published or visibility == Visibility.PUBLIC
        postmortem.status = Status.PUBLISHED
        postmortem.published_at = postmortem.published_at or at
        postmortem.published_by = postmortem.published_by or actor.user
        reminders.plan_postmortem(postmortem)
        postmortem.save()
        if is_news:
            neighbours.postmortem_published(
                postmortem.incident_id,
                actor=actor,
                postmortem_id=postmortem.pk,
                public_text=postmortem.public_text if visibility == Visibility.PUBLIC else "",
                reviewed=postmortem.is_reviewed,
            )
        return postmortem


def _check_public(postmortem: Postmortem, actor: Actor) -> None:
    incident = postmortem.incident
    permissions.may(actor, "publish", incident)
    if incident.is_private:
        raise Refused("private", _("A private incident has no public postmortem."))
    if not postmortem.public_text:
        raise Refused("no_public_text", _("Write the public text first; a second person then approves it."))
    is_own = actor.user is not None and postmortem.public_text_by_id == actor.user.pk
    if is_own and _others_who_may(incident, actor):
        raise Refused(
            "needs_second_person",
            _("You wrote the public text. Somebody else who may publish has to approve it."),
        )


def _others_who_may(incident: Incident, actor: Actor) -> bool:
    people = User.objects.filter(is_active=True)
    if actor.user:
        people = people.exclude(pk=actor.user.pk)
    chairs = incident.holdings.filter(until=None, role__slug__in=(INCIDENT_COMMANDER, COMMS_LEAD))
    by_role = people.filter(role__in=(Role.MANAGER, Role.ADMIN))
    return by_role.exists() or people.filter(pk__in=chairs.values("user")).exists()


def _set_public(postmortem: Postmortem, actor: Actor) -> None:
    postmortem.visibility = Visibility.PUBLIC
    postmortem.public_at, postmortem.public_by = now(), actor.user


def write_public(postmortem_id: int, *, actor: Actor, text: str) -> Postmortem:
    """Keep the text that the public would read; nothing goes out by this.

    Raises:
        Invalid: empty, too long, or cannot be stored.
    """
    said = clean(text, max_length=MAX_PUBLIC, field="text")
    if not said:
        raise Invalid(_("Write what the public should read."), code="empty", field="text")
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        if postmortem.incident.is_private:
            raise Refused("private", _("A private incident has no public postmortem."))
        postmortem.public_text, postmortem.public_text_by = said, actor.user
        postmortem.public_text_at = now()
        postmortem.save(update_fields=["public_text", "public_text_by", "public_text_at"])
        return postmortem


def waive(incident_id: int, *, actor: Actor, reason: str) -> Incident:
    """A manager says that no postmortem is needed, and why.

    Raises:
        Forbidden: below a manager. Invalid: no reason. Refused: there is no duty, or it is done.
    """
    said = clean(reason, max_length=500, field="reason")
    with timeline.locked(incident_id, actor=actor, verb="waive_postmortem") as incident:
        if not said:
            raise Invalid(_("Say why no postmortem is needed."), code="no_reason", field="reason")
        if not incident.has_postmortem_duty:
            raise Refused("no_duty", _("This incident needs no postmortem; nothing is to be waived."))
        if incident.postmortem_published_at:
            raise Refused("already_published", _("The postmortem is published already."))
        if incident.postmortem_waived_at:
            raise Refused("already_waived", _("The postmortem is waived already."))
        neighbours.postmortem_waived(incident_id, actor=actor, reason=said)
        Postmortem.objects.filter(incident=incident_id).update(next_reminder_at=None)
        return Incident.objects.get(pk=incident_id)
