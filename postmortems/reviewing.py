"""Review: asked for, never enforced. Somebody who did not write it reads it and says so."""

from collections.abc import Sequence

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import User
from lib.refusal import Invalid, Refused
from lib.text import clean
from outbox.announcing import announce
from postmortems import writing
from postmortems.kinds import ReviewMark, Status
from postmortems.models import Postmortem, Review


def ask(postmortem_id: int, *, actor: Actor, user_ids: Sequence[int]) -> Postmortem:
    """Ask people to read it; a draft is in review from then on.

    Raises:
        Invalid: nobody named, an author, or somebody who may not see the incident.
    """
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        people = list(User.objects.filter(pk__in=user_ids, is_active=True))
        if not people or len(people) != len(set(user_ids)):
            raise Invalid(_("Name at least one reviewer who is here."), code="no_reviewer", field="reviewers")
        for person in people:
            writing.check_sees(postmortem, person)
            _ask(postmortem, person, by=actor.user)
        if postmortem.status == Status.DRAFT:
            postmortem.status = Status.IN_REVIEW
            postmortem.save(update_fields=["status"])
        return postmortem


def _ask(postmortem: Postmortem, person: User, *, by: User | None) -> None:
    if postmortem.authors.filter(pk=person.pk).exists():
        raise Invalid(
            _("%(name)s wrote it. Ask somebody who did not.") % {"name": person},
            code="is_author",
            field="reviewers",
        )
    review, _is_new = Review.objects.update_or_create(
        postmortem=postmortem,
        user=person,
        defaults={"mark": ReviewMark.ASKED, "asked_by": by, "asked_at": now(), "marked_at": None},
    )
    key = f"review:{review.pk}:{review.asked_at.isoformat()}"
    announce("postmortems.review_asked", key=key, review=review.pk, reminder=key)


def mark(postmortem_id: int, *, actor: Actor, mark: str, note: str = "") -> Postmortem:
    """Say that it looks right, or what should change. Needs no invitation; authors do not review.

    Raises:
        Invalid: no such mark. Refused: the actor wrote it.
    """
    if mark not in (ReviewMark.APPROVED, ReviewMark.CHANGES):
        raise Invalid(_("Say “approved” or “changes”."), code="bad_mark", field="mark")
    said = clean(note, max_length=500, field="note")
    with writing.locked(postmortem_id, actor=actor) as postmortem:
        if actor.user is None or postmortem.authors.filter(pk=actor.user.pk).exists():
            raise Refused("is_author", _("You wrote it. Ask somebody else to review it."))
        at = now()
        Review.objects.update_or_create(
            postmortem=postmortem,
            user=actor.user,
            defaults={"mark": mark, "marked_at": at, "note": said},
        )
        if mark == ReviewMark.APPROVED:
            postmortem.reviewed_by, postmortem.reviewed_at = actor.user, at
        elif postmortem.reviewed_by_id == actor.user.pk:
            postmortem.reviewed_by = postmortem.reviewed_at = None
        postmortem.save(update_fields=["reviewed_by", "reviewed_at"])
        return postmortem
