"""A worker paused in the middle of a page, past its lease: another sends it; its late mark is refused."""

import signal
import threading
from pathlib import Path

from django.db import connection

from lib import patience
from notifications.models import Delivery, DeliveryAttempt
from tests.faults.duty import Load, Opened, open_one
from tests.faults.house import House
from tests.faults.receivers import Receivers

SENDERS = ("worker1", "worker2", "watch1", "watch2")


def play(house: House, receivers: Receivers, load: Load) -> tuple[Opened, list[str]]:
    """Returns the incident, and what was wrong; nothing is what it should be."""
    receivers.gate.clear()
    opened = open_one(load, load.services[0])
    patience.until(lambda: receivers.waiting, "nobody sends the first page", seconds=30)
    sleeper = patience.until(
        lambda: _owner(house, receivers.waiting[0]), "the sender is not one of us", seconds=5
    )
    house.signal(sleeper, signal.SIGSTOP)
    receivers.gate.set()
    try:
        row = patience.until(_sent_twice, "nobody took the page over after the lease", seconds=30)
    except TimeoutError as silence:
        return opened, [str(silence)]
    finally:
        house.signal(sleeper, signal.SIGCONT)
    first = DeliveryAttempt.objects.filter(delivery=row, number=1)
    patience.until(first.exists, "the sleeper did not wake up", seconds=20)
    threading.Event().wait(0.5)
    now = Delivery.objects.get(pk=row.pk)
    wrong = [] if (now.sent_at, now.claims) == (row.sent_at, row.claims) else ["a late mark counted"]
    connection.close()
    return opened, wrong


def _sent_twice() -> Delivery | None:
    rows = Delivery.objects.filter(word="page", claims__gte=2, sent_at__isnull=False)
    return rows.first()


def _owner(house: House, port: int) -> str:
    """Which of our processes has the connection that comes from this port."""
    inode = ""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].split(":")[1], 16) == port:
            inode = fields[9]
    for name in SENDERS:
        process = house.processes.get(name)
        if process and inode:
            for link in Path(f"/proc/{process.pid}/fd").iterdir():
                try:
                    if f"socket:[{inode}]" == str(link.readlink()):
                        return name
                except OSError:
                    continue
    return ""
