"""Rows of the catalog that cannot be false."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from catalog.hours import check_windows
from catalog.models import Mitigation, Service, Team


def test_there_is_at_most_one_catch_all(team):
    Service.objects.create(slug="a", name="A", team=team, is_catch_all=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        Service.objects.create(slug="b", name="B", team=team, is_catch_all=True)

    assert Service.objects.catch_all().slug == "a"


def test_a_general_mitigation_exists_once_and_a_service_may_have_its_own(checkout):
    Mitigation.objects.create(slug="rollback", name="Roll back")
    Mitigation.objects.create(slug="rollback", name="Roll back checkout", service=checkout)

    with pytest.raises(IntegrityError), transaction.atomic():
        Mitigation.objects.create(slug="rollback", name="Roll back again")
    with pytest.raises(IntegrityError), transaction.atomic():
        Mitigation.objects.create(slug="rollback", name="Roll back again", service=checkout)


@pytest.mark.parametrize(
    "windows",
    [
        "Mon 09:00",
        [[0, "09:00"]],
        [[7, "09:00", "17:00"]],
        [[True, "09:00", "17:00"]],
        [[0, "9:00", "17:00"]],
        [[0, "17:00", "09:00"]],
        [[0, "09:00", "12:00"], [0, "11:00", "17:00"]],
    ],
)
def test_office_hours_out_of_shape_are_refused(windows):
    with pytest.raises(ValidationError):
        check_windows(windows)


def test_office_hours_may_last_until_midnight_and_have_a_break():
    check_windows([[0, "09:00", "12:00"], [0, "13:00", "00:00"]])


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("time_zone", {"time_zone": "Copenhagen"}),
        ("holidays_country", {"holidays_country": "XX"}),
        ("holidays_subdivision", {"holidays_country": "DE", "holidays_subdivision": "ZZ"}),
        ("holidays_subdivision", {"holidays_subdivision": "BY"}),
        ("sprint_days", {"sprint_days": 0}),
    ],
)
def test_a_team_that_cannot_exist_is_refused_with_the_field(db, field, values):
    with pytest.raises(ValidationError) as refused:
        Team(slug="t", name="T", **values).full_clean()

    assert field in refused.value.message_dict


def test_a_team_keeps_its_hours_in_its_zone_and_its_holidays(team):
    team.holidays_country = "DK"

    hours = team.business_hours

    assert hours.is_open(datetime(2026, 11, 23, 8, 30, tzinfo=UTC))  # 09:30 in Copenhagen
    assert not hours.is_open(datetime(2026, 11, 23, 16, 30, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 12, 25, 9, 30, tzinfo=UTC))
    assert team.local(datetime(2026, 11, 23, 23, 30, tzinfo=UTC)).date() == date(2026, 11, 24)


def test_managers_are_those_of_the_team_who_can_still_sign_in(team, mona, alice, bob):
    for user, is_manager in ((mona, True), (alice, False), (bob, True)):
        team.memberships.create(user=user, is_manager=is_manager)
    bob.is_active = False
    bob.save()

    assert team.managers() == [mona]


def test_a_service_may_not_take_the_name_of_a_page(team):
    with pytest.raises(ValidationError) as refused:
        Service(slug="teams", name="Teams", team=team).full_clean()

    assert "slug" in refused.value.message_dict
