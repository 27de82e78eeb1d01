import threading

from lib import patience
from outbox import doorbell


def test_a_hanging_broker_costs_the_request_nothing():
    asked, answer = threading.Event(), threading.Event()

    def hang():
        asked.set()
        answer.wait(30)

    doorbell.connect(hang)
    try:
        doorbell.ring()
        assert asked.wait(5), "nobody rang"
        for _ in range(1000):
            doorbell.ring()  # Would take forever, were it to wait for the broker.
    finally:
        answer.set()


def test_many_commits_make_few_rings():
    rings = []
    doorbell.connect(lambda: rings.append(1))

    for _ in range(500):
        doorbell.ring()
    patience.until(lambda: rings, "nobody rang")

    assert len(rings) <= 3


def test_a_dead_broker_does_not_end_the_bell(monkeypatch):
    monkeypatch.setattr(doorbell, "PAUSE_AFTER_FAILURE_SECONDS", 0.01)
    tried = []

    def fail_once():
        tried.append(1)
        if len(tried) == 1:
            raise ConnectionError("refused")

    doorbell.connect(fail_once)

    doorbell.ring()
    patience.until(lambda: tried, "nobody rang")
    doorbell.ring()
    patience.until(lambda: len(tried) == 2, "the bell fell silent after a failure")


def test_without_a_bell_nothing_starts():
    doorbell.connect(None)

    doorbell.ring()

    assert not doorbell._rung.is_set()
