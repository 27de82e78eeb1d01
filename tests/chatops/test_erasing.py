"""Erasing a person forgets who they are in Slack."""

import pytest

from accounts import erasing
from accounts.actors import person
from chatops.models import ChatUser

pytestmark = pytest.mark.django_db


def test_an_erased_person_has_no_slack_id_left_and_others_keep_theirs(alice, bob, root):
    ChatUser.objects.create(team_id="T1", slack_id="U1", user=alice)
    kept = ChatUser.objects.create(team_id="T1", slack_id="U2", user=bob)
    erasing.erase(alice.pk, actor=person(root))

    assert list(ChatUser.objects.all()) == [kept]
