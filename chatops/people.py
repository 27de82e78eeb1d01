"""Who somebody in Slack is here: by the e-mail address that Slack has confirmed."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from chatops import asking, words
from chatops.models import ChatUser
from lib.refusal import Forbidden, Invalid
from lib.text import is_storable

#: How long an answer of Slack's is believed before it is asked again.
_BELIEVED = timedelta(days=1)


def known(team_id: str, user_id: str) -> User:
    """The account behind a Slack person; asks Slack the first time and once a day.

    Never call it inside a transaction.

    Raises:
        Forbidden: nobody here; the sentence says what to do.
        Away: Slack did not answer, and the person was never seen before.
    """
    link = ChatUser.objects.select_related("user").filter(team_id=team_id, slack_id=user_id).first()
    if link and link.checked_at > now() - _BELIEVED:
        return _active(link.user)
    try:
        user = _by_email(_address(team_id, user_id))
    except asking.Away:
        if link is None:
            raise
        return _active(link.user)
    except Forbidden:
        ChatUser.objects.filter(team_id=team_id, slack_id=user_id).delete()
        raise
    ChatUser.objects.update_or_create(
        team_id=team_id, slack_id=user_id, defaults={"user": user, "checked_at": now()}
    )
    return _active(user)


def _active(user: User) -> User:
    if not user.is_active:
        raise Forbidden(_("Your account in Tocsin is switched off. Ask an admin to switch it on."))
    return user


def _address(team_id: str, user_id: str) -> str:
    """The confirmed e-mail address that Slack gives for one of its own people."""
    try:
        person: dict[str, Any] = asking.ask("users.info", user=user_id).get("user") or {}
    except asking.Said as refused:
        if refused.word == "missing_scope":
            raise Forbidden(_("The Slack app needs the scopes users:read and users:read.email.")) from refused
        sentence = _("Slack does not tell Tocsin who you are (%(word)s).") % {"word": refused.word}
        raise Forbidden(sentence) from refused
    if person.get("is_bot") or person.get("deleted"):
        raise Forbidden(_("Only people with an account can do this."), code="no_person")
    if person.get("is_stranger") or not _is_of(person, team_id):
        # A guest's own company decides about their address: it proves nothing here.
        raise Forbidden(_("People of other Slack workspaces cannot act in Tocsin. Ask somebody of this one."))
    if person.get("is_email_confirmed") is False:
        raise Forbidden(_("Confirm your e-mail address in Slack first, then try again."))
    email = str((person.get("profile") or {}).get("email") or "").strip()
    if not email:
        raise Forbidden(
            _("Slack does not tell Tocsin your e-mail address: the app needs the scope users:read.email.")
        )
    return email


def _is_of(person: dict[str, Any], team_id: str) -> bool:
    teams = [person.get("team_id"), *((person.get("enterprise_user") or {}).get("teams") or [])]
    return team_id in teams


def _by_email(email: str) -> User:
    # Compared here too: a database may take letters for equal that are not (ı and i).
    rows = User.objects.filter(email__iexact=email) if is_storable(email) else []
    for user in rows:
        if user.email.lower() == email.lower():
            return user
    raise Forbidden(
        _(
            "Tocsin knows nobody with the address %(email)s. Ask an admin to invite it at %(url)s, "
            "then try again."
        )
        % {"email": email[:254], "url": settings.BASE_URL},
        code="unknown_person",
    )


def looks_like_one(word: str) -> bool:
    """Does a word of a command name a person?"""
    return word == "me" or "@" in word


def meant(team_id: str, word: str, me: User) -> User:
    """The person of ``<@U1>``, ``@bob``, ``bob@example.com`` or ``me``.

    Raises:
        Invalid: nobody, or several, are called that.
        Forbidden: the Slack person has no account.
    """
    if word == "me":
        return me
    if mention := words.MENTION.match(word):
        try:
            return known(team_id, mention[1])
        except Forbidden as unknown:
            raise Invalid(
                _("That person has no account in Tocsin, or Slack does not say who it is."), field="user"
            ) from unknown
    name = words.plain(word).strip().lower()
    found = [user for user in User.objects.people() if name.removeprefix("@") in _names(user)]
    if len(found) == 1:
        return found[0]
    if found:
        raise Invalid(
            _("Several people are called %(name)s. Give the e-mail address.") % {"name": name}, field="user"
        )
    raise Invalid(
        _("Nobody here is called %(name)s. Give the e-mail address.") % {"name": name[:80]}, field="user"
    )


def _names(user: User) -> set[str]:
    name = user.name.lower()
    return {user.email.lower(), user.email.lower().partition("@")[0], name, name.replace(" ", ".")} | {
        name.partition(" ")[0]
    } - {""}


def names_in(team_id: str, text: str) -> dict[str, str]:
    """The names of the people a text mentions, as far as they are known here."""
    rows = ChatUser.objects.filter(team_id=team_id, slack_id__in=words.mentions(text)).select_related("user")
    return {row.slack_id: str(row.user) for row in rows}


def forget(user: User) -> None:
    """Drop who the person is in Slack."""
    ChatUser.objects.filter(user=user).delete()
