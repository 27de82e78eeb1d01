"""Figures by month: always what a recomputation gives, and never further from the truth than they say."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actors import person
from incidents import lifecycle, people, retention, scope
from incidents.models import Incident
from lib.refusal import Refused
from metrics import board, figures, five, histogram, proving, rolled, rollups, trends
from metrics.histogram import Lengths, Tally
from metrics.measures import Basis, Measure, Span, State
from metrics.models import Contribution, Rollup, RollupState
from metrics.periods import Per
from metrics.selection import Selection

LENGTHS = st.lists(st.floats(0, 3e7, allow_nan=False), min_size=1, max_size=60)


def spans(seconds):
    return [Span(State.MEASURED, timedelta(seconds=one)) for one in seconds]


@given(LENGTHS)
def test_no_quantile_is_further_off_than_it_says(seconds):
    exact = sorted(span.length.total_seconds() for span in spans(seconds))
    drawn = Lengths(histogram.of(spans(seconds)))

    assert len(drawn) == len(exact)
    assert drawn.total == pytest.approx(sum(exact), abs=1e-5 * len(exact))
    for share in (0, 0.1, 0.5, 0.9, 1):
        truth = figures.percentile(exact, share)
        allowed = histogram.ERROR * truth * 1.000001 + histogram.SHORTEST
        assert figures.percentile(drawn, share) == pytest.approx(truth, abs=allowed)


@given(LENGTHS, LENGTHS)
def test_what_was_put_in_can_be_taken_out_again(first, second):
    tally = histogram.of(spans(first))
    before = Tally.from_json(tally.as_json())
    for span in (*spans(second), Span(State.OPEN)):
        tally.add(span)
    tally.merge(histogram.of([*spans(second), Span(State.OPEN)]), -1)

    assert tally == before


def test_places_of_a_tally_are_those_of_a_list():
    drawn = Lengths(histogram.of(spans([5, 1, 1])))

    assert list(drawn) == sorted(drawn) and len(drawn[0:2]) == 2 and drawn[-1] == drawn[2]
    with pytest.raises(IndexError):
        drawn[3]


@pytest.fixture
def few(monkeypatch):
    """Two incidents are many here."""
    monkeypatch.setattr(rollups, "FROM", 2)


@pytest.fixture
def settle(drain):
    """Everything that is owed is done."""

    def rest():
        drain()
        while rollups.sweep():
            pass

    return rest


ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["open", "acknowledge", "mitigate", "resolve", "reopen", "severity", "scope", "private", "public",
             "dismiss", "merge", "began", "purge", "work", "again", "fill", "days"]
        ),
        st.integers(0, 3),
    ),
    max_size=25,
)  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
def test_after_any_verbs_in_any_order_they_are_what_a_recomputation_gives(
    acts, ranks, checkout, search, root, drain, settle
):
    house = House(ranks, (checkout, search), person(root), drain)
    with time_machine.travel(datetime(2024, 1, 22, 12, tzinfo=UTC), tick=False) as clock:
        for act, which in acts:
            house.act(act, which, clock)
        settle()

        assert list(proving.differences()) == []


class House:
    """Says verbs to its incidents; those that are refused change nothing."""

    def __init__(self, ranks, services, who, drain):
        self.ranks, self.services, self.who, self.drain = ranks, services, who, drain
        self.rows = []

    def act(self, act, which, clock):
        clock.shift(timedelta(minutes=7))
        with contextlib.suppress(Refused, Incident.DoesNotExist):
            getattr(self, act, self.say(act))(which, clock)

    def say(self, verb):
        def said(which, clock):
            if self.rows:
                getattr(lifecycle, verb)(self.rows[which % len(self.rows)], actor=self.who)

        return said

    def _one(self, which):
        if not self.rows:
            raise Incident.DoesNotExist
        return self.rows[which % len(self.rows)]

    def open(self, which, clock):
        service, rank = self.services[which % 2], which % 4 + 1
        row = lifecycle.open_incident(
            title="x", actor=self.who, service_ids=[service.pk], severity=self.ranks[rank]
        )
        self.rows.append(row.pk)

    def reopen(self, which, clock):
        lifecycle.reopen(self._one(which), actor=self.who, reason="again")

    def severity(self, which, clock):
        lifecycle.set_severity(
            self._one(which + 1), actor=self.who, severity=self.ranks[which + 1], reason="worse"
        )

    def scope(self, which, clock):
        wanted = [one.pk for one in self.services[: which % 2 + 1]]
        scope.set_scope(self._one(which), actor=self.who, service_ids=wanted)

    def private(self, which, clock):
        people.make_private(self._one(which), actor=self.who, reason="theirs")

    def public(self, which, clock):
        people.make_public(self._one(which), actor=self.who, reason="ours")

    def dismiss(self, which, clock):
        lifecycle.dismiss(self._one(which), actor=self.who, reason="nothing")

    def merge(self, which, clock):
        lifecycle.merge(self._one(which), actor=self.who, into=self._one(which + 1))

    def began(self, which, clock):
        at = now() - timedelta(days=40 * which, hours=1)
        scope.change_details(self._one(which), actor=self.who, started_at=at, reason="logs")

    def purge(self, which, clock):
        retention.purge(Incident.objects.get(pk=self._one(which)), actor=self.who)

    def work(self, which, clock):
        self.drain()

    def again(self, which, clock):
        rollups.follow(self._one(which))

    def fill(self, which, clock):
        rollups.fill(size=which + 1)

    def days(self, which, clock):
        clock.shift(timedelta(days=11 * which))


@pytest.fixture
def told(outage, checkout, search, drain, settle):
    """Incidents over three months, some without a start, some open, one private."""
    for day in range(0, 90, 6):
        started = "13:50" if day % 4 else None
        end = {"resolved": None, "mitigated": None} if day % 5 == 0 else {"mitigated": f"14:{10 + day % 40}"}
        which = (checkout,) if day % 3 else (checkout, search)
        outage(day=day, started=started, rank=day % 4 + 1, services=which, is_private=day == 48, **end)
    settle()


def at(*day):
    return datetime(2024, *day, tzinfo=UTC)


def selections_of(checkout):
    return [
        Selection(),
        Selection(basis=Basis.DETECTED),
        Selection(since=at(2, 1), until=at(4, 1)),
        Selection(since=at(2, 3), until=at(3, 15, 12)),
        Selection(since=at(2, 3), until=at(2, 20)),
        Selection(severities=frozenset({1, 2})),
        Selection(service=checkout, since=at(1, 30)),
        Selection(source="monitoring_alert", until=at(3, 9)),
    ]


@pytest.mark.django_db
def test_many_incidents_give_the_same_figures_within_a_hundredth(told, checkout, monkeypatch):
    for selection in selections_of(checkout):
        exact = five.summarise(selection)
        with monkeypatch.context() as many:
            many.setattr(rollups, "FROM", 2)
            drawn = five.summarise(selection)

        for which in Measure:
            one, other = exact[which], drawn[which]
            assert (one.count, one.missing, one.open, one.invalid) == (
                other.count, other.missing, other.open, other.invalid
            ), (which, selection)  # fmt: skip
            assert one.within == 0
            for name in ("mean", "median", "p90"):
                truth, said = getattr(one, name), getattr(other, name)
                allowed = timedelta() if name == "mean" else timedelta(milliseconds=1)
                assert said == truth or abs(said - truth) <= truth * histogram.ERROR + allowed
        assert {one.within for one in drawn.values()} >= {histogram.ERROR}


@pytest.mark.django_db
@pytest.mark.parametrize("per", [Per.MONTH, Per.QUARTER])
@pytest.mark.parametrize("which", list(Measure))
def test_trends_of_many_incidents_have_the_same_periods_and_counts(told, which, per, monkeypatch):
    selection = Selection(since=at(1, 25), until=at(4, 12))
    exact = trends.trend(which, per, selection)
    monkeypatch.setattr(rollups, "FROM", 2)
    drawn = trends.trend(which, per, selection)

    assert which in rolled.answers(selection)
    assert [(one.first, one.figure.count, one.figure.open) for one in exact] == [
        (one.first, one.figure.count, one.figure.open) for one in drawn
    ]


@pytest.mark.django_db
def test_few_incidents_a_team_and_weeks_are_exact(told, team, few, monkeypatch):
    assert not rolled.answers(Selection(team=team))
    assert Measure.MTBF not in rolled.answers(Selection(severities=frozenset({1})))
    monkeypatch.setattr(rollups, "FROM", 50_000)
    assert not rolled.answers(Selection())


@pytest.mark.django_db
def test_a_failure_that_moved_is_not_answered_from_old_gaps(told, few, outage, drain):
    outage(day=91)
    drain()

    assert Measure.MTBF not in rolled.answers(Selection())
    rollups.sweep()
    assert Measure.MTBF in rolled.answers(Selection())


@pytest.mark.django_db
def test_another_zone_counts_the_months_anew(told, few, settings):
    settings.TIME_ZONE = "Pacific/Auckland"
    assert not rolled.answers(Selection())
    while rollups.sweep():
        pass

    assert rolled.answers(Selection()) == set(Measure)
    assert list(proving.differences()) == []


@pytest.mark.django_db
def test_the_filling_leaves_to_the_news_whom_it_has_met_and_the_other_way_round(outage, drain):
    first, second = outage(day=0), outage(day=1)
    rollups.fill(size=1)
    drain()

    assert list(Contribution.objects.values_list("pk", flat=True)) == [first.pk]
    assert (rollups.fill(size=5), RollupState.objects.get().is_complete) == (1, True)
    assert Contribution.objects.filter(pk=second.pk).exists()


@pytest.mark.django_db
def test_the_command_counts_anew_and_finds_what_is_wrong(told, capsys):
    call_command("rollups", "--check")
    Rollup.objects.filter(service_id=0).first().delete()
    with pytest.raises(CommandError, match="1 differences"):
        call_command("rollups", "--check")
    call_command("rollups")
    call_command("rollups", "--check")

    assert "Counted 15 incidents anew." in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize("which", [Measure.MTTM, Measure.MTBF])
def test_the_page_draws_the_same_year_from_rollups(told, which, monkeypatch):
    asked = Selection(since=at(3, 1), until=at(4, 12))
    with time_machine.travel(at(4, 12), tick=False):
        exact = board.read(asked, trend_of=which)
        monkeypatch.setattr(rollups, "FROM", 2)
        drawn = board.read(asked, trend_of=which)

    assert (drawn.total, drawn.running) == (exact.total, exact.running)
    assert [card.figure for card in drawn.cards] == [card.figure for card in exact.cards]
    # The same months are known; lengths may differ by a hundredth.
    assert (drawn.is_rolled, exact.is_rolled) == (True, False)
    known = [[(row[0], row[1] == "–") for row in one.trend.rows] for one in (drawn, exact)]
    assert known[0] == known[1]


@pytest.mark.django_db
def test_news_that_changes_no_figure_writes_nothing(told, django_assert_num_queries):
    pk = Contribution.objects.first().pk
    before = list(Rollup.objects.order_by("pk").values_list("pk", "count"))
    # A savepoint and its end, the lock in two, what was put in, and three to read the incident.
    with django_assert_num_queries(8):
        rollups.follow(pk)

    assert list(Rollup.objects.order_by("pk").values_list("pk", "count")) == before
