import pytest
from django.db import transaction

from outbox import handlers
from outbox.announcing import News, announce_all
from outbox.models import Message


def test_two_functions_cannot_share_a_name(listen):
    @handlers.on("tests.happened", name="tests.taken")
    def one(payload):
        pass

    def two(payload):
        pass

    try:
        with pytest.raises(ValueError, match=r"tests\.taken"):
            handlers.on("tests.happened", name="tests.taken")(two)
    finally:
        handlers.forget("tests.taken")


def test_a_topic_is_heard_in_a_stable_order(listen):
    listen("tests.happened", name="tests.b")
    listen("tests.happened", name="tests.a")

    assert [handler.name for handler in handlers.hearing("tests.happened")] == ["tests.a", "tests.b"]
    assert "tests.happened" in handlers.topics()


@pytest.mark.django_db
def test_who_hears_of_some_only_is_never_owed_the_rest():
    name = "tests.some"
    handlers.on("tests.some_topic", name=name, only={"kind": ("a", "b")})(lambda payload: None)
    try:
        with transaction.atomic():
            owed = announce_all(
                "tests.some_topic",
                [News(kind or "none", "", {"kind": kind} if kind else {}) for kind in ("a", "c", "b", "")],
            )
    finally:
        handlers.forget(name)

    assert owed == 2
    assert sorted(Message.objects.values_list("key", flat=True)) == ["a", "b"]
