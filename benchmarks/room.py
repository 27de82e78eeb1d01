"""How long the server needs to open an incident's room, with 20 events in it and with 2,000."""

import http.client
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks import ground

SIZES = (20, 2000)
ROUNDS = 40
GOAL = 0.300
# Notes by one person, in a room with its demanded clocks, and one person's session.
MAKE = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.actors import person, system
from accounts.models import Role, User
from catalog.models import Service
from incidents import lifecycle, notes
from incidents.models import Severity
user = User(email="reader@example.com", name="Reader", role=Role.RESPONDER)
user.set_unusable_password()
user.save()
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session.save()
print("session", session.session_key)
for size in SIZES:
    room = lifecycle.open_incident(
        actor=system(), title="bench", service_ids=[Service.objects.catch_all().pk],
        severity=Severity.objects.order_by("rank").first(), declare=True,
    )
    for number in range(size - room.timeline.count()):
        notes.add_note(room.pk, actor=person(user), text=f"Note {number} of what was seen.")
    print("room", room.number, room.timeline.count())
"""


def measure(port: int, path: str, session: str) -> list[float]:
    """Seconds from the request to the answer's last byte, over one connection, one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took = []
    for _round in range(ROUNDS + 5):
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"sessionid={session}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} was answered {answer.status}")
        took.append(time.perf_counter() - began)
    return sorted(took[5:])


def main() -> None:
    with ground.postgres() as pg_port, tempfile.TemporaryDirectory() as folder:
        env = ground.environment(Path(folder) / "data", pg_port)
        ground.manage(env, "prepare")
        made = f"SIZES = {SIZES}\n{MAKE}"
        said = ground.manage(env, "shell", "--verbosity", "0", "--command", made).splitlines()
        session = next(line.split()[1] for line in said if line.startswith("session "))
        rooms = [line.split()[1:] for line in said if line.startswith("room ")]
        port = ground.free_port()
        with ground.running(ground.granian("config.wsgi:application", port), env, port):
            for number, events in rooms:
                took = measure(port, f"/incidents/{number}/", session)
                p95 = took[len(took) * 95 // 100]
                met = "met" if p95 <= GOAL else "not met"
                print(
                    f"room {events:>5} events: p50 {median(took) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, "
                    f"longest {took[-1] * 1000:.0f} ms; goal {met}"
                )
