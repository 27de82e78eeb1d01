"""HTTP checks: judged N of M, alert once, recover; real requests to a real server."""

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import time_machine

from accounts.actors import system
from detection import expectation, probes
from detection.models import Alert, Check
from detection.probes import Finding
from lib.refusal import Invalid

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WELL, BAD = Finding("", 200, timedelta(milliseconds=40)), Finding("HTTP 500 instead of 200-299", 500, None)


@pytest.fixture
def check(shop):
    return probes.create(actor=system(), name="Front page", service=shop, url="https://shop.example/")


def tell(check, *findings):
    for finding in findings:
        probes.record(check.pk, finding)
    check.refresh_from_db()
    return check.state


def test_one_failure_of_three_is_no_alarm(check):
    assert tell(check, WELL, BAD, WELL) == "up" and not Alert.objects.exists()


def test_two_failures_of_three_are_one_alarm(check):
    assert tell(check, WELL, BAD, BAD, BAD) == "down"

    alert = Alert.objects.get()
    assert alert.summary == "Front page fails: HTTP 500 instead of 200-299"
    assert alert.incident.source == "health_check"


def test_two_successes_in_a_row_end_it(check):
    tell(check, BAD, BAD)
    assert tell(check, WELL, BAD, WELL) == "down"
    assert tell(check, WELL) == "up"

    assert Alert.objects.get().status == "resolved"


def test_a_pause_ends_its_alert_and_asks_no_more(check):
    tell(check, BAD, BAD)
    probes.pause(check.pk, actor=system(), paused=True)

    assert Alert.objects.get().status == "resolved"
    assert probes.record(check.pk, BAD) is None and probes.sweep() == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://user:secret@example.com"}, "url"),
        ({"expected_status": "fine"}, "expected_status"),
        ({"expected_status": "299-200"}, "expected_status"),
        ({"body_pattern": "("}, "body_pattern"),
        ({"interval": timedelta(seconds=1)}, "interval"),
        ({"timeout": timedelta(minutes=5)}, "timeout"),
        ({"latency_bound": timedelta(seconds=11)}, "latency_bound"),
        ({"failures_needed": 4}, "failures_needed"),
        ({"name": ""}, "name"),
    ],
)
def test_a_check_out_of_bounds_is_refused(shop, fields, field):
    with pytest.raises(Invalid) as refused:
        probes.create(actor=system(), **{"name": "X", "service": shop, "url": "https://a.example", **fields})

    assert refused.value.field == field and not Check.objects.exists()


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({}, ""),
        ({"status": 404}, "HTTP 404 instead of 200-299, 301"),
        ({"status": 301}, ""),
        ({"body": "sold out"}, "the body does not match"),
        ({"elapsed": timedelta(seconds=3)}, "took 3.0 s instead of 2.0 s"),
    ],
)
def test_an_answer_is_judged_by_status_body_and_time(told, problem):
    expected = {"expected": "200-299, 301", "pattern": "in stock", "bound": timedelta(seconds=2)}
    answer = {"status": 200, "body": "12 in stock", "elapsed": timedelta(seconds=1)}

    assert expectation.disappointment(**expected, **{**answer, **told}) == problem


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"12 in stock")

    def log_message(self, *args):
        pass


@pytest.fixture
def shop_url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_real_request_is_made_when_due_and_not_before(shop, shop_url, settings):
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with time_machine.travel(NOON, tick=False) as clock:
        check = probes.create(
            actor=system(), name="Real", service=shop, url=shop_url, body_pattern="[0-9]+ in stock"
        )
        assert probes.owed_since() == NOON
        assert probes.sweep() == 1 and probes.sweep() == 0
        clock.shift(timedelta(minutes=1))
        assert probes.sweep() == 1

    assert [(r.is_ok, r.http_status) for r in check.results.all()] == [(True, 200)] * 2


def test_our_own_network_is_not_asked_unless_allowed(shop, shop_url, settings):
    settings.OUTGOING_ALLOWED_NETWORKS = []
    check = probes.create(actor=system(), name="Inside", service=shop, url=shop_url)
    probes.sweep()

    result = check.results.get()
    assert not result.is_ok and result.http_status is None and result.problem


def test_old_results_are_forgotten(check):
    tell(check, WELL)
    assert probes.forget_results() == 0
    check.results.update(at=datetime(2020, 1, 1, tzinfo=UTC))

    assert probes.forget_results() == 1
