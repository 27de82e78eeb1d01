"""Who is told what, when a document, an action or a review is owed."""

from dataclasses import dataclass

from django.conf import settings

from accounts.models import User
from incidents.models import Incident
from notifications import contacts, wording
from notifications.models import Word
from postmortems import carrying, reminders
from postmortems.models import ActionItem, Comment, Postmortem, Review


@dataclass(frozen=True)
class Letter:
    """One message to one person."""

    to: User
    incident: Incident
    subject: str
    text: str
    path: str


def about_postmortem(postmortem: Postmortem) -> list[Letter]:
    """To the authors; a day late, to the team's managers too."""
    if not Postmortem.objects.owed().filter(pk=postmortem.pk).exists() or postmortem.due_at is None:
        return []
    incident = postmortem.incident
    day = f"{postmortem.due_at.astimezone(postmortem.zone):%d %b %Y, %H:%M}"
    when = f"was due on {day}" if postmortem.is_late else f"is due on {day}"
    subject = f"the postmortem {when}"
    text = "Write what is missing, then publish it. One person is enough."
    people = list(postmortem.authors.filter(is_active=True))
    if reminders.is_climbing(postmortem) or not people:
        people += [user for user in incident.team.managers() if user not in people]
    return _letters(postmortem, people, subject, text, postmortem.get_absolute_url())


def about_action(action: ActionItem) -> list[Letter]:
    """To the owner, else the authors; a week late, to the team's managers too."""
    if not action.is_owed or action.due is None:
        return []
    postmortem = action.postmortem
    incident = postmortem.incident
    late = action.days_late
    when = f"{late} {'day' if late == 1 else 'days'} late" if late else f"due on {action.due:%d %b %Y}"
    title = "an action" if incident.is_private else f"“{action.title}”"
    subject = f"{title} is {when}"
    text = "Done already? Tick it off. Needs longer? Change the date."
    people = [action.owner] if action.owner and action.owner.is_active else []
    people = people or list(postmortem.authors.filter(is_active=True))
    if reminders.climbs(action) or not people:
        people += [user for user in incident.team.managers() if user not in people]
    return _letters(postmortem, people, subject, text, action.get_absolute_url())


def about_review(review: Review) -> list[Letter]:
    """To the reviewer, while the answer is open."""
    if review.marked_at is not None:
        return []
    asker = str(review.asked_by) if review.asked_by else "Somebody"
    subject = f"{asker} asks you to read the postmortem"
    text = "Say that it looks right, or what should change."
    return _letters(review.postmortem, [review.user], subject, text, review.postmortem.get_absolute_url())


def about_opening(postmortem: Postmortem) -> list[Letter]:
    """To the authors of a document that opened itself."""
    if postmortem.opened_by_id is not None or postmortem.is_published:
        return []
    subject = "the postmortem is open"
    due = (
        f" It is due on {postmortem.due_at.astimezone(postmortem.zone):%d %b %Y}."
        if postmortem.due_at
        else ""
    )
    count = len(carrying.left(postmortem.incident))
    still = (
        "One task of the room is still open; it"
        if count == 1
        else f"{count} tasks of the room are still open; each"
    )
    tasks = f" {still} can become an action item with one click." if count else ""
    text = f"The timeline is filled in already; add what you know.{due}{tasks}"
    people = list(postmortem.authors.filter(is_active=True))
    return _letters(postmortem, people, subject, text, postmortem.get_absolute_url())


def about_mention(comment: Comment, person: User) -> list[Letter]:
    """To somebody whom a comment calls by name."""
    subject = f"{comment.by} mentions you beside the postmortem"
    said = "" if comment.postmortem.incident.is_private else f"\n\n> {comment.text[:500]}"
    text = f"Read it and answer there.{said}"
    path = comment.postmortem.get_absolute_url() + "#comments"
    return _letters(comment.postmortem, [person], subject, text, path)


def _letters(postmortem: Postmortem, people: list[User], subject: str, text: str, path: str) -> list[Letter]:
    """Only to people who may know of the incident: a private one has managers who do not."""
    seeing = Postmortem.objects.filter(pk=postmortem.pk)
    return [
        Letter(person, postmortem.incident, subject, text, path)
        for person in people
        if seeing.visible_to(person).exists()
    ]


def postmortem_due(postmortem_id: int, *, key: str) -> None:
    """Send the reminder, if it is still owed."""
    postmortem = _postmortem(postmortem_id)
    if postmortem:
        _send(about_postmortem(postmortem), key=key)


def action_due(action_id: int, *, key: str) -> None:
    """Send the reminder, if it is still owed."""
    rows = ActionItem.objects.select_related("owner", "postmortem__incident__service__team")
    action = rows.filter(pk=action_id).first()
    if action:
        _send(about_action(action), key=key)


def review_asked(review_id: int, *, key: str) -> None:
    rows = Review.objects.select_related("user", "asked_by", "postmortem__incident__service__team")
    review = rows.filter(pk=review_id).first()
    if review:
        _send(about_review(review), key=key)


def mentioned(comment_id: int, user_id: int) -> None:
    """Tell somebody that a comment calls them, if they may still see it."""
    rows = Comment.objects.select_related("by", "postmortem__incident__service__team")
    comment = rows.filter(pk=comment_id).first()
    person = User.objects.filter(pk=user_id, is_active=True).first()
    if comment and person:
        _send(about_mention(comment, person), key=f"comment:{comment.pk}")


def opened(postmortem_id: int, *, key: str) -> None:
    postmortem = _postmortem(postmortem_id)
    if postmortem:
        _send(about_opening(postmortem), key=key)


def _postmortem(postmortem_id: int) -> Postmortem | None:
    return Postmortem.objects.select_related("incident__service__team").filter(pk=postmortem_id).first()


def _send(letters: list[Letter], *, key: str) -> None:
    """Owe each letter once, by the person's own ways; the key keeps a repeated delivery from doubling it."""
    for letter in letters:
        words = wording.letter(
            letter.incident, subject=letter.subject, text=letter.text, link=settings.BASE_URL + letter.path
        )
        contacts.tell(
            letter.to,
            Word.NUDGE,
            key=f"{key}:{letter.to.pk}",
            subject=words.subject,
            body=words.body,
            html=words.html,
            incident=letter.incident,
        )
