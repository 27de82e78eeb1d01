"""What goes wrong between Tocsin and Slack: nothing is lost, it is told once, and it heals by itself."""

import json
from datetime import timedelta

import pytest

from accounts.actors import person
from incidents import lifecycle, roles
from notifications import auditing, delivery
from notifications.channels import slackapi
from notifications.errors import Passing
from notifications.models import ChannelTrouble, ChatRoom, ContactMethod, Delivery
from tests.standins.slack import ME

pytestmark = pytest.mark.django_db
BUSY = (429, {"Retry-After": "7", "Content-Type": "application/json"}, {"ok": False, "error": "ratelimited"})


class Died(BaseException):
    """What kill -9 is to the code after it."""


@pytest.fixture
def work(drain, clock):
    def rest():
        for _round in range(30):
            if not drain() + delivery.sweep():
                return
        raise AssertionError("it does not come to rest")

    return rest


@pytest.fixture
def later(work, clock):
    """Time passes, and everybody works."""

    def shift(**span):
        clock.shift(timedelta(**span))
        work()

    return shift


@pytest.fixture
def declared(slack, opened, alice):
    return opened(actor=person(alice), declare=True)


def only(slack):
    (channel,) = slack.channels.values()
    return channel


def unsent():
    return list(Delivery.objects.filter(channel="room", sent_at=None).values_list("error", flat=True))


# Opening -----------------------------------------------------------------------------------------


def test_who_dies_after_opening_the_channel_opens_no_second_one(
    slack, declared, drain, clock, monkeypatch, work, later
):
    drain()

    def die(point):
        if point == "after_send_before_mark":
            raise Died

    with monkeypatch.context() as patch, pytest.raises(Died):
        patch.setattr(delivery.failpoints, "reach", die)
        delivery.sweep()
    assert len(slack.channels) == 1 and not ChatRoom.objects.exists()
    later(minutes=2)

    assert only(slack)["name"] == declared.channel_name
    assert ChatRoom.objects.get().channel_id == only(slack)["id"]
    assert len(only(slack)["pins"]) == 1 and unsent() == []


@pytest.mark.parametrize("whose", ["somebody", "ours of last week", "another incident's", "archived"])
def test_a_channel_that_is_not_this_incidents_is_never_taken_over(
    slack, declared, opened, alice, work, whose, clock
):
    name, fields = declared.channel_name, {}
    if whose == "ours of last week":
        fields = {"creator": ME, "created": 1_000_000}
    elif whose == "another incident's":
        fields = {"creator": ME}
        other = opened(title="Another", actor=person(alice))
        ChatRoom.objects.create(incident=other, channel_id="C0OLD", name=name)
    elif whose == "archived":
        fields = {"creator": ME, "is_archived": True, "is_in": False}
    old = slack.exists("C0OLD", name, **fields)
    work()

    made = next(one for one in slack.channels.values() if one is not old)
    assert made["name"] == f"{name}-2" and not old["messages"]
    assert ChatRoom.objects.get(incident=declared).channel_id == made["id"]


def test_our_own_channel_is_found_among_many(slack, declared, work):
    for number in range(450):
        slack.exists(f"C9{number:03}", f"other-{number}")
    slack.exists("C0LOST", declared.channel_name, creator=ME)
    work()

    assert ChatRoom.objects.get().channel_id == "C0LOST"
    assert len(slack.of("users.conversations")) == 3


def test_slack_slowing_down_after_the_channel_was_opened_loses_nobody(slack, declared, work, later):
    # The channel, its summary and the pin pass; looking up who belongs in it is one too many.
    slack.failing += [None, None, None, BUSY]
    work()
    assert len(slack.of("conversations.create")) == 1 and "UALICE" not in only(slack)["members"]
    later(seconds=11)

    assert "UALICE" in only(slack)["members"] and len(slack.channels) == 1
    assert only(slack)["bookmarks"] == {"Incident room": declared.url}
    assert any("Declared" in one["text"] for one in only(slack)["messages"]) and unsent() == []


#: What a proxy on the way may answer in Slack's place.
NOT_SLACK = (200, {}, b"<html>not Slack</html>")
PACKED = (200, {"Content-Type": "application/gzip"}, b"not Slack")


@pytest.mark.parametrize("knob", ["reset", 503, NOT_SLACK, PACKED])
def test_any_call_that_fails_for_now_is_made_again(slack, opened, alice, work, later, knob):
    incident = opened(actor=person(alice), declare=True)
    for number in range(8):
        slack.failing += [None] * number + [knob]
        later(seconds=40)
        slack.failing.clear()
    roles.take(incident.pk, actor=person(alice), role_slug="incident_commander")
    slack.failing += [knob]
    work()
    later(minutes=1)

    assert "IC Alice" in only(slack)["topic"] and len(slack.channels) == 1 and unsent() == []


def test_what_is_no_answer_of_slack_s_passes(slack):
    slack.failing += [PACKED]
    with pytest.raises(Passing, match="no answer"):
        slackapi.call(slackapi.client(), "auth.test", form=True)


def test_one_who_cannot_come_in_keeps_nobody_out(slack, declared, work, alice, bob):
    slack.people["UALICE"]["deleted"] = True
    roles.take(declared.pk, actor=person(alice), role_slug="technical_lead", user_id=bob.pk)
    work()
    assert only(slack)["members"] == ["UBOB"]
    roles.leave(declared.pk, actor=person(bob), role_slug="technical_lead")
    roles.take(declared.pk, actor=person(bob), role_slug="technical_lead")
    work()

    assert only(slack)["members"] == ["UBOB"] and unsent() == []
    assert not Delivery.objects.exclude(error="").exists()  # One who is in already is no news.


# The token and its rights ------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["token_revoked", "account_inactive", "invalid_auth"])
def test_a_token_that_is_refused_is_told_once_and_everything_arrives_when_it_is_mended(
    slack, declared, work, later, word, alice
):
    slack.refuses_token = word
    work()
    for _hour in range(5):
        later(hours=1)
    broken = auditing.unconnected()
    assert (broken.what, word in broken.reason, ChannelTrouble.objects.count()) == ("channels", True, 1)
    assert "Checkout" not in broken.reason  # Strangers read it at /promises.
    lifecycle.post_update(declared.pk, actor=person(alice), text="Meanwhile, in the room.")
    slack.refuses_token = ""
    later(minutes=11)

    assert auditing.unconnected() is None
    assert unsent() == [] and "Meanwhile" in only(slack)["messages"][-1]["text"]


def test_a_missing_scope_is_named_and_heals(slack, declared, work, later):
    slack.scopes.discard("channels:manage")
    work()
    reason = auditing.unconnected().reason
    assert "channels:manage" in reason and "conversations.create" in reason
    slack.scopes.add("channels:manage")
    later(minutes=11)

    assert auditing.unconnected() is None and unsent() == []


def test_a_scope_that_is_missing_beside_the_words_costs_only_that(slack, declared, work):
    slack.scopes -= {"pins:write", "bookmarks:write", "users:read.email"}
    work()

    assert any("Declared" in one["text"] for one in only(slack)["messages"]) and unsent() == []
    noted = " ".join(Delivery.objects.exclude(error="").values_list("error", flat=True))
    assert all(scope in noted for scope in ("pins:write", "bookmarks:write", "users:read.email"))


def test_a_day_without_slack_is_made_up_for(slack, declared, work, later, alice):
    slack.is_away = True
    work()
    for _hour in range(20):
        later(hours=1)
    assert not slack.channels
    slack.is_away = False
    later(hours=1)

    assert unsent() == [] and len(only(slack)["messages"]) >= 2


def test_a_direct_message_names_the_trouble_too(slack, alice, work, later):
    ContactMethod.objects.create(
        user=alice, kind="slack", address=alice.email, verified_at="2024-01-01T00:00Z"
    )
    delivery.owe(word="news", channel="slack", key="k", address=alice.email, body="Hello")
    slack.scopes.discard("chat:write")
    work()
    assert "chat:write" in auditing.unconnected().reason
    slack.scopes.add("chat:write")
    later(minutes=11)

    assert auditing.unconnected() is None and Delivery.objects.get(key="k").sent_at


def test_a_right_that_chat_lacks_is_told_to_the_asker_and_to_the_admins(slack, inc, house):
    slack.scopes.discard("users:read")
    assert "users:read" in inc("list")
    assert "users:read" in auditing.unconnected().reason
    slack.scopes.add("users:read")

    assert "No incident is open" in inc("list")
    assert auditing.unconnected() is None


# The channel -------------------------------------------------------------------------------------


def test_put_out_of_a_public_channel_the_app_comes_back(slack, declared, work, alice):
    work()
    only(slack)["is_in"] = False
    lifecycle.post_update(declared.pk, actor=person(alice), text="Still here.")
    work()

    assert "Still here." in only(slack)["messages"][-1]["text"] and unsent() == []


@pytest.mark.parametrize("how", ["archived", "deleted", "put out"])
def test_a_channel_that_is_gone_is_noted_once_and_the_room_goes_on(slack, opened, work, alice, how):
    incident = opened(actor=person(alice), declare=True, is_private=how == "put out")
    work()
    kept = only(slack)
    if how == "archived":
        kept |= {"is_archived": True, "is_in": False}
    elif how == "deleted":
        slack.channels.clear()
    else:
        kept["is_in"] = False
    for text in ("One", "Two", "Three"):
        lifecycle.post_update(incident.pk, actor=person(alice), text=text)
        work()

    assert len(unsent()) == 1 and ChatRoom.objects.get().archived_at
    assert incident.timeline.filter(kind="update_posted").count() == 3
    assert auditing.unconnected() is None


def test_the_summary_is_kept_current(slack, declared, work, alice):
    work()
    assert "SEV2 · Active" in only(slack)["messages"][0]["text"]
    lifecycle.mitigate(declared.pk, actor=person(alice))
    work()
    summary = only(slack)["messages"][0]

    assert "SEV2 · Mitigated" in summary["text"] and "Mitigated" in json.dumps(summary["blocks"][0])
    assert only(slack)["pins"] == [summary["ts"]]
    assert [one["type"] for one in summary["blocks"]] == ["section", "actions"]


def test_a_summary_that_somebody_deleted_is_no_failure(slack, declared, work, alice):
    work()
    del only(slack)["messages"][0]
    lifecycle.mitigate(declared.pk, actor=person(alice))
    work()

    assert "Mitigated" in only(slack)["messages"][-1]["text"] and unsent() == []


def test_words_that_slack_could_not_change_later_are_cut_and_still_redacted(slack, declared, work, alice):
    from incidents import notes

    work()
    lifecycle.post_update(declared.pk, actor=person(alice), text="<&>" * 1_300 + "hunter2")
    work()
    assert len(only(slack)["messages"][-1]["text"]) <= 4_000
    number = declared.timeline.get(kind="update_posted").number
    notes.redact(declared.pk, actor=person(alice), event_number=number, reason="A secret")
    work()

    assert "&lt;" not in json.dumps(only(slack)["messages"]) and unsent() == []


def test_a_long_life_before_the_channel_is_one_message_with_the_newest(slack, opened, work, drain, alice):
    from incidents import notes

    incident = opened(actor=person(alice))
    for number in range(60):
        notes.add_note(incident.pk, actor=person(alice), text=f"{number} {'&' * 100}")
    drain()
    lifecycle.declare(incident.pk, actor=person(alice))
    work()
    said = only(slack)["messages"][1]["text"]

    assert len(said) <= 4_000 and "59 &amp;" in said and "Declared" in said and said.startswith("…")
