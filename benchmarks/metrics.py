"""The figures over many incidents beside the exact SQL, and a deep page of the list beside the first."""

import os
import tempfile
from pathlib import Path

from benchmarks import ground

SIZES = [int(size) for size in os.environ.get("BENCH_INCIDENTS", "10000,100000,1000000").split(",")]
SERVICES = 200
# One by the verb, the rest as copies of its row with times of their own: opening is not what is measured.
# Two hundred services; the numbers rise with time, as they do. Spans are lognormal, one in ten has no start.
FILL = """
from accounts.actors import system
from catalog.models import Service
from django.db import connection
from incidents import lifecycle
from incidents.models import Incident, Severity
catch_all = Service.objects.catch_all()
if not Incident.objects.exists():
    for n in range(SERVICES):
        Service.objects.create(name=f"Bench {n}", slug=f"bench-{n}", team=catch_all.team)
    lifecycle.open_incident(
        actor=system(), title="bench", service_ids=[catch_all.pk], severity=Severity.objects.get(rank=1)
    )
first = Incident.objects.order_by("pk").first()
top = Incident.objects.order_by("-number").first().number
ranks = list(Severity.objects.order_by("rank").values_list("pk", flat=True))
bench = list(Service.objects.filter(slug__startswith="bench-").values_list("pk", flat=True))
own = {"id", "number", "channel_name", "status", "severity_id", "service_id", "started_at", "detected_at",
    "acknowledged_at", "mitigated_at", "resolved_at"}
same = ", ".join(f.column for f in Incident._meta.concrete_fields if f.column not in own)
def minutes(median):
    return f"interval '1 minute' * {median} * exp(0.9 * sqrt(-2 * ln(1 - random())) * cos(6.2832 * random()))"
with connection.cursor() as cursor:
    cursor.execute("SELECT setseed(0.7)")
    cursor.execute(f'''
        WITH began AS MATERIALIZED (
            SELECT n, now() - interval '1825 days' * ({WANTED} - n) / {WANTED} - interval '8 days' AS at
            FROM generate_series({top + 1}, {WANTED}) n
        ), seen AS MATERIALIZED (SELECT n, at, at + {minutes(5)} AS detected FROM began
        ), stopped AS MATERIALIZED (SELECT n, at, detected, detected + {minutes(30)} AS mitigated FROM seen)
        INSERT INTO incidents_incident (number, status, severity_id, service_id, started_at, detected_at,
            acknowledged_at, mitigated_at, resolved_at, {same})
        SELECT n, 'resolved', (array{ranks})[1 + floor(random() * {len(ranks)})::int],
            (array{bench})[1 + floor(random() * {len(bench)})::int],
            CASE WHEN random() < 0.9 THEN at END, detected, detected + {minutes(4)}, mitigated,
            mitigated + {minutes(60)}, {same}
        FROM stopped, (SELECT {same} FROM incidents_incident WHERE id = {first.pk}) one ORDER BY n''')
    cursor.execute(f'''INSERT INTO incidents_incidentservice (incident_id, service_id, position)
        SELECT id, service_id, 0 FROM incidents_incident WHERE number > {top} ORDER BY id''')
    cursor.execute("VACUUM ANALYZE")
"""
MEASURE = """
import statistics, time
from datetime import timedelta
from django.db import connection
from django.utils.timezone import now
from incidents.models import Incident
from metrics import board, five, rollups, trends
from metrics.measures import Measure
from metrics.periods import Per
from metrics.selection import Selection
spans = ("detected_at - started_at", "acknowledged_at - detected_at", "mitigated_at - started_at",
    "resolved_at - started_at")
def figures(lengths):
    return ", ".join(
        f"avg({one}), count({one}), percentile_cont(array[0.5, 0.9]) within group (order by {one})"
        for one in lengths
    )
def asked(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()
FOUR = f"SELECT {figures([f'extract(epoch from {span})' for span in spans])} FROM incidents_incident"
GAPS = f'''SELECT {figures(["gap"])} FROM (SELECT extract(epoch FROM i.started_at - lag(i.started_at) OVER (
    PARTITION BY r.service_id ORDER BY coalesce(i.started_at, i.detected_at), i.id)) AS gap
    FROM incidents_incident i JOIN incidents_incidentservice r ON r.incident_id = i.id
    JOIN incidents_severity s ON s.id = i.severity_id WHERE s.rank <= 3) all_gaps'''
def sql():
    return asked(f"{FOUR} WHERE NOT is_drill"), asked(GAPS)
def report(least):
    def work():
        rollups.FROM = least
        return {one: (f.median, f.p90, f.mean) for one, f in five.summarise(Selection()).items()}
    return work
def trend(least):
    def work():
        rollups.FROM = least
        return trends.trend(Measure.MTTM, Per.MONTH, Selection())
    return work
def page(before):
    rows = Incident.objects.filter(number__lt=before).select_related("severity", "service")
    return list(rows.order_by("-number")[:51])
def took(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
NEVER = 10**9
filled = took(rollups.rebuild)
top = Incident.objects.order_by("-number").first().number + 1
deep = max(top - 50 * 9999, 60)
works = {
    "sql": sql,
    "rolled": report(0),
    "rolled_trend": trend(0),
    "board": lambda: board.read(Selection(since=now() - timedelta(days=91), until=now())),
    "first": lambda: page(top),
    "deep": lambda: page(deep),
}
if top <= 200_000:
    works |= {"exact": report(NEVER), "exact_trend": trend(NEVER)}
found = {name: [] for name in works}
for _ in range(ROUNDS):
    for name, work in works.items():
        found[name].append(took(work))
t = {name: statistics.median(values) for name, values in found.items()}
one = lambda which: f"{t[which]:.2f} s" if which in t else "not run"
ours, (four, gaps) = report(0)(), sql()
def wrong(place):
    # avg, count and the two percentiles of each span in turn.
    exact = {which: four[at * 3 + 2][place] for at, which in enumerate(
        (Measure.MTTD, Measure.MTTA, Measure.MTTM, Measure.MTTR))} | {Measure.MTBF: gaps[2][place]}
    return max(abs(ours[which][place].total_seconds() / float(it) - 1) for which, it in exact.items())
part = t["sql"] / t["rolled"]
print(f"{top - 1:>9,} incidents: exact SQL {one('sql')}; five figures exactly {one('exact')}, from rollups "
    f"{t['rolled']:.3f} s (1/{part:.1f} of the SQL), p50 off by at most {100 * wrong(0):.2f} %, p90 "
    f"{100 * wrong(1):.2f} %; trend exactly {one('exact_trend')}, from rollups {t['rolled_trend']:.3f} s; "
    f"filled in {filled:.0f} s; page of 13 weeks {t['board']:.2f} s; "
    f"list page {(top - deep) // 50 + 1:,} is {t['deep'] / t['first']:.2f} of page 1")
"""


def main() -> None:
    with ground.postgres() as pg_port, tempfile.TemporaryDirectory() as folder:
        env = ground.environment(Path(folder) / "data", pg_port)
        ground.manage(env, "migrate", "-v0")
        ground.manage(env, "shell", "-v0", "-c", _DEFAULTS)
        print("\nfigures over many incidents (five years, lognormal spans, one in ten without a start)")
        for size in SIZES:
            ground.manage(env, "shell", "-v0", "-c", f"SERVICES, WANTED = {SERVICES}, {size}\n{FILL}")
            said = ground.manage(env, "shell", "-v0", "-c", f"ROUNDS = {ground.ROUNDS}\n{MEASURE}")
            print(said.strip().splitlines()[-1])


_DEFAULTS = "from config import defaults\ndefaults.install()"
