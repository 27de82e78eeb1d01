"""A broker that refuses or hangs; the numbers of the promise are in docs/explanation."""

import socket
import threading

import pytest
from celery import Celery

from config import celery


@pytest.fixture
def hanging_broker():
    """A Redis that accepts the connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_hanging_broker_costs_the_bell_seconds_and_not_a_minute(hanging_broker):
    app = Celery("tests", broker=hanging_broker)
    app.conf.task_publish_retry_policy = celery.app.conf.task_publish_retry_policy
    app.conf.broker_transport_options = {"socket_timeout": 0.3, "socket_connect_timeout": 0.3}

    # Whoever waits for its word waits for ever.
    with pytest.raises(Exception, match=r"(?i)time"):
        app.send_task("outbox.tasks.sweep")


def test_redis_is_given_two_seconds(monkeypatch):
    options = celery.transport_options("redis://localhost/0")

    assert options["socket_timeout"] == options["socket_connect_timeout"] == 2
    assert celery.app.conf.task_publish_retry_policy == {"max_retries": 0}


def test_a_ring_looks_for_news_and_for_who_is_to_be_woken(monkeypatch):
    rung = []
    monkeypatch.setattr(celery.app, "send_task", lambda name, queue, **_: rung.append((name, queue)))

    celery.ring_sweeps()

    ring = "outbox.tasks.sweep"
    assert rung == [(ring, "page"), (ring, "bulk"), ("sweep.urgent", "page")]


def test_a_commit_does_not_wait_for_the_bell(monkeypatch):
    asked, answer = threading.Event(), threading.Event()

    def hang(*args, **kwargs):
        asked.set()
        answer.wait(30)

    monkeypatch.setattr(celery.app, "send_task", hang)
    celery.doorbell.connect(celery.ring_sweeps)
    try:
        celery.doorbell.ring()
        # The bell still hangs, and we are here.
        assert asked.wait(5)
    finally:
        answer.set()
