"""The rule of detection, clause by clause."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.actors import system
from catalog.models import Service
from detection import alerts, grouping, placing, silences, sources
from detection.matching import parse
from detection.models import Alert, Bundle, RoutingRule
from detection.signals import Change, Signal
from incidents import lifecycle, merging
from incidents import severity as severities
from incidents.kinds import EventKind, Status
from incidents.models import Incident
from incidents.questions import ask
from notifications import wording

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def same_people(monkeypatch):
    monkeypatch.setattr(ask, "same_policy", lambda one, other: True)


@pytest.fixture
def other_people(monkeypatch):
    monkeypatch.setattr(ask, "same_policy", lambda one, other: False)


def kinds(incident):
    return list(incident.timeline.values_list("kind", flat=True))


# New and repeated ---------------------------------------------------------------------------------


def test_a_firing_opens_an_incident_in_triage(clock, fire, shop, only):
    alert = fire(severity="critical")

    incident = only()
    assert alert.incident == incident
    assert (incident.status, incident.title, incident.service) == (Status.TRIAGE, "Error rate 34 %", shop)
    assert incident.severity.name == "SEV1" and incident.source == "monitoring_alert"
    assert incident.detected_at == NOON and incident.started_at is None


def test_a_repeat_only_counts(clock, fire, only):
    fire()
    clock.shift(MINUTE)
    alert = fire(summary="Error rate 50 %")

    assert (alert.count, alert.summary) == (2, "Error rate 50 %")
    assert alert.last_seen_at - alert.first_seen_at == MINUTE
    assert kinds(only()) == [EventKind.OPENED]


def test_a_key_is_the_sources_own(clock, fire, router):
    fire("errors")
    fire("errors", at=router)

    assert Alert.objects.filter(dedup_key="errors", count=1).count() == 2


def test_after_an_end_the_same_key_is_a_new_alert(clock, fire, clear):
    first = fire()
    clear()
    second = fire()

    first.refresh_from_db()
    assert first.status == "resolved" and first.resolved_at == NOON
    assert second.pk != first.pk and second.count == 1


def test_a_body_that_says_the_same_key_twice_opens_one_incident(clock, source, house):
    alerts.ingest(source, [Signal(action="trigger", key="a", summary="A")] * 2)

    assert Alert.objects.get().count == 2 and Incident.objects.count() == 1


def test_what_begins_and_ends_in_one_body_opens_nothing(clock, source, house):
    alerts.ingest(source, [Signal(action="trigger", key="a", summary="A"), Signal(action="resolve", key="a")])

    assert Alert.objects.get().status == "resolved" and not Incident.objects.exists()


def test_an_end_without_a_beginning_is_dropped(clock, clear, house):
    clear("nothing")

    assert not Alert.objects.exists()


def test_an_end_that_came_before_its_beginning_is_remembered(clock, fire, clear, house):
    clear("errors", occurrence="14:00", summary="Errors")
    fire(occurrence="14:00")

    assert Alert.objects.get().status == "resolved" and not Incident.objects.exists()


def test_a_late_duplicate_of_an_ended_firing_opens_nothing(clock, fire, clear):
    fire(occurrence="14:00")
    clear(occurrence="14:00")
    clock.shift(timedelta(seconds=30))
    fire(occurrence="14:00")

    assert Alert.objects.get().count == 2
    assert Incident.objects.count() == 1


def test_the_same_start_long_after_the_end_is_a_real_firing(clock, fire, clear):
    fire(occurrence="14:00")
    clear(occurrence="14:00")
    clock.shift(10 * MINUTE)
    fire(occurrence="14:00")

    assert Alert.objects.count() == 2 and Incident.objects.count() == 2


def test_delivering_the_same_body_again_changes_no_incident(clock, source, house):
    body = [
        Signal(action="trigger", key="a", summary="A", occurrence="1"),
        Signal(action="resolve", key="b", summary="B", occurrence="1"),
    ]
    alerts.ingest(source, body)
    before = kinds(Incident.objects.get())
    alerts.ingest(source, body)

    assert kinds(Incident.objects.get()) == before
    assert Alert.objects.count() == 2


# Severity -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("critical", "SEV1"),
        ("P2", "SEV2"),
        ("warning", "SEV3"),
        ("info", "SEV4"),
        ("page", "SEV2"),
        ("", "SEV2"),
    ],
)
def test_the_signals_word_suggests_the_severity(clock, fire, only, word, name):
    fire(severity=word)

    assert only().severity.name == name


def test_a_service_may_say_what_silence_about_severity_means(clock, fire, shop, only):
    Service.objects.filter(pk=shop.pk).update(default_severity_rank=4)
    fire()

    assert only().severity.name == "SEV4"


def test_a_worse_alert_raises_an_incident_in_triage(clock, fire, only):
    fire(severity="warning")
    fire("down", "Shop is down", severity="critical")

    incident = only()
    assert incident.severity.name == "SEV1"
    change = incident.timeline.get(kind=EventKind.SEVERITY_CHANGED)
    assert change.actor_kind == "source" and "Shop is down" in change.text


def test_a_milder_alert_lowers_nothing(clock, fire, only):
    fire(severity="critical")
    fire("slow", severity="info")

    assert only().severity.name == "SEV1"


def test_a_key_that_gets_worse_raises_too(clock, fire, only):
    fire(severity="warning")
    fire(severity="critical")

    assert only().severity.name == "SEV1"


def test_a_repeat_does_not_overrule_a_person(clock, fire, only, by_alice):
    fire(severity="critical")
    lifecycle.set_severity(only().pk, actor=by_alice, severity=severities.named("SEV3"), reason="one user")
    fire(severity="critical")

    assert only().severity.name == "SEV3"


def test_on_a_declared_incident_the_severity_is_a_persons(clock, fire, only, by_alice):
    fire(severity="warning")
    lifecycle.declare(only().pk, actor=by_alice)
    fire("down", severity="critical")

    joined = only().timeline.get(kind=EventKind.ALERT_JOINED)
    assert only().severity.name == "SEV3"
    assert (joined.get("suggests"), joined.get("is_higher")) == ("SEV1", True)


# Grouping -----------------------------------------------------------------------------------------


def test_alerts_of_a_service_within_the_window_are_one_incident(clock, fire, only):
    fire()
    clock.shift(4 * MINUTE)
    second = fire("latency", "Slow")
    clock.shift(4 * MINUTE)
    third = fire("queue", "Queue grows")

    assert second.incident == third.incident == only()
    assert kinds(only()) == [EventKind.OPENED, EventKind.ALERT_JOINED, EventKind.ALERT_JOINED]


def test_a_page_counts_the_alert_that_opened_and_brings_its_own_runbook(clock, fire, only, shop):
    shop.runbook_url = "https://wiki.example/shop"
    shop.save()
    fire(runbook_url="https://wiki.example/errors")
    said = wording.page(only(), acknowledge_url="https://t/ack").body
    assert "· 1 alert ·" in said
    assert said.endswith("runbook https://wiki.example/errors")

    fire("latency", "Slow", runbook_url="https://wiki.example/slow")
    said = wording.page(only(), acknowledge_url="https://t/ack").body
    assert "· 2 alerts ·" in said
    assert said.endswith("runbook https://wiki.example/errors")

    Incident.objects.update(is_private=True)
    assert "wiki" not in wording.page(only(), acknowledge_url="https://t/ack").body


def test_after_the_window_it_is_another_incident_beside_the_first(clock, fire):
    first = fire()
    clock.shift(6 * MINUTE)
    second = fire("latency")

    assert second.incident != first.incident
    assert list(second.incident.related.all()) == [first.incident]


def test_while_acknowledged_it_joins_however_late(clock, fire, only, by_alice):
    fire()
    lifecycle.acknowledge(only().pk, actor=by_alice)
    clock.shift(timedelta(hours=3))

    assert fire("latency").incident == only()


def test_another_service_is_another_incident(clock, fire, billing, router):
    first = fire()
    second = fire("b", at=router, service="billing")

    assert second.service == billing and second.incident != first.incident


def test_a_new_firing_on_a_mitigated_incident_doubts_it(clock, fire, only, by_alice):
    fire(severity="critical")
    lifecycle.mitigate(only().pk, actor=by_alice)
    clock.shift(timedelta(hours=1))
    alert = fire("again", "It fails again", severity="critical")

    assert alert.incident == only()
    assert only().status == Status.MITIGATED
    assert kinds(only())[-2:] == [EventKind.MAY_NOT_BE_MITIGATED, EventKind.ALERT_JOINED]


def test_what_is_worse_than_a_mitigated_incident_opens_its_own(clock, fire, by_alice):
    first = fire(severity="warning").incident
    lifecycle.mitigate(first.pk, actor=by_alice)
    second = fire("down", severity="critical").incident

    assert second != first and first in second.related.all()


def test_resolved_incidents_are_not_joined(clock, fire, by_alice):
    first = fire().incident
    lifecycle.resolve(first.pk, actor=by_alice)

    assert fire("other").incident != first


@pytest.mark.parametrize("kind", ["is_private", "is_drill"])
def test_private_incidents_and_drills_are_never_joined(clock, fire, shop, by_alice, kind):
    hidden = lifecycle.open_incident(title="Hidden", actor=by_alice, service_ids=[shop.pk], **{kind: True})
    lifecycle.acknowledge(hidden.pk, actor=by_alice)

    assert fire().incident != hidden


def test_a_report_that_woke_nobody_does_not_swallow_an_alert(clock, fire, shop):
    report = lifecycle.open_incident(title="Cannot pay", actor=system(), service_ids=[shop.pk], pages=False)

    assert fire().incident != report


def test_a_dependencys_incident_is_joined_where_the_same_people_answer(
    clock, fire, shop, billing, router, same_people
):
    shop.depends_on.add(billing)
    below = fire("db", at=router, service="billing").incident

    assert fire().incident == below


def test_a_dependencys_incident_is_linked_where_others_answer(
    clock, fire, shop, billing, router, other_people
):
    shop.depends_on.add(billing)
    below = fire("db", at=router, service="billing").incident
    above = fire().incident

    assert above != below and below in above.related.all()


def test_only_a_direct_dependency_counts(clock, fire, shop, billing, router, team, same_people):
    deep = Service.objects.create(slug="disk", name="Disk", team=team)
    shop.depends_on.add(billing)
    billing.depends_on.add(deep)
    below = fire("disk", at=router, service="disk").incident

    assert fire().incident != below


# Routing ------------------------------------------------------------------------------------------


def test_a_rule_reads_labels_and_decides_service_severity_and_declaring(clock, fire, source, billing):
    RoutingRule.objects.create(
        source=source,
        matchers=parse('team=~"pay.*"'),
        service=billing,
        severity=severities.named("SEV1"),
        auto_declare=True,
    )
    alert = fire(labels={"team": "payments"}, severity="info")

    assert alert.service == billing
    assert (alert.incident.severity.name, alert.incident.status) == ("SEV1", Status.ACTIVE)


def test_a_rule_says_how_bad_a_repeat_is_too(clock, fire, source, billing, only):
    """Its own word is louder; before, the second firing raised what the rule had calmed."""
    RoutingRule.objects.create(
        source=source, matchers=parse('team="lab"'), service=billing, severity=severities.named("SEV4")
    )
    for _ in range(3):
        fire(labels={"team": "lab"}, severity="critical")

    assert only().severity.name == "SEV4"


def test_a_rule_still_counts_when_a_resolved_alert_is_news_again(clock, fire, source, billing, by_alice):
    RoutingRule.objects.create(
        source=source,
        matchers=parse('team="lab"'),
        service=billing,
        severity=severities.named("SEV4"),
        auto_declare=True,
    )
    first = fire(labels={"team": "lab"}, severity="critical").incident
    lifecycle.resolve(first.pk, actor=by_alice)
    clock.shift(timedelta(hours=1))
    again = fire(labels={"team": "lab"}, severity="critical").incident

    assert again != first
    assert (again.severity.name, again.status) == ("SEV4", Status.ACTIVE)


def test_declaring_by_itself_is_off_unless_asked_for(clock, fire, only):
    fire()

    assert only().declared_at is None


def test_what_nothing_claims_lands_in_the_catch_all(clock, fire, router):
    alert = fire(at=router, service="unknown-thing")

    assert alert.service == Service.objects.catch_all() and alert.incident is not None


# Clearing -----------------------------------------------------------------------------------------


def test_what_cleared_before_anybody_looked_is_dismissed(clock, fire, clear, only):
    fire()
    fire("latency")
    clear("errors")
    assert only().status == Status.TRIAGE

    clear("latency")

    assert only().status == Status.DISMISSED
    assert "Cleared by itself" in only().timeline.get(kind=EventKind.DISMISSED).text


def test_what_somebody_acknowledged_is_marked_clear_and_stays(clock, fire, clear, only, by_alice):
    fire()
    lifecycle.acknowledge(only().pk, actor=by_alice)
    clear()

    assert only().status == Status.TRIAGE and only().signals_clear_at == NOON


def test_a_new_firing_takes_the_all_clear_back(clock, fire, clear, only, by_alice):
    fire()
    lifecycle.acknowledge(only().pk, actor=by_alice)
    clear()
    fire("latency")

    assert only().signals_clear_at is None


def test_what_a_person_opened_is_never_dismissed_by_a_signal(clock, fire, clear, shop, by_alice):
    incident = lifecycle.open_incident(title="It hangs", actor=by_alice, service_ids=[shop.pk])
    assert fire().incident == incident
    clear()

    incident.refresh_from_db()
    assert incident.status == Status.TRIAGE and incident.signals_clear_at


def test_a_body_with_both_places_the_firing_first(clock, fire, source, only):
    fire("a")
    alerts.ingest(source, [Signal(action="resolve", key="a"), Signal(action="trigger", key="z", summary="Z")])

    assert only().status == Status.TRIAGE and only().alerts.count() == 2


def test_acknowledging_at_the_source_acknowledges_here(clock, fire, source, only):
    fire()
    for _ in range(2):
        alerts.ingest(source, [Signal(action="acknowledge", key="errors")])

    assert only().acknowledged_at == NOON and only().acknowledged_by is None
    assert kinds(only()).count(EventKind.ACKNOWLEDGED) == 1
    assert Alert.objects.get().status == "acknowledged"


def test_an_alert_that_still_fires_long_after_resolving_is_news(clock, fire, only, by_alice):
    first = fire().incident
    lifecycle.resolve(first.pk, actor=by_alice)
    clock.shift(MINUTE)
    assert fire().incident == first

    clock.shift(10 * MINUTE)

    assert fire().incident != first


# Storms, flapping, silences -----------------------------------------------------------------------


def storm(source, count, start=0):
    alerts.ingest(
        source,
        [
            Signal(action="trigger", key=f"host{n}", summary=f"Host {n} is down")
            for n in range(start, start + count)
        ],
    )


def test_a_storm_is_one_incident_and_few_lines(clock, source, only):
    storm(source, 60)
    storm(source, 60, start=60)

    incident, bundle = only(), Bundle.objects.get()
    assert incident.title == "Alert storm from Prometheus"
    assert incident.alerts.count() == bundle.count == 120
    texts = list(incident.timeline.filter(kind=EventKind.ALERT_JOINED).values_list("text", flat=True))
    assert [text.split(",")[0] for text in texts] == [
        "Storm: 20 alerts so far",
        "Storm: 50 alerts so far",
        "Storm: 100 alerts so far",
    ]


def test_a_storm_over_many_services_folds_too(clock, router, team, same_people):
    for n in range(25):
        Service.objects.create(slug=f"s{n}", name=f"S{n}", team=team)
    alerts.ingest(
        router, [Signal(action="trigger", key=f"k{n}", summary="Down", service=f"s{n}") for n in range(25)]
    )

    assert Incident.objects.count() == 1 and Bundle.objects.get().count == 25


def test_other_peoples_services_are_not_folded_away(clock, router, team, other_people):
    for n in range(25):
        Service.objects.create(slug=f"s{n}", name=f"S{n}", team=team)
    alerts.ingest(
        router,
        [Signal(action="trigger", key=f"k{n}", summary="Down", service=f"s{n % 2}") for n in range(25)],
    )

    assert Incident.objects.count() == 2


def test_nineteen_alerts_are_no_storm(clock, source, only):
    storm(source, grouping.STORM_SIZE - 1)

    assert not Bundle.objects.exists() and only().title == "Host 0 is down"


def test_a_flapping_alert_is_held_open_until_it_is_quiet(clock, fire, clear, by_alice):
    fire()
    clear()
    fire()
    clock.shift(MINUTE)
    clear()
    alert = Alert.objects.latest("pk")
    assert alert.is_flapping and alert.status == "firing"
    assert alert.incident.status == Status.TRIAGE

    clock.shift(timedelta(minutes=14))
    assert alerts.release_held() == 0
    clock.shift(2 * MINUTE)
    assert alerts.release_held() == 1

    alert.refresh_from_db()
    assert alert.status == "resolved" and alert.incident.status == Status.DISMISSED


def test_a_firing_while_held_starts_the_quiet_anew(clock, fire, clear):
    for _ in range(2):
        fire()
        clear()
    clock.shift(10 * MINUTE)
    alert = fire()
    assert alert.held_until is None and alert.count == 2

    clock.shift(10 * MINUTE)

    assert alerts.release_held() == 0 and Alert.objects.open().count() == 1


def test_slow_changes_are_no_flapping(clock, fire, clear):
    for _ in range(4):
        fire()
        clear()
        clock.shift(20 * MINUTE)

    assert not Alert.objects.filter(is_flapping=True).exists()


def test_a_silenced_alert_is_kept_and_opens_nothing(clock, fire, by_alice, house):
    silences.silence(
        actor=by_alice, matchers=parse("service=shop"), until=NOON + 30 * MINUTE, reason="Moving"
    )
    alert = fire()

    assert alert.silence is not None and alert.incident is None
    assert not Incident.objects.exists()


def test_a_silence_that_does_not_match_silences_nothing(clock, fire, by_alice, house):
    silences.silence(actor=by_alice, matchers=parse("service=billing"), until=NOON + MINUTE, reason="Moving")

    assert fire().incident is not None


@pytest.mark.parametrize("how", ["by time", "by hand", "by repeat"])
def test_what_still_fires_after_a_silence_opens_its_incident(clock, fire, by_alice, house, how):
    row = silences.silence(
        actor=by_alice, matchers=parse("service=shop"), until=NOON + 30 * MINUTE, reason="M"
    )
    fire()
    assert placing.release_silenced() == 0

    if how == "by hand":
        silences.end(row.pk, actor=by_alice)
    else:
        clock.shift(31 * MINUTE)
    if how == "by repeat":
        fire()
    else:
        assert placing.release_silenced() == 1

    assert Incident.objects.count() == 1
    assert placing.release_silenced() == 0


# Neighbours ---------------------------------------------------------------------------------------


def test_alerts_follow_a_merge(clock, fire, router, billing, by_alice, drain):
    first = fire().incident
    second = fire("b", at=router, service="billing").incident
    merging.merge(second.pk, actor=by_alice, into=first.pk)
    drain()

    assert first.alerts.count() == 2


def test_a_change_is_kept_for_the_service(clock, source, shop):
    alerts.record_change(source, Change(summary="Deploy 7", version="v7", author="ci"))

    deploy = shop.deploys.get()
    assert (deploy.version, deploy.at, deploy.author, deploy.source) == ("v7", NOON, "ci", "Prometheus")


def test_nothing_is_stored_when_a_later_signal_cannot_be(clock, source, house):
    bad = Signal(action="trigger", key="z", summary="Z", service_id=999_999)
    with pytest.raises(Service.DoesNotExist):
        alerts.ingest(source, [Signal(action="trigger", key="a", summary="A"), bad])

    assert not Alert.objects.exists() and not Incident.objects.exists()


def test_without_any_service_the_source_is_told_to_come_back(db):
    lonely = sources.create(actor=system(), name="First", kind="generic")[0]

    with pytest.raises(Exception, match="no service yet") as refused:
        alerts.ingest(lonely, [Signal(action="trigger", key="a", summary="A")])

    assert refused.value.status == 503
