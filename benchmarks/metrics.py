"""The figures over many incidents beside the exact SQL, and a deep page of the list beside the first."""

import os
import tempfile
from pathlib import Path

from benchmarks import ground

SIZES = [int(size) for size in os.environ.get("BENCH_INCIDENTS", "10000,100000").split(",")]
# One by the verb, the rest as copies of its row with times of their own: opening is not what is measured.
FILL = """
import random
from datetime import timedelta
from django.utils.timezone import now
from accounts.actors import system
from catalog.models import Service
from incidents import lifecycle
from incidents.models import Incident, IncidentService, Severity
dice, service = random.Random(7), Service.objects.catch_all()
ranks = list(Severity.objects.order_by("rank"))
first = Incident.objects.order_by("pk").first() or lifecycle.open_incident(
    actor=system(), title="bench", service_ids=[service.pk], severity=ranks[0]
)
top, end = Incident.objects.order_by("-number").first().number, now()
def minutes(median):
    return timedelta(minutes=median * dice.lognormvariate(0, 0.9))
def copy(number):
    fields = {field.attname: getattr(first, field.attname) for field in first._meta.concrete_fields}
    started = end - timedelta(days=1825 * dice.random() + 8)
    detected = started + minutes(5)
    mitigated = detected + minutes(30)
    times = {
        "started_at": started if dice.random() < 0.9 else None,
        "detected_at": detected,
        "acknowledged_at": detected + minutes(4),
        "mitigated_at": mitigated,
        "resolved_at": mitigated + minutes(60),
    }
    new = {"id": None, "number": number, "channel_name": None, "status": "resolved"}
    return Incident(**{**fields, **times, **new, "severity_id": dice.choice(ranks).pk})
for start in range(top, WANTED, 5000):
    made = Incident.objects.bulk_create(copy(n + 1) for n in range(start, min(start + 5000, WANTED)))
    IncidentService.objects.bulk_create(IncidentService(incident=one, service=service) for one in made)
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("ANALYZE")
"""
MEASURE = """
import statistics, time
from datetime import timedelta
from django.db import connection
from django.utils.timezone import now
from incidents.models import Incident
from metrics import board, five, trends
from metrics.measures import Measure
from metrics.periods import Per
from metrics.selection import Selection
spans = ("detected_at - started_at", "acknowledged_at - detected_at", "mitigated_at - started_at",
    "resolved_at - started_at")
lengths = [f"extract(epoch from {span})" for span in spans]
figures = ", ".join(
    f"avg({one}), count({one}), percentile_cont(array[0.5, 0.9]) within group (order by {one})"
    for one in lengths
)
def sql():
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {figures} FROM incidents_incident WHERE NOT is_drill")
        return cursor.fetchone()
def page(before):
    rows = Incident.objects.filter(number__lt=before).select_related("severity", "service")
    return list(rows.order_by("-number")[:51])
def took(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
top = Incident.objects.count() + 1
deep = max(top - 50 * 9999, 60)
works = {
    "sql": sql,
    "report": lambda: {one: (f.median, f.p90, f.mean) for one, f in five.summarise(Selection()).items()},
    "trend": lambda: trends.trend(Measure.MTTM, Per.MONTH, Selection()),
    "board": lambda: board.read(Selection(since=now() - timedelta(days=91), until=now())),
    "first": lambda: page(top),
    "deep": lambda: page(deep),
}
found = {name: [] for name in works}
for _ in range(ROUNDS):
    for name, work in works.items():
        found[name].append(took(work))
t = {name: statistics.median(values) for name, values in found.items()}
exact = sql()
ours = five.summarise(Selection())
wrong = max(
    abs(ours[which].median.total_seconds() / float(exact[place * 3 + 2][0]) - 1)
    for place, which in enumerate((Measure.MTTD, Measure.MTTA, Measure.MTTM, Measure.MTTR))
)
print(f"{top - 1:>9,} incidents: exact SQL {t['sql']:.2f} s, five figures {t['report']:.2f} s "
    f"({t['report'] / t['sql']:.1f} of the SQL), trend {t['trend']:.2f} s, "
    f"page of 13 weeks {t['board']:.2f} s; median off by {100 * wrong:.4f} %; "
    f"list page {(top - deep) // 50 + 1:,} is {t['deep'] / t['first']:.2f} of page 1")
"""


def main() -> None:
    with ground.postgres() as pg_port, tempfile.TemporaryDirectory() as folder:
        env = ground.environment(Path(folder) / "data", pg_port)
        ground.manage(env, "migrate", "-v0")
        ground.manage(env, "shell", "-v0", "-c", _DEFAULTS)
        print("\nfigures over many incidents (five years, lognormal spans, one in ten without a start)")
        for size in SIZES:
            ground.manage(env, "shell", "-v0", "-c", f"WANTED = {size}\n{FILL}")
            said = ground.manage(env, "shell", "-v0", "-c", f"ROUNDS = {ground.ROUNDS}\n{MEASURE}")
            print(said.strip().splitlines()[-1])


_DEFAULTS = "from config import defaults\ndefaults.install()"
