from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts.actors import person
from lib.refusal import Forbidden, Invalid, Refused
from notifications.models import Delivery
from oncall import rota, schedules, swaps
from oncall.models import Layer, LayerMember, Override, Schedule, Swap
from tests.oncall.conftest import NOON, schedule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def weekly(clock, alice, bob):
    """Alice has this week (Monday 09:00 UTC), Bob the next."""
    row = schedule("Weekly", alice, bob)
    Layer.objects.filter(schedule=row).update(first_day=NOON.date())
    return row


NEXT = NOON + 7 * DAY


def propose(row, by, to, given=(NOON + DAY, NOON + 2 * DAY), back=None):
    return swaps.propose(row.pk, actor=person(by), other_id=to.pk, given=given, back=back, note="A wedding")


def holder(row, at):
    return schedules.who(row, at).user


def told():
    return list(Delivery.objects.order_by("pk").values_list("recipient__name", "subject"))


def test_a_swap_changes_nothing_until_the_other_accepts_and_then_both_stand_in(weekly, alice, bob):
    offer = propose(weekly, alice, bob, back=(NEXT + DAY, NEXT + 2 * DAY))
    assert holder(weekly, NOON + 1.5 * DAY) == alice.pk
    assert not Override.objects.exists()

    swaps.accept(offer.pk, actor=person(bob))
    assert holder(weekly, NOON + 1.5 * DAY) == bob.pk
    assert holder(weekly, NEXT + 1.5 * DAY) == alice.pk
    assert holder(weekly, NOON + 2 * DAY) == alice.pk
    assert told() == [("Bob", "Alice offers you a shift"), ("Alice", "Bob takes your shift")]


def test_a_shift_is_given_without_one_in_return(weekly, alice, bob):
    swaps.accept(propose(weekly, alice, bob).pk, actor=person(bob))
    taken = [one for one in rota.shifts(schedules.load(weekly), NOON, NOON + 3 * DAY) if one.override]
    assert [(one.user, one.start, one.end) for one in taken] == [(bob.pk, NOON + DAY, NOON + 2 * DAY)]


def test_what_is_not_held_cannot_be_offered(weekly, alice, bob):
    with pytest.raises(Invalid, match="Bob is not on call"):
        propose(weekly, bob, alice)
    with pytest.raises(Invalid, match="Bob is not on call"):
        propose(weekly, alice, bob, back=(NOON + 5 * DAY, NEXT))
    with pytest.raises(Invalid, match="over already"):
        propose(weekly, alice, bob, given=(NOON - DAY, NOON))
    with pytest.raises(Invalid, match="colleague"):
        propose(weekly, alice, alice)


def test_the_same_shift_is_offered_once_at_a_time(weekly, alice, bob, carol):
    offer = propose(weekly, alice, bob)
    with pytest.raises(Refused, match="already"):
        propose(weekly, alice, carol)
    swaps.withdraw(offer.pk, actor=person(alice))
    propose(weekly, alice, carol)
    assert told()[1] == ("Bob", "Alice has withdrawn the offer")


def test_only_the_other_answers_and_only_once(weekly, alice, bob, carol):
    offer = propose(weekly, alice, bob)
    for wrong in (alice, carol):
        with pytest.raises(Forbidden):
            swaps.accept(offer.pk, actor=person(wrong))
    swaps.decline(offer.pk, actor=person(bob))
    with pytest.raises(Refused, match="declined"):
        swaps.accept(offer.pk, actor=person(bob))
    assert holder(weekly, NOON + 1.5 * DAY) == alice.pk
    assert told()[-1] == ("Alice", "Bob cannot take your shift")


def test_an_offer_is_void_once_somebody_else_holds_part_of_the_shift(weekly, alice, bob, carol, mona):
    offer = propose(weekly, alice, bob)
    schedules.stand_in(
        weekly.pk, actor=person(mona), user_id=carol.pk, start=NOON + DAY, end=NOON + DAY + timedelta(hours=1)
    )
    with pytest.raises(Refused, match="no longer holds"):
        swaps.accept(offer.pk, actor=person(bob))
    assert Swap.objects.get().status == "proposed"


def test_an_offer_ends_when_its_shift_begins_and_who_made_it_hears_so(weekly, clock, alice, bob):
    offer = propose(weekly, alice, bob)
    assert offer.expires_at == NOON + DAY
    clock.move_to(NOON + DAY)
    with pytest.raises(Refused, match="expired"):
        swaps.accept(offer.pk, actor=person(bob))
    assert (swaps.sweep(), swaps.sweep()) == (1, 0)
    assert Swap.objects.get().status == "expired"
    assert told()[-1] == ("Alice", "Nobody took your shift: it is still yours")


def test_a_shift_that_runs_is_swapped_from_now_on(weekly, clock, alice, bob):
    offer = propose(weekly, alice, bob, given=(NOON - timedelta(hours=2), NOON + timedelta(hours=6)))
    clock.shift(timedelta(minutes=30))
    swaps.accept(offer.pk, actor=person(bob))
    [row] = Override.objects.all()
    assert (row.start, row.user) == (now(), bob)


def test_an_emptied_rotation_refuses_the_swap(weekly, alice, bob):
    offer = propose(weekly, alice, bob)
    LayerMember.objects.filter(user=alice).delete()
    with pytest.raises(Refused):
        swaps.accept(offer.pk, actor=person(bob))
    assert Schedule.objects.count() == 1
