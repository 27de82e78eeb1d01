"""Any order of due rungs, duplicate sweeps, acknowledgements and changes keeps the promises of the pager."""

import contextlib

import pytest
from django.db import transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actors import person
from incidents import lifecycle
from incidents.models import Severity
from lib.refusal import Refused
from notifications import delivery
from notifications.models import Delivery
from oncall import answering, failing, paging
from oncall.models import Page, PageRun, RoundRobin, Step, Target
from outbox.models import Message
from tests.oncall.conftest import schedule

pytestmark = pytest.mark.django_db
ACTS = st.sampled_from(
    ["wait", "wait long", "sweep", "sweep", "send", "send", "hear", "hear", "hear again", "ack", "raise",
     "lower", "escalate", "hand", "mitigate", "dismiss", "silence", "outage", "fail", "ack by page"]
)  # fmt: skip


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=st.lists(ACTS, max_size=14))
def test_no_page_of_a_run_goes_out_after_its_acknowledgement(acts, opened, drain, clock, alice, bob, carol):
    point = transaction.savepoint_create()
    # The last step asks one of two in turn.
    last = Step.objects.get(policy__name="Payments", position=2)
    pool = schedule("Pool", bob, carol)
    Target.objects.create(step=last, kind="schedule", schedule=pool, in_turn=True)
    try:
        play(acts, opened("SEV2"), drain, clock, alice, bob, carol)
    finally:
        transaction.savepoint_rollback(point)


def play(acts, incident, drain, clock, alice, bob, carol):
    for act in acts:
        with contextlib.suppress(Refused):
            do(act, incident, drain, clock, alice, bob, carol)
        check()
    drain()
    paging.sweep()
    delivery.sweep()
    check()


def do(act, incident, drain, clock, alice, bob, carol):
    match act:
        case "wait":
            clock.shift(60)
        case "wait long":
            clock.shift(600)
        case "outage":
            clock.shift(7200)
            paging.sweep()
        case "fail":
            # What could not be delivered hurries the ladder on; hearing of it twice changes nothing.
            owed = Delivery.objects.filter(word="page", sent_at=None, failed_at=None, cancelled_at=None)
            if row := owed.first():
                Delivery.objects.filter(pk=row.pk).update(failed_at=now())
                failing.message_failed(row.pk)
                failing.message_failed(row.pk)
        case "ack by page":
            if run := PageRun.objects.first():
                answering.acknowledge(run.pk, actor=person(alice))
        case "sweep":
            paging.sweep()
            paging.sweep()
        case "send":
            delivery.sweep()
        case "hear":
            drain()
        case "hear again":
            Message.objects.update(delivered_at=None)
        case "ack":
            lifecycle.acknowledge(incident.pk, actor=person(alice))
        case "raise":
            change(incident, "SEV1", alice)
        case "lower":
            change(incident, "SEV4", alice)
        case "escalate":
            if run := PageRun.objects.first():
                answering.escalate(run.pk, actor=person(bob))
        case "hand":
            if run := PageRun.objects.first():
                answering.hand_to(run.pk, actor=person(bob), user_id=carol.pk)
        case "mitigate":
            lifecycle.mitigate(incident.pk, actor=person(alice))
        case "dismiss":
            lifecycle.dismiss(incident.pk, actor=person(alice), reason="false alarm")
        case "silence":
            answering.sweep_silence()


def change(incident, name, by):
    severity = Severity.objects.get(name=name)
    lifecycle.set_severity(incident.pk, actor=person(by), severity=severity, reason="so it is")


def check():
    for run in PageRun.objects.all():
        messages = Delivery.objects.filter(run_key=run.pk)
        pages = Page.objects.filter(run=run)
        # One effect per rung and person, one message per page and address.
        assert messages.count() == pages.count()
        if not run.is_running:
            assert run.next_at is None
            assert not messages.filter(sent_at__gt=run.ended_at).exists()
            assert not messages.filter(sent_at=None, failed_at=None, cancelled_at=None).exists()
            assert not pages.filter(created_at__gt=run.ended_at).exists()
    own = PageRun.objects.filter(reason="opened")
    assert own.count() <= 1
    for run in PageRun.objects.filter(status="running"):
        # A run never forgets itself: it has a next moment, and a place in its plan or in the endless tail.
        assert run.next_at is not None
        assert run.position <= len(run.rungs) or run.plan.get("tail")
    # A turn moves only with a page: whoever the pointer names was asked.
    for row in RoundRobin.objects.exclude(last=0):
        assert Page.objects.filter(user=row.last).exists()
