"""Who is on duty, what happens to them, and who acknowledges; runs in the driver."""

import json
import random
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection
from django.utils.timezone import now

from accounts import tokens
from accounts.models import Role, User
from catalog.models import Service, Team
from notifications import contacts
from notifications.models import ContactMethod
from oncall.models import Coverage, Policy, Step, Target
from oncall.storm_models import StormPolicy
from tests.faults.receivers import Receivers

#: Seconds after the start at which a ladder asks its three people.
DELAYS = (0, 4, 8)
# A person is paged by few incidents, so that nothing is bundled.
INCIDENTS_A_SERVICE = 3


@dataclass
class Opened:
    """One incident, as a client of the API knows it."""

    number: int
    at: float
    acknowledged_at: float | None = None


@dataclass
class Load:
    """What was said to the house, by the clock of whoever said it."""

    url: str
    token: str
    services: list[str]
    opened: list[Opened] = field(default_factory=list)
    retried: int = 0


def prepare(incidents: int, url: str, receivers: Receivers) -> Load:
    """A service, a ladder and three people for every few incidents."""
    admin = User.objects.filter(role=Role.ADMIN).earliest("pk")
    team = Team.objects.create(slug="faults", name="Faults")
    # A storm of pages to one person would be one bundle; here every page is counted.
    StormPolicy.objects.create(pk=1, pages=0)
    slugs = []
    for number in range(-(-incidents // INCIDENTS_A_SERVICE) + 1):
        service = Service.objects.create(slug=f"faults-{number}", name=f"Faults {number}", team=team)
        # A round lasts a day: what comes after the third step is not part of this.
        ladder = Policy.objects.create(name=f"Faults {number}", repeat=1, round_length=timedelta(days=1))
        Coverage.objects.create(service=service, policy=ladder)
        for place, seconds in enumerate(DELAYS):
            user = User.objects.create(
                email=f"p{number}-{place}@faults.example", name=f"P {number}.{place}", role=Role.RESPONDER
            )
            _reach(user, receivers, by_mail=place == 1, slow=number == 0)
            step = Step.objects.create(policy=ladder, position=place, delay=timedelta(seconds=seconds))
            Target.objects.create(step=step, kind="person", person=user)
        slugs.append(service.slug)
    _, plain = tokens.issue(admin, name="faults", scope="admin")
    connection.close()
    return Load(url, plain, slugs)


def _reach(user: User, receivers: Receivers, *, by_mail: bool, slow: bool) -> None:
    """The middle one by mail, the others by webhook; a person without a method is reached by mail."""
    if by_mail:
        return
    ContactMethod.objects.create(
        user=user,
        kind="webhook",
        address=f"{receivers.hook_url}/{'slow' if slow else 'hook'}/{user.pk}",
        secret=contacts.new_secret(),
        verified_at=now(),
    )


def open_one(load: Load, slug: str) -> Opened:
    """Declare until the answer is there; the same key makes it one incident however often it is sent."""
    key, body = str(uuid.uuid4()), {"title": "Under fire", "services": [slug], "severity": "SEV2"}
    end = time.monotonic() + 90
    while time.monotonic() < end:
        if (answer := _post(f"{load.url}/api/v1/incidents/", body, load.token, key)) is not None:
            return Opened(answer["number"], time.time())
        load.retried += 1
        threading.Event().wait(0.2)
    raise TimeoutError("The web did not take an incident for 90 seconds.")


def _post(url: str, body: object, token: str, key: str) -> dict | None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Idempotency-Key": key}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        if error.code < 500 and error.code not in (409, 429):
            raise RuntimeError(f"{url} answered {error.code}: {error.read()[:500]!r}") from error
        return None
    except (OSError, ValueError):
        return None


def tap(link: str) -> float | None:
    """Press the button behind the link of a page; the moment in which the answer was there, or None."""
    try:
        with urllib.request.urlopen(urllib.request.Request(link, b""), timeout=5):
            return time.time()
    except OSError:
        return None


def keep_tapping(receivers: Receivers, taps: dict[str, float], stop: threading.Event, seed: int) -> None:
    """People acknowledge four in ten of the pages that reach them, a few seconds later."""
    chance, seen = random.Random(seed), set()
    waiting: list[tuple[float, str]] = []
    while not stop.wait(0.1):
        for link in receivers.links():
            if link not in seen:
                seen.add(link)
                if chance.random() < 0.4:
                    waiting.append((time.time() + chance.uniform(0.2, 7), link))
        for entry in [one for one in waiting if one[0] <= time.time()]:
            if at := tap(entry[1]):
                waiting.remove(entry)
                taps[entry[1]] = at
