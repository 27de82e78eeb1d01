"""Changing the catalog."""

import pytest

from accounts import actors
from accounts.models import AuditEntry
from catalog import graph, writing
from catalog.models import Service, Team
from lib.refusal import Forbidden, Invalid, Missing


def test_a_circle_of_dependencies_is_refused_and_changes_nothing(checkout, payments, database, root):
    with pytest.raises(Invalid) as refused:
        writing.save_service(database.pk, actor=actors.person(root), name="Renamed", depends_on=[checkout])

    assert (refused.value.code, refused.value.field) == ("dependency_circle", "depends_on")
    database.refresh_from_db()
    assert (database.name, database.depends_on.count()) == ("Orders DB", 0)


def test_a_service_does_not_depend_on_itself(checkout, root):
    with pytest.raises(Invalid):
        writing.save_service(checkout.pk, actor=actors.person(root), depends_on=[checkout])


def test_everything_that_stands_on_a_service_is_known(checkout, payments, database):
    assert set(graph.dependents(database)) == {payments, checkout}


@pytest.mark.parametrize("who", ["vera", "alice", "mona"])
def test_only_admins_change_the_catalog(team, request, who):
    actor = actors.person(request.getfixturevalue(who))
    for say in (
        lambda: writing.save_service(None, actor=actor, slug="new-one", name="New", team=team),
        lambda: writing.save_team(team.pk, actor=actor, name="Renamed"),
        lambda: writing.save_mitigation(None, actor=actor, slug="drain", name="Drain"),
    ):
        with pytest.raises(Forbidden):
            say()

    assert not Service.objects.exists()


def test_a_manager_says_who_is_in_the_own_team_and_nothing_else_of_it(team, mona, alice):
    actor = actors.person(mona)
    with pytest.raises(Forbidden):
        writing.save_team(team.pk, actor=actor, people=[alice])

    team.memberships.create(user=mona, is_manager=True)
    writing.save_team(team.pk, actor=actor, people=[alice, mona])

    assert set(team.memberships.values_list("user__name", "is_manager")) == {("Alice", False), ("Mona", True)}
    with pytest.raises(Forbidden):
        writing.save_team(team.pk, actor=actor, people=[mona], name="Ours")
    assert team.memberships.count() == 2


def test_a_seat_as_manager_gives_a_responder_no_rights(team, alice, bob):
    team.memberships.create(user=alice, is_manager=True)

    with pytest.raises(Forbidden):
        writing.save_team(team.pk, actor=actors.person(alice), people=[bob])


def test_a_change_is_kept_with_before_and_after(checkout, root):
    writing.save_service(checkout.pk, actor=actors.person(root), name="Till", tier=2)

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action) == (root, "catalog.service.changed")
    assert (entry.before, entry.after) == ({"name": "Checkout", "tier": 1}, {"name": "Till", "tier": 2})


def test_a_new_catch_all_relieves_the_old_one(installed, checkout, root):
    writing.save_service(checkout.pk, actor=actors.person(root), is_catch_all=True)

    assert Service.objects.catch_all() == checkout


def test_the_catch_all_is_not_given_up_without_another(installed, root):
    with pytest.raises(Invalid) as refused:
        writing.save_service(Service.objects.catch_all().pk, actor=actors.person(root), is_catch_all=False)

    assert refused.value.field == "is_catch_all"


def test_the_people_of_a_team_are_replaced_and_managers_belong_to_it(team, root, mona, alice, bob):
    team.memberships.create(user=bob)

    writing.save_team(team.pk, actor=actors.person(root), people=[alice], managers=[mona])

    assert set(team.memberships.values_list("user__name", "is_manager")) == {("Alice", False), ("Mona", True)}


def test_what_is_gone_is_said_to_be_gone(db, root):
    with pytest.raises(Missing):
        writing.save_team(999, actor=actors.person(root), name="Ghosts")
    assert not Team.objects.exists()
