"""How often the whole room asks the database, with everything in it that a room can hold."""

import pytest
from django.utils.timezone import now

from catalog.models import Deploy, Mitigation, Runbook, Service
from incidents import lifecycle, mitigating, notes, roles, todos
from oncall import covering
from oncall.models import Coverage, Layer, LayerMember, Override, Policy, Schedule, Step, Target

#: Of a reader who may act; a lower number is welcome here, a higher one wants a reason.
#: The last one: how many promised updates came in time.
AT_MOST = 43


def schedule(name: str, *people) -> Schedule:
    row = Schedule.objects.create(name=name)
    layer = Layer.objects.create(schedule=row)
    for place, user in enumerate(people):
        LayerMember.objects.create(layer=layer, user=user, position=place)
    return row


@pytest.fixture
def ladder(checkout, alice, bob, carol):
    """Alice, then Bob, then Carol, each from a rota of their own."""
    policy = Policy.objects.create(name="Payments")
    for position, user in enumerate((alice, bob, carol)):
        step = Step.objects.create(policy=policy, position=position)
        Target.objects.create(step=step, kind="schedule", schedule=schedule(f"Rota {position}", user))
    Coverage.objects.create(service=checkout, policy=policy)
    return policy


def fill(opened, act, alice, bob, checkout, team, times: int):
    """A room with neighbours, changes, runbooks, mitigations, tasks, chairs and a past, ``times`` of each."""
    for n in range(times):
        near = Service.objects.create(slug=f"near-{n}", name=f"Near {n}", team=team)
        (checkout.depends_on if n % 2 else checkout.dependents).add(near)
        opened(service_ids=[near.pk])
        Deploy.objects.create(service=checkout, version=f"v{n}", at=now())
        Runbook.objects.create(service=checkout, title=f"Runbook {n}", body="- [ ] look\n- [ ] mend\n")
        Mitigation.objects.create(slug=f"way-{n}", name=f"Way {n}", service=checkout)
        lifecycle.mitigate(opened(declare=True).pk, actor=act(alice))
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(bob), role_slug="incident_commander")
    for n in range(times):
        todos.add(incident.pk, actor=act(alice), text=f"Task {n}", owner_id=bob.pk)
        notes.add_note(incident.pk, actor=act(alice), text=f"Note {n}.")
        way = Mitigation.objects.get(slug=f"way-{n}")
        mitigating.start(incident.pk, actor=act(alice), mitigation_id=way.pk)
    return incident


@pytest.mark.parametrize("times", [1, 7])
def test_a_room_asks_as_little_whatever_is_in_it(
    opened, act, alice, bob, checkout, team, ladder, client, django_assert_max_num_queries, times
):
    client.force_login(alice)
    incident = fill(opened, act, alice, bob, checkout, team, times)
    client.get(incident.get_absolute_url())
    with django_assert_max_num_queries(AT_MOST):
        page = client.get(incident.get_absolute_url()).content.decode()

    assert "Bob" in page and "on call: Alice" in page


def test_who_is_on_call_is_as_many_questions_for_three_rotas_as_for_one(
    checkout, ladder, alice, bob, carol, django_assert_max_num_queries
):
    with django_assert_max_num_queries(6):
        assert covering.on_call_now(checkout) == [alice, bob, carol]


def test_who_stands_in_is_on_call_in_their_place(checkout, ladder, alice, bob, carol, clock):
    first = Schedule.objects.get(name="Rota 0")
    hour = now().replace(minute=0)
    Override.objects.create(
        schedule=first, user=carol, start=hour, end=hour.replace(hour=hour.hour + 1), note="swap"
    )

    assert covering.on_call_now(checkout) == [carol, bob]


def test_an_override_of_somebody_who_left_counts_no_more(checkout, ladder, alice, bob, carol, clock):
    first = Schedule.objects.get(name="Rota 0")
    carol.is_active = False
    carol.save()
    hour = now().replace(minute=0)
    Override.objects.create(schedule=first, user=carol, start=hour, end=hour.replace(hour=hour.hour + 1))

    assert covering.on_call_now(checkout) == [alice, bob]
