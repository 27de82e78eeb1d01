"""Every door of an incident, for every role, public or private, inside or outside.

Generated from the URL map, the REST router, the room's verbs and the commands of chat. A new door without a
line in ``rights.toml`` fails; for pages that is asked in `test_permissions.py`, which is quick. What
strangers may read of a private incident is walked in `test_private.py`.
"""

import inspect
import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.actors import person, system
from accounts.models import Role, User
from catalog import defaults as catalog_defaults
from catalog.models import Service, Team
from chatops.asked import Asked
from chatops.commands import COMMANDS, run
from chatops.places import Place
from detection import alerts, sources
from detection.models import Alert
from detection.signals import Signal
from incidents import defaults as incident_defaults
from incidents import lifecycle, membership
from incidents.doorways import DOORS
from incidents.models import Incident, IncidentMember, Severity
from lib.refusal import Forbidden, Missing, Refused
from notifications.models import ChatRoom
from oncall.models import Coverage, PageRun, Policy, Step, Target
from outbox import delivery, doorbell
from postmortems import actions, opening
from statuspage import components
from tests.api.test_private import VALUE, _rest, _routes

# Two minutes of worlds to build: whole on PostgreSQL in CI, by hand on both.
pytestmark = [pytest.mark.django_db, pytest.mark.schema]
RIGHTS = tomllib.loads((Path(__file__).parent / "rights.toml").read_text(encoding="utf-8"))
PAGES: dict[str, dict[str, str]] = RIGHTS["incident_pages"]
REST: dict[str, dict[str, str]] = RIGHTS["rest"]
#: What the row of an address is called, by the room it is in.
HANGS = ("postmortems:", "actions:", "oncall:", "detection:alert", "statuspage:")
NOWHERE = 987_654
#: The one page that an admin reaches from outside: the glass, and the form that breaks it.
GLASS = {"incidents:detail", "incidents:glass"}
#: For whom nothing is there to act on in a resolved incident: no glass, no draft.
NO_ROW = {"incidents:glass", "statuspage:save"}
#: A reader's own presence, and a row of settings that is made when it is first read, are no change.
NO_CHANGE = {"django_session", "incidents_roomvisit", "accounts_user", "statuspage_page"}
WRITES = re.compile(r"\s*(?:INSERT (?:OR IGNORE )?INTO|UPDATE|DELETE FROM)\s+\"?(\w+)")
#: Words that most forms take.
WORDS = {
    "title": "T", "text": "Words", "reason": "Because", "note": "n", "due": "2030-01-01", "kind": "prevent",
    "priority": "2", "body": "We look into it.", "mark": "approved", "how": "mine", "mine": "1", "base": "0",
    "target": "alice@example.com", "override": "words", "override_words": "fine",
}  # fmt: skip


@dataclass
class Case:
    """One incident with what hangs on it, and its people by role."""

    incident: Incident
    keys: dict[str, Any] = field(default_factory=dict)


@dataclass
class World:
    """A public incident and a private one with the same history, an open one beside them, and people."""

    shown: Case
    secret: Case
    beside: Incident
    inside: dict[str, User]
    outside: dict[str, User]


def _case(service: Service, source: Any, alice: User, *, is_private: bool) -> Case:
    """A resolved incident with an alert, a page, a draft for the public, a postmortem and an action."""
    actor = person(alice)
    incident = lifecycle.open_incident(
        title="Keys are gone", actor=actor, service_ids=[service.pk], declare=True, is_private=is_private,
        severity=Severity.objects.get(rank=2),
    )  # fmt: skip
    _drain()
    notice = incident.public_notices.first()
    signal = Signal(action="trigger", key=f"k{is_private}", summary="An alert", severity="warning")
    alert = alerts.ingest(source, [signal])[0].alert
    assert alert is not None
    Alert.objects.filter(pk=alert.pk).update(incident=incident)
    lifecycle.mitigate(incident.pk, actor=actor, text="Done", started_at=now())
    lifecycle.resolve(incident.pk, actor=actor, text="Over")
    document = opening.open_by_hand(incident.pk, actor=actor)
    action = actions.create(document.pk, actor=actor, title="Change", owner_id=alice.pk, due=now().date())
    run = PageRun.objects.create(
        incident=incident, policy=Policy.objects.get(), reason=PageRun.Reason.MANUAL, key=str(incident.pk)
    )
    incident.refresh_from_db()
    keys = {
        "number": incident.number, "postmortems:": document.pk, "actions:": action.pk, "oncall:": run.pk,
        "detection:alert": alert.pk, "public_id": notice.public_id if notice else "nothing",
    }  # fmt: skip
    return Case(incident, keys)


def _drain() -> int:
    return sum(iter(delivery.sweep, 0))


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[World]:
    """The world, built once in a transaction around all tests here; what each of them does is rolled back."""
    folder = override_settings(STATUS_DIR=tmp_path_factory.mktemp("site"))
    doorbell.connect(None)
    with django_db_blocker.unblock(), folder, transaction.atomic():
        yield _build(User.objects.create_user("alice@example.com", name="Alice", role=Role.RESPONDER))
        transaction.set_rollback(True)


@pytest.fixture
def world(built: World, db: None) -> World:
    """Rows of its own: a test may change what it holds of them."""
    return deepcopy(built)


def _build(alice: User) -> World:
    incident_defaults.install()
    catalog_defaults.install()
    team = Team.objects.create(slug="keys", name="Keys", time_zone="UTC")
    service = Service.objects.create(slug="vault", name="Vault", team=team)
    policy = Policy.objects.create(name="First")
    step = Step.objects.create(policy=policy, position=0, delay=timedelta(0))
    Target.objects.create(step=step, kind=Target.Kind.PERSON, person=alice)
    Coverage.objects.create(service=service, policy=policy)
    components.add(actor=system(), name="Sign-in", services=[service])
    source = sources.create(actor=system(), name="Prometheus", kind="generic", service=service)[0]
    shown, secret = (_case(service, source, alice, is_private=is_private) for is_private in (False, True))
    people = [
        {role.value: User.objects.create_user(f"{role}@{side}.example", role=role) for role in Role}
        for side in ("inside", "outside")
    ]
    for user in people[0].values():
        membership.welcome(secret.incident, user, IncidentMember.Why.ADDED)
    beside = lifecycle.open_incident(
        title="Search is slow", actor=person(alice), service_ids=[service.pk], declare=True,
        severity=Severity.objects.get(rank=3),
    )  # fmt: skip
    return World(shown, secret, beside, *people)


def doors() -> Iterator[tuple[str, str]]:
    """(name, path) of every page whose address names a row."""
    yield from ((name, path) for name, path in sorted(set(_routes())) if re.search(r"<|\(\?P", path))


def is_about_an_incident(name: str, path: str) -> bool:
    return "<int:number>" in path or name in PAGES


def filled(name: str, path: str, keys: dict[str, Any]) -> str:
    """The address; the room's verbs stand as ``close``, which every role has to be let to."""
    room = next((one for one in HANGS if name.startswith(one)), "")
    values: dict[str, Any] = {
        "number": keys.get("number", NOWHERE), "pk": keys.get(room, NOWHERE), "name": "close",
        "slug": "vault", "public_id": keys.get("public_id", "nothing"), "shape": "md", "key": "summary",
        "after": 0, "revision": 1,
    }  # fmt: skip
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda hit: str(values.get(hit[1], "nothing")), path)


def ask(client: Client, method: str, address: str, words: dict[str, Any] | None = None) -> tuple[int, bool]:
    """The status, and whether anything was written; all of it undone."""
    with transaction.atomic(), CaptureQueriesContext(connection) as said:
        answer = getattr(client, method)(address, words if method == "post" else None)
        transaction.set_rollback(True)
    written = {hit[1] for one in said.captured_queries if (hit := WRITES.match(one["sql"]))}
    return answer.status_code, bool(written - NO_CHANGE)


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


ABOUT = [one for one in doors() if is_about_an_incident(*one)]


@pytest.mark.parametrize(("name", "path"), ABOUT, ids=[name for name, _path in ABOUT])
def test_a_page_of_an_incident_asks_who_one_is(world, name, path):
    for method in ("get", "post"):
        _asks_who_one_is(world, name, path, method)
        for case in (world.shown, world.secret):
            status, wrote = ask(Client(), method, filled(name, path, case.keys))
            assert status in (302, 405) and not wrote, (name, method, status)


def _asks_who_one_is(world: World, name: str, path: str, method: str) -> None:
    lowest, wrote = PAGES[name].get(method), {}
    somebody = world.inside["responder"].pk
    status = "investigating" if name.startswith("statuspage:") else "open"
    words = {**WORDS, "people": somebody, "owner": somebody, "user": somebody, "status": status}
    for role in Role:
        where = (name, method, role.value)
        inside, outside = signed_in(world.inside[role]), signed_in(world.outside[role])
        public = ask(outside, method, filled(name, path, world.shown.keys), words)
        private = ask(inside, method, filled(name, path, world.secret.keys), words)
        assert public[0] < 500 and private[0] < 500, (*where, public, private)
        if not (name in GLASS and role == Role.ADMIN):
            secret, missing = (ask(outside, method, filled(name, path, keys), words)
                               for keys in (world.secret.keys, {}))  # fmt: skip
            assert secret == missing and not secret[1], (*where, "from outside", secret, missing)
            assert secret[0] in (302, 403, 404, 405), (*where, secret)
        if lowest is None:
            assert public[0] == 405, (*where, "has no line")
            continue
        is_below = role.rank < Role(lowest).rank
        wrote[role] = public[1]
        assert not (is_below and (public[1] or private[1] or public[0] == 200)), (*where, public, private)
        if not is_below and name not in NO_ROW:
            assert public[0] not in (403, 404, 405), (*where, public)
            assert private[0] not in (403, 404, 405) or "public_id" in path, (*where, private)
    if wrote.get(Role.ADMIN):
        assert wrote == {role: role.rank >= Role(str(lowest)).rank for role in Role}, (name, wrote)


def _told(verb: Any, other: Incident) -> dict[str, Any]:
    """A value for each thing a verb wants to be told; right or wrong, it is asked about the actor first."""
    wanted = inspect.signature(verb).parameters.values()
    words = {
        one.name: 1 if "int" in str(one.annotation) else "x"
        for one in wanted
        if one.kind is one.KEYWORD_ONLY and one.name != "actor" and one.default is one.empty
    }
    others = {one.name: other.pk for one in wanted if one.name in ("into", "related")}
    return {**words, **others}


def _refusal(say: Any) -> str:
    """What stands in the way, if it is the person: ``missing``, ``forbidden``, or nothing."""
    try:
        with transaction.atomic():
            try:
                say()
            finally:
                transaction.set_rollback(True)
    except Missing:
        return "missing"
    except Forbidden:
        return "forbidden"
    except Exception:  # The words were nonsense; the person was let through to hear so.
        return ""
    return ""


@pytest.mark.parametrize("name", sorted(DOORS))
def test_a_verb_of_the_room_asks_who_one_is_before_anything_else(world, name):
    assert name in RIGHTS["verbs"], f"{name} has no line in [verbs]"
    lowest, verb = Role(RIGHTS["verbs"][name]), DOORS[name].verb

    def refusal(incident: Incident, user: User, other: Incident = world.beside) -> str:
        return _refusal(lambda: verb(incident.pk, actor=person(user), **_told(verb, other)))

    for role in Role:
        allowed = ("forbidden",) if role.rank < lowest.rank else ("", "missing")
        assert refusal(world.shown.incident, world.outside[role]) in allowed, (name, role)
        assert refusal(world.secret.incident, world.inside[role]) in allowed, (name, role)
        assert refusal(world.secret.incident, world.outside[role]) == "missing", (name, role)
        if {"into", "related"} & set(inspect.signature(verb).parameters):
            found = refusal(world.beside, world.outside[role], world.secret.incident)
            # A viewer hears of the first of the two that something is in the way.
            assert found in ("missing", "forbidden") and (found == "missing" or allowed == ("forbidden",))


def test_the_table_of_verbs_names_nothing_that_is_gone():
    assert set(RIGHTS["verbs"]) == set(DOORS)


#: REST addresses of an incident and of what hangs on one, with the key that their address takes.
RESOURCES = {
    "incidents-": "number", "postmortem-": "postmortems:", "action-": "actions:", "page-": "oncall:",
    "alert-": "detection:alert", "status-incident-": "public_id",
}  # fmt: skip


def _operations() -> list[tuple[str, str, str, str]]:
    return [
        (name, method, path, key)
        for name, method, path in sorted(set(_rest()))
        for begins, key in RESOURCES.items()
        if name.startswith(begins) and VALUE.search(path)
    ]


OPERATIONS = _operations()


@pytest.mark.parametrize(
    ("name", "method", "path", "key"), OPERATIONS, ids=[f"{name}-{method}" for name, method, *_ in OPERATIONS]
)
def test_a_rest_address_of_an_incident_asks_who_one_is(asks, world, name, method, path, key):
    body = {} if method != "get" else None
    inner = "1" if "event" in path else "incident_commander"

    def status(client: APIClient, value: Any) -> int:
        address = VALUE.sub(inner, VALUE.sub(str(value), path, count=1)).replace("\\", "")
        with transaction.atomic():
            answer = getattr(client, method)(address, body, format="json")
            transaction.set_rollback(True)
        return int(answer.status_code)

    for role in Role:
        where = (name, method, role.value)
        inside, outside = asks(world.inside[role]), asks(world.outside[role])
        found = [status(outside, world.shown.keys[key])]
        # Nothing public hangs on what was private from the start.
        found += [status(inside, world.secret.keys[key])] if key != "public_id" else []
        secret, missing = status(outside, world.secret.keys[key]), status(outside, NOWHERE)
        assert secret == missing and secret in (400, 403, 404), (*where, secret, missing)
        is_below = role.rank < Role(REST[name][method]).rank
        for one in found:
            assert one < 500 and (one == 403) == is_below and one != 404, (*where, found)
    for value in (world.shown.keys[key], world.secret.keys[key]):
        assert status(APIClient(raise_request_exception=False), value) == 401


#: What a command is told, where its own name is not enough.
TYPED = {
    "sev": "sev1 worse", "scope": "5", "role": "take ic", "update": "words", "snooze": "10m later",
    "publish": "investigating We look", "nopublic": "nobody sees it", "mitigate": "done", "resolve": "done",
    "reopen": "again", "dismiss": "no", "merge": "INC-{other}", "private": "names",
    "page": "alice@example.com help",
    "note": "words", "cause": "words", "did": "words", "task": "words",
    "correct": "1 14:05 wrong clock", "redact": "1 a password", "link": "INC-{other}",
    "people": "alice@example.com", "unprivate": "names", "enddrill": "over", "hand": "alice@example.com",
    "mitigation": "try 1", "runbook": "done 1:abc",
    "volunteer": "comms",
}  # fmt: skip
#: Commands that are about no incident.
ABOUT_NONE = {"help", "list"}


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - ABOUT_NONE))
def test_a_command_of_chat_asks_who_one_is(world, name):
    assert name in RIGHTS["chat"], f"{name} has no line in [chat]"
    lowest = Role(RIGHTS["chat"][name])
    typed = TYPED.get(name, "").format(other=world.beside.number)

    def say(user: User, number: int) -> tuple[str, str]:
        """The answer or the refusal, and its kind; all of it undone."""
        asked = _asked(user, f"INC-{number} {name} {typed}")
        with transaction.atomic():
            try:
                return "", run(asked)
            except Missing as refusal:
                return "missing", refusal.message
            except Forbidden as refusal:
                return "forbidden", refusal.message
            except Refused as refusal:
                return "", refusal.message
            finally:
                transaction.set_rollback(True)

    for role in Role:
        secret, nothing = (say(world.outside[role], number) for number in
                           (world.secret.incident.number, NOWHERE))  # fmt: skip
        assert secret[0] == nothing[0] == "missing", (name, role, secret)
        assert secret[1].replace(str(world.secret.incident.number), "N") == nothing[1].replace(
            str(NOWHERE), "N"
        )
        for user, case in ((world.outside[role], world.shown), (world.inside[role], world.secret)):
            kind, answer = say(user, case.incident.number)
            if role.rank < lowest.rank:
                assert kind == "forbidden", (name, role, answer)
            else:
                assert kind in ("", "missing") and (kind == "" or "INC-" not in answer), (name, role, answer)


def test_what_is_typed_in_a_private_channel_reaches_nothing_for_a_stranger(world):
    """The channel decides before the words do; and no other open incident is meant instead."""
    ChatRoom.objects.create(incident=world.secret.incident, channel_id="C0SECRET", name="inc-private")
    said = run(_asked(world.outside["admin"], "status", "C0SECRET"))
    assert said == "No incident is open that you may see."
    for name in sorted(set(COMMANDS) - ABOUT_NONE - {"declare", "who", "status"}):
        with pytest.raises(Missing):
            run(_asked(world.outside["admin"], f"{name} {TYPED.get(name, '')}".format(other=1), "C0SECRET"))


def _asked(user: User, typed: str, channel: str = "C0GENERAL") -> Asked:
    return Asked(user=user, team_id="T0TEST", place=Place(channel), words=typed)
