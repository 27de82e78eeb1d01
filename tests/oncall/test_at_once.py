"""Several sweeps in the same moment, on PostgreSQL: each due step once, one bundle, one ring."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from notifications.models import Delivery
from oncall import paging
from oncall.models import Page, PageRun
from oncall.storm_models import Bundle
from tests.incidents.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def postgresql(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes one at a time")


def test_three_sweeps_climb_each_step_once(checkout, bob, drain, opened_now):
    rows = [opened_now(f"Trouble {number}") for number in range(30)]
    drain()
    PageRun.objects.update(next_at=now() - timedelta(seconds=1))
    got = at_once(paging.sweep, paging.sweep, paging.sweep)
    left = 0
    while climbed := paging.sweep():
        left += climbed

    assert [one for one in got if not isinstance(one, int)] == []
    assert sum(got) + left == len(rows) == Page.objects.filter(user=bob).count()
    assert set(PageRun.objects.values_list("position", flat=True)) == {2}
    mine = Delivery.objects.filter(word="page", recipient=bob)
    bundle = Bundle.objects.get(user=bob)
    # Each sweep that came in the same moment may let five ring before it sees the others' pages.
    alone = mine.exclude(run_key=None).count()
    assert 5 <= alone <= 15
    assert alone + bundle.size == len(rows)
    assert mine.filter(bundle_key=bundle.pk).count() == 1
