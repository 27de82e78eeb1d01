import signal
import socket

import pytest

from lib import patience
from tests.process.conftest import free_port, kill

pytestmark = pytest.mark.process


def test_it_comes_up_and_ctrl_c_ends_everything(start):
    house = start(is_new=True).wait_until_up()

    assert house.get("/healthz") == 200
    assert house.get("/readyz") == 200
    assert f"http://127.0.0.1:{house.port}/" in house.said
    assert len(house.password()) > 10

    assert house.end(signal.SIGINT) == 0
    assert house.pids("") == []


def test_a_second_start_keeps_the_password_to_itself(prepared, start):
    again = start().wait_until_up()

    assert "Sign in" not in again.said


def test_the_first_admin_is_who_the_environment_says(start):
    given = {"TOCSIN_ADMIN_EMAIL": "ada@example.com", "TOCSIN_ADMIN_PASSWORD": "a long enough secret"}
    house = start(is_new=True, **given).wait_until_up()

    assert "Sign in as ada@example.com" in house.said
    assert "a long enough secret" not in house.said


def test_a_taken_port_is_said_clearly(start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        house = start(port=other.getsockname()[1])
        assert house.process.wait(60) == 1
        house.reader.join(5)

    assert "is taken by another program" in house.said
    assert "Traceback" not in house.said


def test_two_houses_do_not_share_one_data_directory(start):
    house = start().wait_until_up()

    other = start(port=free_port())
    assert other.process.wait(60) == 1
    other.reader.join(5)

    assert "is running already" in other.said
    assert house.get("/healthz") == 200


def test_a_killed_child_is_started_again(start):
    house = start().wait_until_up()
    patience.until(lambda: house.get("/promises") == 200, "its promises are never kept", seconds=120)
    (worker,) = house.pids("celery -A config.celery --quiet worker")
    web = house.pids("granian")

    kill(worker)
    kill(min(web))

    patience.until(
        lambda: house.get("/healthz") == 200 and not set(web) & set(house.pids("granian")),
        "the web server does not come back",
        seconds=120,
    )
    patience.until(
        lambda: house.pids("celery -A config.celery --quiet worker") not in ([], [worker]),
        "the worker does not come back",
        seconds=120,
    )
    assert house.process.poll() is None
    assert house.end() == 0


def test_a_child_that_keeps_dying_ends_the_house_with_its_log(start):
    house = start().wait_until_up()

    def kill_beat():
        for pid in house.pids(" beat "):
            kill(pid)
        return house.process.poll() is not None

    patience.until(kill_beat, "it goes on and on", seconds=120)

    assert house.process.wait(60) == 1
    house.reader.join(5)
    assert "beat ended 4 times within a minute" in house.said
    assert house.pids("") == []


def test_killing_the_supervisor_leaves_no_orphan_behind(start):
    house = start().wait_until_up()

    house.process.kill()
    house.process.wait()

    patience.until(lambda: not house.pids(""), "somebody is still there", seconds=120)
    assert start().wait_until_up().get("/healthz") == 200


OWE = """
from outbox.models import Message
Message.objects.create(topic="t", handler="nobody", key="1", queue="page")
"""
TRIED = """
from outbox.models import Message
print("tries", Message.objects.get(key="1").attempts)
"""


def test_without_a_broker_the_watch_delivers(start):
    # Nobody listens on port 9: every ring is refused, and beat and the worker are of no use.
    house = start(REDIS_URL="redis://127.0.0.1:9/0").wait_until_up()

    house.manage("shell", "--verbosity", "0", "--command", OWE)

    patience.until(
        lambda: "tries 0" not in house.manage("shell", "--verbosity", "0", "--command", TRIED),
        "nobody looked into the outbox",
        seconds=120,
    )
