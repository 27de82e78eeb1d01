"""Many deliveries at once: each counted once, one incident, nobody waits for ever."""

import threading

import pytest
from django.db import DatabaseError, connection

from accounts.actors import system
from catalog import defaults as catalog_defaults
from catalog.models import Service, Team
from detection import alerts, sources
from detection.models import Alert, Payload
from detection.signals import Signal
from detection.sources import Heard
from incidents import defaults as incident_defaults
from incidents.models import Incident

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(jobs):
    """Run every job in a thread of its own, all let go together; their errors are the test's."""
    gate, errors = threading.Barrier(len(jobs)), []

    def run(job):
        try:
            gate.wait(10)
            job()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []


@pytest.fixture
def speaker(transactional_db):
    catalog_defaults.install()
    incident_defaults.install()
    team = Team.objects.create(slug="shop-team", name="Shop team")
    shop = Service.objects.create(slug="shop", name="Shop", team=team)
    return sources.create(actor=system(), name="Tool", kind="generic", service=shop)[0]


def test_one_key_from_many_sides_is_one_alert_counted_exactly(speaker):
    signal = Signal(action="trigger", key="k", summary="Down")
    at_once([lambda: alerts.ingest(speaker, [signal])] * 6)

    assert Alert.objects.get().count == 6 and Incident.objects.count() == 1


def test_doors_that_hear_one_key_at_once_count_it_exactly(speaker):
    signal, heard = Signal(action="trigger", key="k", summary="Down"), Heard("/in/…/generic", b"{}")
    at_once([lambda: alerts.take(speaker, [signal], heard=heard)] * 6)
    at_once([lambda: alerts.take(speaker, [signal], heard=heard)] * 6)

    assert Alert.objects.get().count == Payload.objects.count() == 12
    assert Incident.objects.count() == 1


def test_a_body_that_cannot_be_kept_is_not_counted_either(speaker):
    signal = Signal(action="trigger", key="k", summary="Down")
    alerts.take(speaker, [signal], heard=Heard("/in/…/generic", b"{}"))
    with pytest.raises(DatabaseError):
        alerts.take(speaker, [signal], heard=Heard("/in/…/generic", b"{}", status=None))

    assert Alert.objects.get().count == Payload.objects.count() == 1


def test_many_keys_of_one_service_at_once_open_one_incident(speaker):
    at_once(
        [
            lambda n=n: alerts.ingest(speaker, [Signal(action="trigger", key=f"k{n}", summary="Down")])
            for n in range(6)
        ]
    )

    assert Alert.objects.filter(incident=Incident.objects.get()).count() == 6


def test_bodies_in_opposite_order_do_not_wait_for_each_other(speaker):
    keys = [f"k{n}" for n in range(8)]
    forward = [Signal(action="trigger", key=key, summary="Down") for key in keys]
    at_once([lambda body=body: alerts.ingest(speaker, body) for body in (forward, forward[::-1]) * 2])

    assert set(Alert.objects.values_list("count", flat=True)) == {4} and Incident.objects.count() == 1
