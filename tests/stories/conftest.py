"""A night with a travelling clock: people on call, a monitoring source, and every sweep of the house."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client
from django.utils.timezone import now

from accounts.actors import person, system
from accounts.models import Role, User
from catalog import defaults as catalog_defaults
from catalog.models import Membership, Service, Team
from chatops import signatures
from config.sweeps import SWEEPS
from detection import sources
from incidents import defaults as incident_defaults
from incidents.models import Incident, Severity
from notifications.models import ChatRoom
from oncall.models import Coverage, Layer, LayerMember, Policy, Schedule, Step, Target
from outbox import delivery as outbox
from statuspage import components
from statuspage import defaults as status_defaults
from tests.standins.slack import TEAM, Workspace

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
MONDAY_14 = datetime(2024, 1, 22, 14, 0, tzinfo=UTC)
#: The sweeps that a night needs; the rest tidies up or probes the network.
_NIGHT = [sweep for sweep in SWEEPS if not sweep.name.endswith("-forget") and sweep.name != "checks"]


class Night:
    """The clock and the workers."""

    def __init__(self, clock, client) -> None:
        self.clock, self.client = clock, client

    def settle(self) -> None:
        """Everything that is due now gets done, until nothing more is."""
        for _ in range(20):
            moved = outbox.sweep()
            for sweep in _NIGHT:
                moved += sweep.load()() or 0
            if not outbox.sweep() and not moved:
                return

    def go_to(self, at: datetime, step: timedelta = timedelta(minutes=1)) -> None:
        """Let time pass in steps of a minute, with the sweeps running."""
        self.settle()
        while now() < at:
            self.clock.move_to(min(now() + step, at))
            self.settle()

    def minute(self, hour: int, minute: int) -> None:
        self.go_to(now().replace(hour=hour, minute=minute, second=0, microsecond=0))


@pytest.fixture
def night(client, db, settings, tmp_path):
    settings.STATUS_DIR = tmp_path / "status"
    with time_machine.travel(MONDAY_14, tick=False) as clock:
        yield Night(clock, client)


def _person(name: str, role: Role = Role.RESPONDER) -> User:
    return User.objects.create_user(f"{name.lower()}@example.com", name=name, role=role, time_zone="UTC")


def policy_of(name: str, steps: list[tuple[int, User]], managers_after: int = 10) -> Policy:
    """A ladder of schedules that hold one person each."""
    policy = Policy.objects.create(name=name)
    for position, (minutes, user) in enumerate(steps):
        schedule = Schedule.objects.create(name=f"{name} {position + 1}")
        LayerMember.objects.create(layer=Layer.objects.create(schedule=schedule), user=user)
        step = Step.objects.create(policy=policy, position=position, delay=timedelta(minutes=minutes))
        Target.objects.create(step=step, kind=Target.Kind.SCHEDULE, schedule=schedule)
    last = Step.objects.create(policy=policy, position=len(steps), delay=timedelta(minutes=managers_after))
    Target.objects.create(step=last, kind=Target.Kind.MANAGERS)
    return policy


@pytest.fixture
def house(night) -> SimpleNamespace:
    """Payments with Alice first and Bob second; Search with Carol; Mona manages; Cleo speaks."""
    incident_defaults.install()
    catalog_defaults.install()
    status_defaults.install()
    people = {name: _person(name.title()) for name in ("alice", "bob", "carol", "cleo", "ivan")}
    people["mona"] = _person("Mona", Role.MANAGER)
    people["root"] = _person("Root", Role.ADMIN)
    payments = Team.objects.create(slug="payments", name="Payments", time_zone="UTC")
    Membership.objects.create(team=payments, user=people["mona"], is_manager=True)
    search_team = Team.objects.create(slug="search-team", name="Search", time_zone="UTC")
    checkout = Service.objects.create(slug="checkout", name="Checkout", team=payments)
    search = Service.objects.create(slug="search", name="Search", team=search_team)
    primary = policy_of("Payments", [(0, people["alice"]), (5, people["bob"])])
    other = policy_of("Search", [(0, people["carol"])])
    Coverage.objects.create(service=checkout, policy=primary)
    Coverage.objects.create(service=search, policy=other)
    shop = components.add(actor=person(people["root"]), name="Shop", services=[checkout])
    source, key = sources.create(
        actor=person(people["root"]), name="Prometheus", kind="alertmanager", service=checkout
    )
    return SimpleNamespace(
        checkout=checkout, search=search, payments=payments, shop=shop, source=source, key=key, **people
    )


@pytest.fixture
def alert(night, house) -> Callable[..., None]:
    """Alertmanager speaks, in its own words."""

    def post(
        summary="Elevated error rate", status="firing", severity="critical", name="HighErrorRate", **labels
    ):
        labels = {"alertname": name, "severity": severity, **labels}
        ends = "0001-01-01T00:00:00Z" if status == "firing" else datetime.now(UTC).isoformat()  # noqa: TID251
        one = {
            "status": status,
            "labels": labels,
            "annotations": {"summary": summary},
            "startsAt": "2024-01-22T13:58:00Z",
            "endsAt": ends,
            "generatorURL": "",
            "fingerprint": f"fp-{name}",
        }
        body = {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="{name}"}}',
            "truncatedAlerts": 0,
            "status": status,
            "receiver": "tocsin",
            "groupLabels": {"alertname": name},
            "commonLabels": labels,
            "commonAnnotations": {},
            "externalURL": "http://alertmanager:9093",
            "alerts": [one],
        }
        answer = night.client.post(
            f"/in/{house.key}/alertmanager", data=json.dumps(body), content_type="application/json"
        )
        assert answer.status_code in (200, 202), answer.content

    return post


@pytest.fixture
def mail_to(mailoutbox) -> Callable[[User], list[str]]:
    """The subjects of the mails a person got so far."""
    return lambda user: [mail.subject for mail in mailoutbox if user.email in mail.to]


@pytest.fixture
def slack(settings, house) -> Iterator[Workspace]:
    """Slack, where everybody of the house has an account under their mail address."""
    workspace = Workspace()
    settings.SLACK_SIGNING_SECRET, settings.SLACK_BOT_TOKEN = SECRET, "xoxb-test"
    settings.SLACK_API_URL = workspace.url
    for name in ("alice", "bob", "carol", "cleo", "ivan", "mona"):
        workspace.joins(f"U{name.upper()}", f"{name}@example.com")
    yield workspace
    workspace.stop()
    assert workspace.refusals() == []


def to_slack_s_door(client: Client, door: str, **form: str) -> dict[str, Any]:
    """What Slack posts, signed as Slack signs it; the answer."""
    raw, stamp = urlencode(form).encode(), str(int(now().timestamp()))
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signatures.of(raw, stamp, SECRET)}
    kind = "application/x-www-form-urlencoded"
    answer = client.post(f"/slack/{door}", data=raw, content_type=kind, headers=headers)
    assert answer.status_code == 200, answer.content
    return answer.json() if answer.content else {}


def typed(slack: Workspace, room: ChatRoom | None, who: str, text: str) -> dict[str, str]:
    """``/inc …``, as Slack posts it."""
    return {
        "team_id": TEAM,
        "user_id": f"U{who.upper()}",
        "command": "/inc",
        "text": text,
        "channel_id": room.channel_id if room else "C0GENERAL",
        "channel_name": room.name if room else "general",
        "trigger_id": slack.trigger(),
    }


def only() -> Incident:
    return Incident.objects.get()


def rank(number: int) -> Severity:
    return Severity.objects.get(rank=number)


__all__ = ["MONDAY_14", "Night", "only", "person", "policy_of", "rank", "system"]
