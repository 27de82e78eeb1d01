"""Two people at once, on PostgreSQL: the lock on the incident decides, and nobody sees an error of ours."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection, connections

from accounts.actors import person, system
from accounts.models import User
from catalog.models import Service, Team
from incidents import defaults, lifecycle, overdue, replay, roles
from incidents.models import Deadline, Incident, RoleHolding, Severity
from lib.refusal import Refused

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def postgresql(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes one at a time")
    defaults.install()
    yield
    assert [str(one) for one in replay.check_all()] == []


@pytest.fixture
def two():
    return [
        User.objects.create_user(email=f"{name}@example.com", password="x", name=name, role="responder")
        for name in ("ann", "ben")
    ]


@pytest.fixture
def service():
    team = Team.objects.create(slug="payments", name="Payments", time_zone="UTC")
    return Service.objects.create(slug="checkout", name="Checkout", team=team)


def opened(service, rank=1, **words):
    severity = Severity.objects.get(rank=rank)
    return lifecycle.open_incident(
        title="Down", actor=system(), service_ids=[service.pk], severity=severity, **words
    )


def at_once(*says: Callable[[], object]) -> list[object]:
    """Every call in a thread of its own, all let go at the same moment; what each gave or raised."""
    gate, got = Barrier(len(says)), [None] * len(says)

    def run(place, say):
        gate.wait(10)
        try:
            got[place] = say()
        except Exception as error:
            got[place] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=one) for one in enumerate(says)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return got


def ours(got):
    return [one for one in got if isinstance(one, Exception) and not isinstance(one, Refused)]


def test_two_acknowledge_and_the_first_time_stands(two, service):
    incident = opened(service)
    got = at_once(*(lambda u=u: lifecycle.acknowledge(incident.pk, actor=person(u)) for u in two))

    assert ours(got) == []
    incident.refresh_from_db()
    events = list(incident.timeline.filter(kind="acknowledged").order_by("number"))
    assert (len(events), incident.acknowledged_by) == (2, events[0].actor)


def test_two_declare_and_one_is_told_that_it_is_done(two, service):
    incident = opened(service)
    got = at_once(*(lambda u=u: lifecycle.declare(incident.pk, actor=person(u)) for u in two))

    assert [type(one) for one in got].count(Refused) == 1 and ours(got) == []
    assert incident.timeline.filter(kind="declared").count() == 1


def test_two_incidents_declared_at_once_have_two_channels(two, service):
    for _ in range(5):
        pair = [opened(service), opened(service)]
        got = at_once(
            *(
                lambda i=i, u=u: lifecycle.declare(i.pk, actor=person(u))
                for i, u in zip(pair, two, strict=True)
            )
        )
        assert ours(got) == []
    names = list(Incident.objects.values_list("channel_name", flat=True))
    assert len(set(names)) == 10 and None not in names


def test_two_take_one_chair_and_one_holds_it(two, service):
    incident = opened(service, declare=True)
    got = at_once(
        *(lambda u=u: roles.take(incident.pk, actor=person(u), role_slug="incident_commander") for u in two)
    )

    assert ours(got) == []
    assert RoleHolding.objects.filter(incident=incident, until=None).count() == 1
    assert RoleHolding.objects.filter(incident=incident).count() == 2


def test_one_person_in_two_tabs_never_holds_two_chairs_without_the_glass(two, service):
    incident = opened(service, declare=True)
    ann = two[0]
    chairs = ("incident_commander", "technical_lead", "comms_lead")
    got = at_once(
        *(lambda c=c: roles.take(incident.pk, actor=person(ann), role_slug=c) for c in chairs),
    )

    assert ours(got) == []
    held = set(roles.holders(incident))
    assert "incident_commander" not in held or held == {"incident_commander"}


def test_a_raise_and_a_second_chair_at_once_end_in_a_refusal_or_broken_glass(two, service):
    incident = opened(service, rank=3, declare=True)
    ann, ben = two
    roles.take(incident.pk, actor=person(ann), role_slug="incident_commander")
    worst = Severity.objects.get(rank=1)
    got = at_once(
        lambda: lifecycle.set_severity(incident.pk, actor=person(ben), severity=worst, reason="all"),
        lambda: roles.take(incident.pk, actor=person(ann), role_slug="technical_lead"),
    )

    assert ours(got) == []
    both = {"incident_commander", "technical_lead"} <= set(roles.holders(incident))
    assert both == incident.timeline.filter(kind="break_glass").exists()


def test_two_merges_into_each_other_do_not_wait_for_ever(two, service):
    one, other = opened(service), opened(service)
    got = at_once(
        lambda: lifecycle.merge(one.pk, actor=person(two[0]), into=other.pk),
        lambda: lifecycle.merge(other.pk, actor=person(two[1]), into=one.pk),
    )

    assert ours(got) == []
    assert Incident.objects.filter(status="merged").count() == 1


def test_two_sweeps_miss_a_promise_once(two, service, django_db_blocker):
    incident = opened(service, declare=True)
    past = incident.detected_at.replace(year=incident.detected_at.year - 1)
    Deadline.objects.filter(incident=incident, kind="roles").update(due_at=past, next_at=past)
    got = at_once(*(overdue.miss_overdue for _ in range(4)))

    assert ours(got) == []
    assert incident.timeline.filter(kind="deadline_missed", data__deadline="roles").count() == 1


def test_two_open_at_once_and_the_numbers_have_no_gap(two, service):
    got = at_once(*(lambda: opened(service, declare=True) for _ in range(6)))

    assert ours(got) == []
    assert sorted(Incident.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert Incident.objects.values("channel_name").distinct().count() == 6
