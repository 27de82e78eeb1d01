"""Steps of page runs: what an empty sweep costs with ever more pending, and how fast due ones are climbed."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import ground

PENDING = [int(n) for n in os.environ.get("BENCH_PENDING", "1000,10000,100000,1000000").split(",")]
DUE = int(os.environ.get("BENCH_STEPS", "1000"))
# Steps that fall due evenly, so many a second for so long, with so many processes that sweep.
A_SECOND = int(os.environ.get("BENCH_A_SECOND", "1000"))
SECONDS = 10
SWEEPERS = int(os.environ.get("BENCH_SWEEPERS", "2"))
# One run by the verb, the rest as copies of its rows: opening a million incidents is not what is measured.
# No bundles: each page is to cost its own rows, which is the dearer way.
MAKE = """
import time
from datetime import timedelta
from statistics import median
from django.db import connection, transaction
from django.utils.timezone import now
from accounts.actors import system
from accounts.models import User
from catalog.models import Service
from incidents import lifecycle
from incidents.models import Incident, Severity
from oncall import paging, plans
from oncall.models import Page, PageRun
from oncall.storm_models import StormPolicy
from outbox.models import Message
StormPolicy.objects.update_or_create(pk=1, defaults={"pages": 0})
service, severity = Service.objects.catch_all(), Severity.objects.order_by("rank").first()
asked = {"title": "bench", "service_ids": [service.pk], "severity": severity, "declare": True}
first = lifecycle.open_incident(actor=system(), **asked)
person = User.objects.filter(is_active=True).first()
plan = plans.of_aim(plans.person(person))
with transaction.atomic():
    run = paging.start(first, reason="opened", key="bench:0", plan=plan, name="Bench", policy=None)
Message.objects.all().delete()
def copy(row, **changed):
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return type(row)(**{**fields, "id": None, **changed})
def runs(first_number, count, incidents, at):
    rows = (
        copy(run, key=f"bench:{first_number + n}", incident_id=incidents[n % len(incidents)], next_at=at)
        for n in range(count)
    )
    PageRun.objects.bulk_create(rows, batch_size=2000)
PageRun.objects.filter(pk=run.pk).update(next_at=now() + timedelta(days=1))
run.refresh_from_db()
"""
PENDS = """
have = 1
for wanted in PENDING:
    runs(have, wanted - have, [first.pk], now() + timedelta(days=1))
    have = wanted
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE oncall_pagerun")
    times = []
    for _ in range(100):
        began = time.perf_counter()
        assert paging.sweep() == 0
        times.append(time.perf_counter() - began)
    print(f"empty sweep with {wanted:>9,} pending: {1000 * median(times):.2f} ms")
"""
CLIMBS = """
incidents = [
    one.pk
    for one in Incident.objects.bulk_create(
        (copy(first, number=first.number + n, channel_name=None) for n in range(1, DUE + 1)), batch_size=500
    )
]
from incidents.models import Counter, TimelineEvent
Counter.objects.filter(name="incident").update(value=first.number + DUE + 1)
events = list(first.timeline.order_by("number"))
TimelineEvent.objects.bulk_create(
    (copy(event, incident_id=pk) for pk in incidents for event in events), batch_size=500
)
due = now()
runs(10_000_000, DUE, incidents, due)
began, climbed = time.perf_counter(), 0
while done := paging.sweep():
    climbed += done
spent = time.perf_counter() - began
times = Page.objects.filter(created_at__gt=due).values_list("created_at", flat=True)
late = sorted((at - due).total_seconds() for at in times)
print(f"climbed {climbed} due steps in {spent:.1f} s by one sweep: {climbed / spent:.0f} a second,")
print(f"  lateness p50 {late[len(late) // 2]:.1f} s, p99 {late[len(late) * 99 // 100]:.1f} s")
runs(20_000_000, DUE, incidents, due)
began, bare = time.perf_counter(), 0
with connection.cursor() as cursor:
    while True:
        with transaction.atomic():
            cursor.execute(
                "WITH claimed AS (UPDATE oncall_pagerun SET position = position + 1,"
                " next_at = now() + interval '5 min' WHERE id IN (SELECT id FROM oncall_pagerun"
                " WHERE status = 'running' AND next_at <= now()"
                " ORDER BY next_at LIMIT 200 FOR UPDATE SKIP LOCKED) RETURNING id)"
                " INSERT INTO oncall_page (run_id, user_id, rung, step, status, created_at)"
                " SELECT id, %s, 99, 1, 'notified', now() FROM claimed",
                [person.pk],
            )
            if not cursor.rowcount:
                break
            bare += cursor.rowcount
spent_bare = time.perf_counter() - began
print(f"bare SQL that claims and writes the page row only: {bare / spent_bare:.0f} a second")
print(f"sweep / bare SQL = {climbed / spent / (bare / spent_bare):.3f}")
"""
FLOWS = """
begins = now() + timedelta(seconds=8)
def flow(n):
    at = begins + timedelta(seconds=n / A_SECOND)
    return copy(run, key=f"flow:{n}", incident_id=incidents[n % len(incidents)], next_at=at, position=0)
PageRun.objects.bulk_create((flow(n) for n in range(A_SECOND * SECONDS)), batch_size=2000)
print("begins", begins.timestamp(), "beginning after", (begins - now()).total_seconds())
"""
SWEEPS = """
import sys, time
from oncall import paging
from oncall.models import PageRun
while PageRun.objects.filter(key__startswith="flow:", position=0, status="running").exists():
    if not paging.sweep():
        time.sleep(0.02)
"""
LATE = """
from datetime import datetime, timezone
from oncall.models import Page
pages = Page.objects.filter(run__key__startswith="flow:").values_list("run__key", "created_at")
late = sorted(at.timestamp() - BEGINS - int(key[5:]) / A_SECOND for key, at in pages)
print(f"{len(late)} steps due at {A_SECOND} a second, {SWEEPERS} processes that sweep:", end=" ")
print(f"lateness p50 {late[len(late) // 2]:.2f} s, p99 {late[len(late) * 99 // 100]:.2f} s")
"""


def main() -> None:
    with ground.postgres() as pg_port, tempfile.TemporaryDirectory() as folder:
        env = ground.environment(Path(folder) / "data", pg_port)
        ground.manage(env, "prepare")
        known = f"PENDING, DUE, A_SECOND, SECONDS = {PENDING}, {DUE}, {A_SECOND}, {SECONDS}\n"
        said = shell(env, known + MAKE + PENDS + CLIMBS + FLOWS)
        measured, _, begins = said.partition("begins ")
        print(measured.strip())
        flow(env, float(begins.split()[0]))


def flow(env: dict[str, str], begins: float) -> None:
    """An open loop: the steps fall due whether or not the sweeps keep up."""
    command = [
        sys.executable,
        str(ground.ROOT / "manage.py"),
        "shell",
        "--verbosity",
        "0",
        "--command",
        SWEEPS,
    ]
    sweepers = [subprocess.Popen(command, cwd=ground.ROOT, env=env) for _ in range(SWEEPERS)]
    if any(sweeper.wait(300) for sweeper in sweepers):
        sys.exit("A process that sweeps has failed.")
    known = f"BEGINS, A_SECOND, SWEEPERS = {begins}, {A_SECOND}, {SWEEPERS}\n"
    print(shell(env, known + LATE))


def shell(env: dict[str, str], code: str) -> str:
    return ground.manage(env, "shell", "--verbosity", "0", "--command", code).strip()
