"""The ingest's own statements as a pgbench script, so that both sides of the ratio ask for the same work."""

import json
import re
from pathlib import Path

from benchmarks import ground

# Run inside Tocsin: say the same alert to the real door, and print the SQL that it sent.
CAPTURE = """
import json
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
def send(dedup):
    payload = {"summary": "Checkout fails", "source": "bench", "severity": "critical"}
    body = {"routing_key": KEY, "event_action": "trigger", "dedup_key": dedup, "payload": payload}
    answer = Client().post("/v2/enqueue", json.dumps(body), content_type="application/json")
    assert answer.status_code == 202, answer.content
def statements(dedup):
    with CaptureQueriesContext(connection) as asked:
        send(dedup)
    return [query["sql"] for query in asked.captured_queries]
for number in range(30):
    send(f"early-{number}")
new = statements("captured-key")
again = statements("captured-key")
print("CAPTURED" + json.dumps({"new": new, "again": again}))
"""
_KEY = "'captured-key'"


def scripts(env: dict[str, str], key: str, folder: Path) -> dict[str, Path]:
    """``again``: a known key out of eighty; ``one``: always the same; ``new``: a key nobody has seen."""
    said = ground.manage(env, "shell", "--verbosity", "0", "--command", f"KEY = {key!r}\n{CAPTURE}")
    sent = json.loads(said.rpartition("CAPTURED")[2])
    # Every key has to be known before a script may count on it.
    known = "('early-' || (:client_id % 8) * 3 + :n)"
    texts = {
        "again": "\\set n random(1, 3)\n" + _script(sent["again"], known),
        "one": _script(sent["again"], _KEY),
        "new": "\\set n random(1, 1000000000000)\n" + _script(sent["new"], "('bench-' || :n)"),
    }
    folder.chmod(0o755)
    paths = {}
    for name, text in texts.items():
        paths[name] = folder / f"{name}.sql"
        paths[name].write_text(text)
    return paths


def _script(statements: list[str], key: str) -> str:
    lines, alert = [], ""
    for number, statement in enumerate(statements):
        one = " ".join(statement.split()).replace(_KEY, key).rstrip(";")
        if alert:
            one = re.sub(rf'("detection_alert"\."id" = ){alert}\b', r"\1:alert_id", one)
        if one.startswith('INSERT INTO "detection_alert"'):
            found = [re.search(r'"detection_alert"\."id" = (\d+)', later) for later in statements[number:]]
            alert = next(match[1] for match in found if match)
            lines.append(f"{one} \\gset alert_")
        else:
            lines.append(f"{one};")
    return "\n".join(lines) + "\n"
