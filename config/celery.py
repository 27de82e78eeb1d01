"""Celery: a doorbell, and nothing that the database does not remember.

Losing the broker loses nothing, so every tick expires and nothing is ever retried by Celery
itself. Imported without Django by beat, which only needs names and intervals.
"""

import os
from pathlib import Path

from celery import Celery
from celery.signals import worker_init
from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES

from config import settings
from config.sweeps import SWEEPS
from lib import interpreter
from outbox import doorbell

QUEUES = ("page", "bulk", "tick")
FILE_BROKER = Path(settings.DATA_DIR) / "broker"
TRANSPORT_ALIASES["tocsin-files"] = "outbox.filebroker:Transport"
if not settings.REDIS_URL:
    FILE_BROKER.mkdir(parents=True, exist_ok=True)


def transport_options(redis_url: str) -> dict[str, object]:
    """How to talk to the broker: two seconds of patience with Redis, or a folder of files."""
    if redis_url:
        return {"socket_timeout": 2, "socket_connect_timeout": 2, "visibility_timeout": 600}
    folder = str(FILE_BROKER)
    return {
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": folder,
        "polling_interval": 0.1,
    }


@worker_init.connect
def share_the_interpreter(**_: object) -> None:
    interpreter.share()


app = Celery("tocsin")
app.conf.update(
    broker_url=settings.REDIS_URL or "tocsin-files://localhost/",
    broker_connection_retry_on_startup=True,
    # Measured: the defaults cost a publisher 0.6 s when the broker refuses, over a minute when it hangs.
    task_publish_retry_policy={"max_retries": 0},
    broker_transport_options=transport_options(settings.REDIS_URL),
    task_default_queue="bulk",
    task_default_exchange="",
    task_queues=[Queue(name, routing_key=name) for name in QUEUES],
    task_create_missing_queues=False,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    timezone="UTC",
    # Beat runs without Django and needs only the names below.
    include=["outbox.tasks", "config.tasks"] if "DJANGO_SETTINGS_MODULE" in os.environ else [],
    beat_schedule={
        sweep.name: {
            "task": sweep.task_name,
            "schedule": sweep.every,
            "options": {"queue": sweep.queue, "expires": sweep.every, "ignore_result": True},
        }
        for sweep in SWEEPS
    },
)


def ring_sweeps() -> None:
    """Ask the workers to look into the outbox now, and for who is to be woken; an old ring is worthless."""
    for queue in ("page", "bulk"):
        app.send_task("outbox.tasks.sweep", kwargs={"queue": queue}, queue=queue, expires=5)
    app.send_task("sweep.urgent", queue="page", expires=5)


doorbell.connect(ring_sweeps)
