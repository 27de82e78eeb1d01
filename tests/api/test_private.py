"""A private incident is nothing at all to strangers: every page, every REST address, every list and file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.timezone import now

from accounts.actors import person, system
from accounts.models import Role, User
from catalog import defaults as catalog_defaults
from catalog.models import Membership, Service, Team
from config.api import router
from detection import alerts, reports, sources
from detection.models import Alert, Bundle
from detection.signals import Signal
from incidents import defaults as incident_defaults
from incidents import lifecycle, merging, notes, people
from incidents.models import Counter, Incident, Severity
from notifications.models import ContactMethod, Delivery
from oncall.models import Coverage, PageRun, Policy, Step, Target
from outbox.models import Message
from postmortems import actions, opening, writing
from postmortems.models import Postmortem
from statuspage import components
from statuspage import defaults as status_defaults
from statuspage import writing as site

# Stands in every text of the private incident; what one searches for is another word of the same texts.
MARK, WORD, NUMBER = "zanzibar", "quokka", 424242
SAID = f"{WORD} {MARK}"
# What a viewer or a responder may know of is no more than what a manager may.
STRANGERS = ["mona", "root"]
UNKNOWN = 987654321
# An admin is led to the glass: that there is something behind this number is all it says.
GLASS = {"incidents:detail", "incidents:glass"}


@dataclass
class World:
    """One private incident with all that hangs on it, and a public one beside it."""

    secret: Incident
    shown: Incident
    keys: set[int] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


def _policy(service: Service, user: User) -> None:
    policy = Policy.objects.create(name="First")
    step = Step.objects.create(policy=policy, position=0, delay=timedelta(0))
    Target.objects.create(step=step, kind=Target.Kind.PERSON, person=user)
    Coverage.objects.create(service=service, policy=policy)
    ContactMethod.objects.create(user=user, kind="email", address=user.email, verified_at=now())


@pytest.fixture
def house(db, alice, bob, mona, root, vera, settings, tmp_path) -> SimpleNamespace:
    settings.STATUS_DIR = tmp_path / "site"
    incident_defaults.install()
    catalog_defaults.install()
    status_defaults.install()
    Counter.objects.update_or_create(name="incident", defaults={"value": NUMBER - 1})
    team = Team.objects.create(slug="keys", name="Keys", time_zone="UTC")
    Membership.objects.create(team=team, user=mona, is_manager=True)
    service = Service.objects.create(slug="vault", name="Vault", team=team)
    _policy(service, alice)
    components.add(actor=system(), name="Sign-in", services=[service])
    source = sources.create(actor=system(), name="Prometheus", kind="generic", service=service)[0]
    return SimpleNamespace(service=service, source=source, alice=alice, bob=bob, root=root, mona=mona)


@pytest.fixture(params=["from its first event", "later"])
def world(request, house, drain) -> World:
    """Alice's incident: private from the start, or hidden when everybody had already seen it."""
    alice, later = person(house.alice), request.param == "later"
    secret = lifecycle.open_incident(
        title=f"Keys {SAID}", summary=f"Laptop {SAID}", actor=alice, service_ids=[house.service.pk],
        severity=Severity.objects.get(rank=1), declare=True, is_private=not later,
    )  # fmt: skip
    drain()
    shown = lifecycle.open_incident(
        title="Search is slow", actor=person(house.bob), service_ids=[house.service.pk],
        severity=Severity.objects.get(rank=2), declare=True,
    )  # fmt: skip
    _tell(house, secret, shown)
    drain()
    if later:
        people.make_private(secret.pk, actor=alice, reason="it names a person")
    drain()
    site.publish(force=True)
    secret.refresh_from_db()
    return World(secret, shown, _keys(secret), set(secret.public_notices.values_list("public_id", flat=True)))


def _tell(house: SimpleNamespace, secret: Incident, shown: Incident) -> None:
    """An alert, a storm, a report, a page, updates, links, a postmortem with an action and a comment."""
    alice = person(house.alice)
    signal = Signal(action="trigger", key="disk", summary="An alert", severity="warning")
    alert = alerts.ingest(house.source, [signal])[0].alert
    assert alert is not None
    # It joined what was open; here it belongs to the private one.
    Alert.objects.filter(pk=alert.pk).update(incident=secret, summary=f"Alert {SAID}", dedup_key=SAID)
    Bundle.objects.create(source=house.source, incident=secret, count=3)
    report = reports.from_inside(actor=alice, service=house.service, words="I saw it", title="Report")
    type(report).objects.filter(pk=report.pk).update(incident=secret, text=f"I saw {SAID}")
    merging.link(secret.pk, actor=alice, related=shown.pk)
    merging.link(shown.pk, actor=alice, parent=secret.pk)
    lifecycle.post_update(secret.pk, actor=alice, text=f"Update {SAID}")
    notes.add_note(secret.pk, actor=alice, text=f"Note {SAID}")
    lifecycle.mitigate(secret.pk, actor=alice, text=f"Done {SAID}", started_at=now())
    lifecycle.resolve(secret.pk, actor=alice, text=f"Over {SAID}")
    postmortem = opening.open_by_hand(secret.pk, actor=alice)
    for section in ("summary", "root_cause", "contributing_factors"):
        writing.save_section(postmortem.pk, actor=alice, section=section, text=f"Section {SAID}")
    writing.comment(postmortem.pk, actor=alice, text=f"Comment {SAID}")
    actions.create(
        postmortem.pk, actor=alice, title=f"Change {SAID}", owner_id=house.alice.pk, due=now().date()
    )


def _keys(secret: Incident) -> set[int]:
    """Every key by which something of the incident could be asked for."""
    document = Postmortem.objects.get(incident=secret)
    rows = [secret.alerts.all(), secret.page_runs.all(), document.actions.all()]
    return {secret.pk, document.pk} | {pk for row in rows for pk in row.values_list("pk", flat=True)}


def test_the_world_has_what_could_leak(world):
    assert world.secret.number == NUMBER and world.secret.is_private
    assert PageRun.objects.filter(incident=world.secret).exists()
    assert Delivery.objects.filter(incident=world.secret).exists()
    assert world.secret.alerts.exists() and world.secret.reports.exists()
    assert Message.objects.exists()


def _leaks(text: str, *, number: bool = True) -> list[str]:
    """What of the private incident stands in a text, with its surroundings."""
    marks = [MARK] + ([rf"\b{NUMBER}\b"] if number else [])
    return [
        text[max(0, hit.start() - 80) : hit.end() + 40]
        for one in marks
        for hit in re.finditer(one, text, re.I)
    ]


def _text(answer: Any) -> str:
    if answer.streaming:
        return b"".join(answer.streaming_content).decode(errors="replace")
    return str(answer.content.decode(errors="replace"))


def _routes(
    resolver: URLResolver | None = None, prefix: str = "", space: str = ""
) -> Iterator[tuple[str, str]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, path, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        elif isinstance(pattern, URLPattern) and not path.startswith(("admin/", "api/", "accounts/logout")):
            yield f"{space}{pattern.name}", path


def _filled(world: World, path: str) -> set[str]:
    """The addresses that a pattern has for this incident, and for the public one beside it."""
    found = {path}
    values: dict[str, list[Any]] = {
        "number": [NUMBER, world.shown.number],
        "slug": ["vault", "mttr", "mttm", "mitigate", "summary"],
        "public_id": sorted(world.names),
        "token": ["nothing"],
    }
    for name in re.findall(r"<(?:\w+:)?(\w+)>", path):
        options = values.get(name, sorted(world.keys) if name == "pk" else ["1"])
        found = {
            re.sub(rf"<(?:\w+:)?{name}>", str(option), one)
            for one in found
            for option in options or ["nothing"]
        }
    return {"/" + one for one in found}


QUERIES = {
    "/search/": [f"?q={WORD}", f"?q=INC-{NUMBER}", "?q=vault"],
    "/incidents/": [f"?q={WORD}", "?status=all", "?status=resolved", "?service=vault"],
    "/incidents/export.csv": [f"?q={WORD}", "?status=all"],
    "/detection/alerts/": ["?status=all", f"?status=all&q={WORD}"],
    "/postmortems/": ["?status=all", f"?q={WORD}"],
    "/actions/": ["?status=all", "?owner=all", f"?q={WORD}"],
    "/metrics/": ["?per=week", "?service=vault"],
}


@pytest.mark.parametrize("who", STRANGERS)
def test_no_page_tells_a_stranger_of_it(client, world, request, who):
    client.force_login(request.getfixturevalue(who))
    client.raise_request_exception = False
    found = []
    for name, path in sorted(set(_routes())):
        for address in sorted(_filled(world, path)):
            for query in ["", *QUERIES.get(address, [])]:
                answer = client.get(address + query)
                asked = str(NUMBER) in address + query
                text = _text(answer) + answer.get("Location", "")
                if answer.status_code >= 500 and "promises" not in address and "readyz" not in address:
                    found.append((name, address, answer.status_code))
                is_there = str(NUMBER) in address and answer.status_code not in (302, 404, 405)
                if "<int:number>" in path and is_there and not (name in GLASS and who == "root"):
                    found.append((name, address, answer.status_code))
                found += [(name, address + query, leak) for leak in _leaks(text, number=not asked)]

    assert not found, "\n".join(str(one) for one in found)


@pytest.mark.parametrize("who", STRANGERS)
def test_no_button_of_it_works_for_a_stranger(client, world, request, who):
    client.force_login(request.getfixturevalue(who))
    client.raise_request_exception = False
    before = world.secret.timeline.count()
    found = []
    for name, path in sorted(set(_routes())):
        if "<int:number>" not in path or (name in GLASS and who == "root"):
            continue
        for address in sorted(one for one in _filled(world, path) if str(NUMBER) in one):
            answer = client.post(address, {"text": "x", "reason": "x"})
            if answer.status_code not in (404, 405) and not answer.get("Location", "").startswith(
                "/accounts/"
            ):
                found.append((name, address, answer.status_code))
            found += [(name, address, leak) for leak in _leaks(_text(answer), number=False)]

    assert not found, "\n".join(str(one) for one in found)
    assert world.secret.timeline.count() == before


def _rest() -> Iterator[tuple[str, str, str]]:
    for pattern in router.urls:
        path = "/api/v1/" + str(pattern.pattern).lstrip("^").rstrip("$").replace("\\Z", "")
        for method in pattern.callback.actions:
            yield str(pattern.name), method, path


VALUE = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")


@pytest.mark.parametrize("who", STRANGERS)
def test_no_rest_address_tells_a_stranger_of_it(asks, world, request, who):
    client = asks(request.getfixturevalue(who))
    found = []
    for name, method, path in sorted(set(_rest())):
        wanted = VALUE.findall(path)
        options: list[Any] = [""]
        if wanted:
            is_number = "number" in wanted or name.startswith("incidents-")
            options = (
                [NUMBER, world.shown.number] if is_number else [*sorted(world.keys), *sorted(world.names)]
            )
        for option in options:
            address = VALUE.sub(str(option), path).replace("\\", "")
            queries = ["", f"?q={WORD}", "?page_size=500&status=all", f"?incident={NUMBER}"]
            for query in queries if method == "get" and not wanted else [""]:
                answer = getattr(client, method)(address + query, {} if method != "get" else None)
                asked = str(NUMBER) in address + query
                found += [(name, address + query, leak) for leak in _leaks(_text(answer), number=not asked)]
                if wanted and option == NUMBER:
                    nothing = getattr(client, method)(
                        address.replace(str(NUMBER), str(UNKNOWN)) + query, {} if method != "get" else None
                    )
                    if nothing.status_code != answer.status_code:
                        found.append((name, address, f"{answer.status_code} is not {nothing.status_code}"))

    assert not found, "\n".join(str(one) for one in found)


def test_the_admin_shows_nothing_of_it(client, world, root):
    client.force_login(root)
    client.raise_request_exception = False
    found = []
    for model in admin.site._registry:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        rows = model._default_manager.values_list("pk", flat=True)[:60]
        addresses = [reverse(f"{base}_changelist"), reverse(f"{base}_changelist") + f"?q={WORD}"]
        for address in addresses + [reverse(f"{base}_change", args=[pk]) for pk in rows]:
            found += [(base, address, leak) for leak in _leaks(_text(client.get(address)))]

    assert not found, "\n".join(str(one) for one in found)


def test_nothing_public_tells_of_it(world, settings):
    for path in settings.STATUS_DIR.rglob("*"):
        if path.is_file():
            assert _leaks(path.read_text(errors="replace")) == [], path


def test_no_mail_and_no_message_says_what_it_is_about(house, drain, mailoutbox):
    """Those who are paged read “Private incident INC-…”; the rest hear nothing."""
    incident = lifecycle.open_incident(
        title=f"Keys {SAID}", summary=f"Laptop {SAID}", actor=person(house.alice), declare=True,
        service_ids=[house.service.pk], severity=Severity.objects.get(rank=1), is_private=True,
    )  # fmt: skip
    lifecycle.post_update(incident.pk, actor=person(house.alice), text=f"Update {SAID}")
    drain()

    assert Delivery.objects.filter(incident=incident).exists()
    for row in Delivery.objects.values():
        assert _leaks(str({**row, "text": row.get("text", "")}), number=False) == []
    for message in Message.objects.values():
        assert _leaks(str(message), number=False) == []
    for mail in mailoutbox:
        assert _leaks(f"{mail.subject} {mail.body}", number=False) == []
        assert set(mail.to) == {house.alice.email}


def test_a_stranger_is_told_apart_from_its_people(client, world, alice):
    """The walk can fail: for Alice all of it is there."""
    client.force_login(alice)

    assert MARK in _text(client.get(f"/incidents/{NUMBER}/"))
    assert MARK in _text(client.get(f"/search/?q={WORD}"))
    assert alice.role == Role.RESPONDER
