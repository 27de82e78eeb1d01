"""API tokens."""

import logging
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core import serializers
from django.core.management import CommandError, call_command

from accounts import actors, tokens
from accounts.models import ApiToken, AuditEntry
from lib.refusal import Invalid, Missing

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_only_a_hash_and_a_prefix_are_kept(alice, caplog):
    with caplog.at_level(logging.DEBUG):
        token, plaintext = tokens.issue(alice, name="ci", scope="write")
        tokens.find(plaintext)
    dump = serializers.serialize("json", [*ApiToken.objects.all(), *AuditEntry.objects.all()])

    secret = plaintext.rpartition("_")[2]
    assert secret not in dump
    assert secret not in caplog.text
    assert token.prefix in dump
    assert plaintext.startswith(token.prefix)


def test_a_token_is_found_by_its_whole_text_only(alice):
    token, plaintext = tokens.issue(alice, name="ci", scope="read")

    assert tokens.find(plaintext) == token
    for wrong in (
        plaintext[:-1],
        plaintext + "x",
        plaintext[:-1] + "\x00",
        token.prefix,
        "",
        "tsn_",
        "é" * 50,
        plaintext.upper(),
    ):
        assert tokens.find(wrong) is None


def test_an_ended_a_revoked_and_a_sleeping_persons_token_find_nobody(alice, root):
    with time_machine.travel(NOON, tick=False) as clock:
        ending = tokens.issue(alice, name="a", scope="read", expires_at=NOON + timedelta(hours=1))[1]
        revoked, plain = tokens.issue(alice, name="b", scope="read")
        assert tokens.find(ending) and tokens.find(plain)
        tokens.revoke(revoked.pk, actor=actors.person(alice))
        assert tokens.find(plain) is None
        clock.shift(timedelta(hours=1))
        assert tokens.find(ending) is None
    living = tokens.issue(alice, name="c", scope="read")[1]
    alice.is_active = False
    alice.save()
    assert tokens.find(living) is None


def test_use_is_noted_at_most_once_a_minute(alice, django_assert_num_queries):
    with time_machine.travel(NOON, tick=False) as clock:
        token, _ = tokens.issue(alice, name="ci", scope="read")
        tokens.touch(token)
        token.refresh_from_db()
        assert token.last_used_at == NOON
        clock.shift(timedelta(seconds=59))
        with django_assert_num_queries(0):
            tokens.touch(token)
        clock.shift(timedelta(seconds=1))
        tokens.touch(token)
        token.refresh_from_db()
    assert token.last_used_at == NOON + timedelta(minutes=1)


def test_nobody_revokes_somebody_elses_token_but_an_admin(alice, bob, root):
    token, _ = tokens.issue(alice, name="ci", scope="read")
    with pytest.raises(Missing):
        tokens.revoke(token.pk, actor=actors.person(bob))
    assert tokens.revoke(token.pk, actor=actors.person(root)).revoked_at


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"scope": "root"}, {"expires_at": NOON - timedelta(days=3650)}, {"name": "a\x00"}],
)
def test_a_wrong_wish_is_refused(alice, wrong):
    with pytest.raises(Invalid):
        tokens.issue(alice, **{"name": "ci", "scope": "read", **wrong})
    assert not ApiToken.objects.exists()


def test_the_command_prints_the_token_alone_on_a_line(alice):
    out = StringIO()
    call_command("token", "ALICE@example.com", "--scope", "read", stdout=out)

    token = tokens.find(out.getvalue().strip())
    assert out.getvalue().count("\n") == 1
    assert (token.user, token.scope) == (alice, "read")
    with pytest.raises(CommandError, match="Nobody"):
        call_command("token", "nobody@example.com")
