"""Ten thousand deadlines that are due in the same second: how late is each noticed by beat and one worker."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import ground
from lib import patience

# The whole of the benchmarks stays under ten minutes, whatever the machine does.
PATIENCE = 150
WANTED = int(os.environ.get("BENCH_DEADLINES", "10000"))
# One by the verb, the rest as copies of its rows: opening ten thousand is not what is measured.
MAKE = """
from django.db.models import Max
from accounts.actors import system
from catalog.models import Service
from incidents import lifecycle
from incidents.models import Counter, Deadline, Incident, Severity, TimelineEvent
from outbox.models import Message
service, severity = Service.objects.catch_all(), Severity.objects.order_by("rank").first()
asked = {"title": "bench", "service_ids": [service.pk], "severity": severity, "declare": True}
first = lifecycle.open_incident(actor=system(), **asked)
events, promise = list(first.timeline.order_by("number")), first.deadlines.order_by("due_at").first()
first.deadlines.exclude(pk=promise.pk).delete()
def copy(row, **changed):
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return type(row)(**{**fields, "id": None, **changed})
copies = [copy(first, number=first.number + n, channel_name=None) for n in range(1, WANTED)]
copies = Incident.objects.bulk_create(copies, batch_size=500)
Counter.objects.filter(name="incident").update(value=first.number + WANTED)
TimelineEvent.objects.bulk_create(
    (copy(event, incident_id=one.pk) for one in copies for event in events), batch_size=500
)
Deadline.objects.bulk_create((copy(promise, incident_id=one.pk) for one in copies), batch_size=500)
Message.objects.all().delete()
"""
READY = """
from outbox.models import SweepRun
print("ready", SweepRun.objects.filter(name="incident-deadlines").exclude(last_finished_at=None).exists())
"""
DUE = """
from datetime import timedelta
from django.utils.timezone import now
from incidents.models import Deadline
at = now() + timedelta(seconds=3)
print("due", Deadline.objects.filter(stopped_at=None, next_at__isnull=False).update(due_at=at, next_at=at))
"""
LEFT = """
from django.utils.timezone import now
from incidents.models import Deadline
due = Deadline.objects.filter(stopped_at=None, missed_at=None, due_at__lte=now())
missed = Deadline.objects.exclude(missed_at=None)
print("left", due.filter(next_at__isnull=False).count(), "missed", missed.count())
"""
LATE = """
from incidents.models import Deadline
late = sorted((d.missed_at - d.due_at).total_seconds() for d in Deadline.objects.exclude(missed_at=None))
n = len(late)
p50, p99, last = late[n // 2], late[n * 99 // 100], late[-1]
print(f"deadlines {n}: lateness p50 {p50:.1f} s, p99 {p99:.1f} s, max {last:.1f} s, {n / last:.0f} a second")
"""


def main() -> None:
    with ground.postgres() as pg_port, tempfile.TemporaryDirectory() as folder:
        env = ground.environment(Path(folder) / "data", pg_port)

        def say(code: str) -> str:
            return ground.manage(env, "shell", "--verbosity", "0", "--command", code).strip()

        ground.manage(env, "prepare")
        say(f"WANTED = {WANTED}\n{MAKE}")
        celery = [sys.executable, "-m", "celery", "-A", "config.celery", "--quiet"]
        worker = ["worker", "--pool", "threads", "--concurrency", "8", "-Q", "page,bulk,tick"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"]
        beat = ["beat", "--scheduler", "celery.beat.Scheduler", "--pidfile=", "--loglevel", "ERROR"]
        with ground.running([*celery, *worker, *quiet], env), ground.running([*celery, *beat], env):
            patience.until(
                lambda: say(READY) == "ready True", "the worker does not sweep", seconds=120, every=1
            )
            say(DUE)
            with contextlib.suppress(TimeoutError):
                patience.until(lambda: is_over(say(LEFT)), "deadlines are left", seconds=PATIENCE, every=2)
            print(f"after at most {PATIENCE} s: {say(LEFT)}")
        print(say(LATE))


def is_over(said: str) -> bool:
    """Whether some were missed and none that is due is left."""
    _, left, _, missed = said.split()
    return left == "0" and missed != "0"
