"""People: invited, given a role, switched off, erased."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail

from accounts import actors, audit, erasing, people, tokens
from accounts.models import AuditEntry, Role, User
from lib.refusal import Forbidden, Invalid, Missing, Refused

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOOD = "correct horse battery"


def token_of(link):
    return re.search(r"/invited/(.+)/$", link).group(1)


def test_an_invited_person_sets_a_password_and_is_verified(mona):
    user, link, is_sent = people.invite("New@Example.com", actor=actors.person(mona), role=Role.RESPONDER)

    assert is_sent
    assert link in mail.outbox[0].body
    assert mail.outbox[0].to == ["new@example.com"]
    assert not user.has_usable_password()

    people.accept(token_of(link), password=GOOD, name="Nina")
    user.refresh_from_db()
    assert user.check_password(GOOD)
    assert str(user) == "Nina"
    assert EmailAddress.objects.get(user=user).verified


def test_an_invitation_works_once_and_for_seven_days(mona):
    with time_machine.travel(NOON, tick=False) as clock:
        user, link, _ = people.invite("new@example.com", actor=actors.person(mona))
        with pytest.raises(Invalid) as weak:
            people.accept(token_of(link), password="short")
        assert weak.value.field == "password"
        clock.shift(timedelta(days=7, seconds=1))
        with pytest.raises(Invalid) as late:
            people.accept(token_of(link), password=GOOD)
        assert late.value.code == "expired"

        _, link, _ = people.invite_again(user.pk, actor=actors.person(mona))
        people.accept(token_of(link), password=GOOD)
        with pytest.raises(Invalid) as used:
            people.accept(token_of(link), password=GOOD + "!")
        assert used.value.code == "used"


def test_nobody_is_invited_twice_or_into_somebody_elses_account(mona, alice):
    with pytest.raises(Invalid) as taken:
        people.invite("ALICE@EXAMPLE.COM", actor=actors.person(mona))
    assert taken.value.code == "email_taken"
    with pytest.raises(Refused) as here:
        people.invite_again(alice.pk, actor=actors.person(mona))
    assert here.value.code == "already_here"


def test_nobody_gives_a_role_above_their_own(mona, alice, root):
    with pytest.raises(Forbidden):
        people.invite("x@example.com", actor=actors.person(alice))
    with pytest.raises(Forbidden):
        people.invite("x@example.com", actor=actors.person(mona), role=Role.ADMIN)
    assert people.invite("x@example.com", actor=actors.person(root), role=Role.ADMIN)[0].role == Role.ADMIN


@pytest.mark.parametrize(
    "address", ["", "x", "x@", "@localhost", "a b@localhost", "x@y\x00.de", "a\nb@example.com"]
)
def test_what_is_no_address_is_refused(mona, address):
    with pytest.raises(Invalid):
        people.invite(address, actor=actors.person(mona))


def test_a_mail_that_cannot_be_sent_leaves_the_link(mona, settings):
    smtp = {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {"host": "127.0.0.1", "port": 1},
    }
    settings.MAILERS = {"default": smtp}
    user, link, is_sent = people.invite("new@example.com", actor=actors.person(mona))

    assert not is_sent
    assert people.invited(token_of(link)) == user


def test_a_change_stands_in_the_audit_log_with_before_and_after(root, alice):
    people.change(alice.pk, actor=actors.person(root), role=Role.MANAGER, name=alice.name)
    entry = AuditEntry.objects.get(action="person changed")

    assert (entry.before, entry.after) == ({"role": "responder"}, {"role": "manager"})
    assert (entry.actor, entry.via) == (root, "web")
    assert "alice@example.com" in entry.target


def test_a_person_changes_their_own_name_but_not_their_rights(alice, bob):
    me = actors.person(alice)
    assert (
        people.change(alice.pk, actor=me, name="Al", time_zone="Europe/Berlin").time_zone == "Europe/Berlin"
    )
    for fields in ({"role": Role.ADMIN}, {"is_active": False}):
        with pytest.raises(Forbidden):
            people.change(alice.pk, actor=me, **fields)
    with pytest.raises(Forbidden):
        people.change(bob.pk, actor=me, name="Bo")
    with pytest.raises(Invalid):
        people.change(alice.pk, actor=me, time_zone="Mars/Base")


def test_an_admin_is_always_left(root, mona):
    me = actors.person(root)
    for fields in ({"role": Role.VIEWER}, {"is_active": False}):
        with pytest.raises(Refused) as alone:
            people.change(root.pk, actor=me, **fields)
        assert alone.value.code == "last_admin"
    with pytest.raises(Refused):
        erasing.erase(root.pk, actor=me)

    people.change(mona.pk, actor=me, role=Role.ADMIN)
    assert people.change(root.pk, actor=me, role=Role.VIEWER).role == Role.VIEWER


def test_an_erased_person_leaves_only_a_former_user(root, alice, client):
    client.force_login(alice)
    _, plaintext = tokens.issue(alice, name="ci", scope="write")
    audit.note(actors.person(alice), "changed", "thing")
    people.change(alice.pk, actor=actors.person(root), name="Alice Liddell")
    erasing.erase(alice.pk, actor=actors.person(root))

    left = User.objects.get(pk=alice.pk)
    assert str(left) == "former user"
    assert (left.is_active, left.has_usable_password(), left.email) == (
        False,
        False,
        f"erased-{left.pk}@erased.invalid",
    )
    assert tokens.find(plaintext) is None
    assert client.get("/accounts/profile/").status_code == 302
    told = " ".join(f"{e.actor_label} {e.target} {e.before} {e.after}" for e in AuditEntry.objects.all())
    assert "alice" not in told.lower()
    assert "Liddell" not in told
    with pytest.raises(Missing):
        erasing.erase(alice.pk, actor=actors.person(root))


def test_only_an_admin_erases_somebody_else(alice, bob, root):
    with pytest.raises(Forbidden):
        erasing.erase(bob.pk, actor=actors.person(alice))
    assert erasing.erase(alice.pk, actor=actors.person(alice)).erased_at


def test_addresses_are_one_in_any_case(db):
    made = User.objects.create_user("Mixed@Example.COM", "x")
    assert made.email == "mixed@example.com"
    assert User.objects.get_by_natural_key("MIXED@example.com") == made
