"""What changed before the pain began."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog import deploys
from catalog.models import Deploy
from lib.refusal import Invalid, Missing

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_the_nearest_change_comes_first_with_its_minutes(checkout, payments, database):
    deploys.record(checkout.pk, version="v1", at=NOON - timedelta(hours=3))
    deploys.record(payments.pk, version="flag", at=NOON - timedelta(minutes=7, seconds=40), kind="config")
    deploys.record(database.pk, version="far away", at=NOON - timedelta(minutes=1))

    found = deploys.recent(checkout, NOON)

    assert [(one.deploy.version, one.minutes_before, one.service) for one in found] == [
        ("flag", 7, payments),
        ("v1", 180, checkout),
    ]


def test_what_came_later_or_long_before_is_left_out(checkout):
    deploys.record(checkout.pk, version="later", at=NOON + timedelta(seconds=1))
    deploys.record(checkout.pk, version="old", at=NOON - timedelta(hours=24, seconds=1))
    deploys.record(checkout.pk, version="just", at=NOON - timedelta(hours=24))

    assert [one.deploy.version for one in deploys.recent(checkout, NOON)] == ["just"]
    assert len(deploys.recent(checkout, NOON, hours=48)) == 2


def test_telling_twice_changes_nothing(checkout):
    first = deploys.record(checkout.pk, version="v1", at=NOON, author="ci")
    again = deploys.record(checkout.pk, version="v1", at=NOON, author="somebody else")

    assert again == first
    assert Deploy.objects.get().author == "ci"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"version": " "}, "version"),
        ({"version": "v\x00"}, "version"),
        ({"version": "v", "kind": "party"}, "kind"),
        ({"version": "v", "at": datetime(2026, 1, 1)}, "at"),
    ],
)
def test_a_change_out_of_shape_is_refused(checkout, values, field):
    with pytest.raises(Invalid) as refused:
        deploys.record(checkout.pk, **{"at": NOON, **values})

    assert refused.value.field == field
    assert not Deploy.objects.exists()


def test_a_change_of_an_unknown_service_is_refused(db):
    with pytest.raises(Missing):
        deploys.record(999, version="v1", at=NOON)
