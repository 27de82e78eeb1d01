"""Marks on the charts: who sets and removes them, where they show, and what they may not name."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import actors, tokens
from catalog.models import Team
from lib.refusal import Forbidden, Invalid, Missing, Refused
from metrics import annotating, selection
from metrics.models import Annotation
from metrics.periods import Per

DAY = date(2024, 1, 22)


@pytest.fixture(autouse=True)
def _in_february(db):
    with time_machine.travel(datetime(2024, 2, 14, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def mark(alice, checkout):
    def set_by(user=alice, **given) -> Annotation:
        words = {"day": DAY, "label": "One-command rollback"} | given
        return annotating.mark(actor=actors.person(user), **words)

    return set_by


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"label": " \n "}, "label"),
        ({"label": "x" * 81}, "label"),
        ({"label": "after INC-7"}, "label"),
        ({"label": "after inc 7"}, "label"),
        ({"label": "a\x00b"}, "label"),
        ({"day": date(2024, 2, 15)}, "day"),
        ({"day": date(1, 1, 1)}, "day"),
        ({"service": "nowhere"}, "service"),
        ({"team": "nobody"}, "team"),
        ({"service": "checkout", "team": "shop"}, "team"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_kept(mark, given, field):
    with pytest.raises(Invalid) as refused:
        mark(**given)
    assert refused.value.field == field
    assert not Annotation.objects.exists()


def test_a_viewer_sets_none_and_there_is_a_bound(mark, vera, monkeypatch):
    with pytest.raises(Forbidden):
        mark(vera)
    monkeypatch.setattr(annotating, "MOST", 1)
    mark()
    with pytest.raises(Refused, match="thousand"):
        mark()


def test_who_set_it_removes_it_or_a_manager(mark, alice, bob, mona):
    mine, other = mark(), mark()
    with pytest.raises(Forbidden, match="manager"):
        annotating.unmark(mine.pk, actor=actors.person(bob))
    annotating.unmark(mine.pk, actor=actors.person(alice))
    annotating.unmark(other.pk, actor=actors.person(mona))
    with pytest.raises(Missing):
        annotating.unmark(mine.pk, actor=actors.person(mona))
    assert not Annotation.objects.exists()


def test_a_selection_shows_its_own_and_what_is_about_everything(mark, checkout, search, team):
    other = Team.objects.create(slug="other", name="Other")
    mark(label="all")
    mark(label="checkout", service="checkout")
    mark(label="search", service="search")
    mark(label="shop", team="shop")
    mark(label="other", team="other")
    mark(label="before", day=date(2023, 12, 31))

    def shown(**asked) -> list[str]:
        chosen = selection.from_query({"since": "2024-01-01", **asked})
        return [row.label for row in annotating.during(chosen)]

    assert shown() == ["all", "checkout", "search", "shop", "other"]
    assert shown(service="checkout") == ["all", "checkout", "shop"]
    assert shown(team="shop") == ["all", "checkout", "search", "shop"]
    assert shown(team=other.slug) == ["all", "other"]
    assert shown(until="2024-01-22") == ["all", "checkout", "search", "shop", "other"]
    assert shown(until="2024-01-21") == []


def test_marks_fall_into_their_periods(mark):
    rows = [mark(day=day) for day in (date(2024, 1, 21), date(2024, 1, 22), date(2024, 2, 1))]
    assert {
        first.isoformat(): len(found) for first, found in annotating.by_period(rows, Per.WEEK).items()
    } == {
        "2024-01-15": 1,
        "2024-01-22": 1,
        "2024-01-29": 1,
    }
    assert set(annotating.by_period(rows, Per.QUARTER)) == {date(2024, 1, 1)}


def test_charts_tables_and_legend_show_a_mark(client, bob, mark, outage):
    outage()
    mark(service="checkout")
    client.force_login(bob)
    for name, args in (("metrics:index", ()), ("metrics:detail", ("mttm",))):
        html = client.get(reverse(name, args=args)).content.decode()
        assert 'class="dash"' in html
        assert '<th scope="col" class="r">What changed</th>' in html
        assert "1 · " in html and "One-command rollback (Checkout)" in html


def test_the_page_marks_and_removes_without_script(client, alice, bob, checkout):
    client.force_login(alice)
    page = reverse("metrics:marks")
    said = {"day": "2024-01-22", "label": "Canary <b>deploys</b>", "service": "checkout", "team": ""}
    assert client.post(page, said).status_code == 302
    html = client.get(page).content.decode()
    assert "Canary &lt;b&gt;deploys&lt;/b&gt;" in html and "Checkout" in html

    row = Annotation.objects.get()
    refused = client.post(page, {**said, "label": "see INC-3"})
    assert refused.status_code == 422 and "say what changed instead" in refused.content.decode()
    client.force_login(bob)
    remove = reverse("metrics:unmark", args=[row.pk])
    assert remove not in client.get(page).content.decode()
    assert "or a manager" in client.post(remove, follow=True).content.decode()
    client.force_login(alice)
    assert "no longer" in client.post(remove, follow=True).content.decode()
    assert not Annotation.objects.exists()


def test_the_api_marks_lists_tells_with_the_trend_and_removes(alice, vera, outage):
    outage()

    def api(user, scope) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(user, name='t', scope=scope)[1]}")
        return client

    writer, reader = api(alice, "write"), api(vera, "read")
    address = "/api/v1/metrics/annotations/"
    body = {"day": "2024-01-22", "label": "Rollback", "service": "checkout"}
    made = writer.post(address, body, format="json")
    assert made.status_code == 201 and made.json()["service"] == "checkout" and made.json()["team"] is None
    assert made.json()["by"] == alice.email
    assert reader.post(address, body, format="json").status_code == 403
    wrong = writer.post(address, {**body, "service": "no"}, format="json")
    assert wrong.status_code == 400 and "There is no service" in wrong.content.decode()
    assert [row["label"] for row in reader.get(address).json()["results"]] == ["Rollback"]
    trend = reader.get("/api/v1/metrics/trend/?since=2024-01-01").json()["results"]
    assert [point["annotations"] for point in trend] == [["Rollback (Checkout)"], []]

    one = f"{address}{made.json()['id']}/"
    assert reader.delete(one).status_code == 403
    assert writer.delete(one).status_code == 204
    assert writer.get(one).status_code == 404
