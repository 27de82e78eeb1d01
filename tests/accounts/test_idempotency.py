"""Idempotency keys, with a small POST of our own behind the real mixin."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import override_settings
from django.urls import path
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import IdempotentMixin, forget_old
from accounts.models import AuditEntry, IdempotencyKey
from lib.refusal import Refused


class Verb(IdempotentMixin, APIView):
    """Writes one row each time it really runs."""

    def post(self, request):
        made = AuditEntry.objects.create(action="ran", target=request.data.get("say", ""))
        if request.data.get("say") == "refuse":
            raise Refused("refused", "No.")
        if request.data.get("say") == "wrong":
            raise serializers.ValidationError({"say": "wrong"})
        return Response({"id": made.pk, "at": datetime(2026, 1, 1, tzinfo=UTC)}, status=201)


urlpatterns = [path("verb/", Verb.as_view()), path("other/", Verb.as_view())]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def ran():
    return AuditEntry.objects.filter(action="ran").count()


def test_the_same_request_is_done_once_and_answered_alike(asks, alice):
    client = asks(alice)
    first = client.post("/verb/", {"say": "hi"}, headers={"Idempotency-Key": "k1"})
    again = client.post("/verb/", {"say": "hi"}, headers={"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert ran() == 1


def test_another_body_or_place_with_the_same_key_is_refused(asks, alice):
    client = asks(alice)
    client.post("/verb/", {"say": "hi"}, headers={"Idempotency-Key": "k1"})
    for where, body in (("/verb/", {"say": "ho"}), ("/other/", {"say": "hi"})):
        answer = client.post(where, body, headers={"Idempotency-Key": "k1"})
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert ran() == 1


def test_keys_of_two_tokens_do_not_meet(asks, alice, bob):
    for person in (alice, bob):
        assert asks(person).post("/verb/", {}, headers={"Idempotency-Key": "k1"}).status_code == 201
    assert ran() == 2


@pytest.mark.parametrize(("say", "status"), [("refuse", 409), ("wrong", 400)])
def test_a_refusal_leaves_neither_change_nor_key(asks, alice, say, status):
    client = asks(alice)
    for _ in range(2):
        answer = client.post("/verb/", {"say": say}, headers={"Idempotency-Key": "k1"})
        assert answer.status_code == status
    assert ran() == 0
    assert not IdempotencyKey.objects.exists()


def test_without_a_key_each_request_counts(asks, alice):
    client = asks(alice)
    for _ in range(2):
        client.post("/verb/", {"say": "hi"})
    assert ran() == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_an_odd_key_is_refused(asks, alice, key):
    answer = asks(alice).post("/verb/", {}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_done_once(asks, alice):
    client, answers = asks(alice), []
    gate = threading.Barrier(4)

    def send():
        try:
            gate.wait()
            answers.append(client.post("/verb/", {"say": "hi"}, headers={"Idempotency-Key": "k1"}).json())
        finally:
            connection.close()

    with override_settings(ROOT_URLCONF=__name__):
        threads = [threading.Thread(target=send) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    assert len(answers) == 4
    assert all(answer == answers[0] for answer in answers)
    assert ran() == 1


def test_old_keys_are_forgotten_in_batches(asks, alice):
    with time_machine.travel(datetime(2026, 11, 23, tzinfo=UTC), tick=False) as clock:
        for key in "abc":
            asks(alice).post("/verb/", {}, headers={"Idempotency-Key": key})
        clock.shift(timedelta(days=2, seconds=1))
        asks(alice).post("/verb/", {}, headers={"Idempotency-Key": "d"})

        assert forget_old(limit=2) == 2
        assert forget_old() == 1
        assert forget_old() == 0
