"""The list of incidents, page and API: its page 10,000 beside its page 1, as a reader asks for it."""

import os
import tempfile
from pathlib import Path

from benchmarks import ground

SIZE = int(os.environ.get("BENCH_LISTED", "510000"))
PAGE = int(os.environ.get("BENCH_PAGE", "10000"))
GOAL_RATIO, GOAL_QUERIES = 2.0, 8
# One by the verb, the rest as copies of its row by the database: opening is not what is measured.
FILL = """
from accounts.actors import system
from catalog.models import Service
from django.db import connection
from incidents import lifecycle
from incidents.models import Incident, IncidentService, Severity
ranks = list(Severity.objects.order_by("rank"))
table = Incident._meta.db_table
first = lifecycle.open_incident(
    actor=system(), title="bench", service_ids=[Service.objects.catch_all().pk], severity=ranks[0]
)
made = {
    "number": f"{first.number} + g",
    "status": "'resolved'",
    "channel_name": "NULL",
    "severity_id": f"(ARRAY{[one.pk for one in ranks]})[1 + g % {len(ranks)}]",
    "is_private": "g % 1000 = 0",
    "detected_at": f"now() - interval '1 minute' * ({SIZE} - g)",
}
columns = [field.column for field in Incident._meta.concrete_fields if not field.primary_key]
values = ", ".join(made.get(name, f'i."{name}"') for name in columns)
names = ", ".join(f'"{name}"' for name in columns)
with connection.cursor() as cursor:
    cursor.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} i, "
        f"generate_series(1, {SIZE - 1}) g WHERE i.id = {first.pk} ORDER BY g"
    )
    cursor.execute(
        f"INSERT INTO {IncidentService._meta.db_table} (incident_id, service_id, position) "
        f"SELECT i.id, {first.service_id}, 0 FROM {table} i WHERE i.id <> {first.pk}"
    )
    cursor.execute("VACUUM ANALYZE")
"""
MEASURE = """
import statistics, time
from base64 import b64encode
from urllib.parse import urlencode
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from accounts import tokens
from accounts.models import Role, User
from catalog.models import Service
from incidents.models import Incident, Severity
settings.ALLOWED_HOSTS = ["*"]
user, _ = User.objects.get_or_create(
    email="reader@example.com", defaults={"name": "Reader", "role": Role.RESPONDER}
)
client = Client()
client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
bearer = {"HTTP_AUTHORIZATION": "Bearer " + tokens.issue(user, name="bench", scope="read")[1]}
service = Service.objects.catch_all().slug
filters = {
    "no filter": {}, "status": {"status": "resolved"}, "service": {"service": service},
    "severity": {"severity": Severity.objects.order_by("rank").first().name},
}
def deep(asked):
    # Where a reader stands who has pressed "older" PAGE - 1 times.
    from django.http import QueryDict
    from incidents import finding
    rows = finding.filtered(Incident.objects.visible_to(user), asked).order_by("-number")
    depth = min(50 * (PAGE - 1), rows.count() - 50)
    return depth // 50 + 1, rows.values_list("number", "pk")[depth - 1]
def ask(path, asked):
    started = time.perf_counter()
    answer = client.get(path, asked, **(bearer if "api" in path else {}))
    took = time.perf_counter() - started
    assert answer.status_code == 200, (answer.status_code, answer.content[:300])
    return took
for name, asked in filters.items():
    number, (before, pk) = deep(asked)
    cursor = b64encode(urlencode({"p": pk}).encode()).decode()
    for door, path, place in (
        ("page", "/incidents/", {"before": before}), ("API", "/api/v1/incidents/", {"cursor": cursor})
    ):
        both = {"first": asked, "deep": {**asked, **place}}
        asks, found = {}, {"first": [], "deep": []}
        for where, query in both.items():
            ask(path, query)
            with CaptureQueriesContext(connection) as seen:
                ask(path, query)
            asks[where] = len(seen)
        for _ in range(4 * ROUNDS):
            for where, query in both.items():
                found[where].append(ask(path, query))
        one, far = (statistics.median(found[where]) for where in ("first", "deep"))
        met = "met" if far / one <= GOAL_RATIO and max(asks.values()) <= GOAL_QUERIES else "NOT met"
        print(f"{door:4} {name:9} page {number:,}: {far * 1000:.1f} ms, page 1: {one * 1000:.1f} ms, ratio "
            f"{far / one:.2f}; statements {asks['deep']} and {asks['first']}; goal {met}")
"""


def main() -> None:
    with ground.postgres() as pg_port, tempfile.TemporaryDirectory() as folder:
        env = ground.environment(Path(folder) / "data", pg_port)
        ground.manage(env, "prepare")
        print(f"\nlist of {SIZE:,} incidents, fifty a page, through every layer but the network")
        ground.manage(env, "shell", "-v0", "-c", f"SIZE = {SIZE}\n{FILL}")
        goals = f"GOAL_RATIO, GOAL_QUERIES = {GOAL_RATIO}, {GOAL_QUERIES}"
        asked = f"ROUNDS, PAGE = {ground.ROUNDS}, {PAGE}\n{goals}\n{MEASURE}"
        print(ground.manage(env, "shell", "-v0", "-c", asked).strip())
