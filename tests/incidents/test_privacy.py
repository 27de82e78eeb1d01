"""Private incidents are nothing at all to others, on every door of this room."""

import pytest
from django.urls import reverse

from incidents import lifecycle, people, roles
from incidents.models import Incident
from lib.refusal import Forbidden, Missing


@pytest.fixture
def secret(opened, alice, act):
    return opened(is_private=True, actor=act(alice), declare=True, title="Laptop with keys stolen")


def test_only_its_people_see_it(secret, alice, bob, root):
    assert Incident.objects.visible_to(alice).filter(pk=secret.pk).exists()
    assert not Incident.objects.visible_to(bob).exists()
    assert not Incident.objects.visible_to(root).exists()


def test_a_verb_of_somebody_else_finds_nothing(secret, bob, act):
    for say in (
        lambda: lifecycle.acknowledge(secret.pk, actor=act(bob)),
        lambda: lifecycle.mitigate(secret.pk, actor=act(bob)),
        lambda: roles.take(secret.pk, actor=act(bob), role_slug="incident_commander"),
    ):
        with pytest.raises(Missing):
            say()


def test_a_chair_makes_one_of_its_people(secret, alice, bob, act):
    roles.take(secret.pk, actor=act(alice), role_slug="technical_lead", user_id=bob.pk)

    assert Incident.objects.visible_to(bob).filter(pk=secret.pk).exists()


def test_an_admin_enters_only_through_the_glass(secret, bob, root, act):
    with pytest.raises(Forbidden):
        people.break_in(secret.pk, actor=act(bob), reason="curious")
    people.break_in(secret.pk, actor=act(root), reason="its people are asleep")

    assert Incident.objects.visible_to(root).filter(pk=secret.pk).exists()
    assert secret.timeline.get(kind="break_glass").text == "its people are asleep"


@pytest.mark.parametrize("name", ["detail", "live", "say", "lint"])
def test_pages_answer_404(secret, bob, client, name):
    client.force_login(bob)
    args = {"live": [secret.number, 0], "say": [secret.number, "mitigate"]}.get(name, [secret.number])
    url = reverse(f"incidents:{name}", args=args)
    answer = client.post(url) if name in ("say", "lint") else client.get(url)

    assert answer.status_code == 404


def test_lists_search_and_export_do_not_show_it(secret, alice, bob, client):
    client.force_login(bob)
    for url in (reverse("incidents:list"), reverse("incidents:list") + "?q=laptop"):
        assert b"Laptop" not in client.get(url).content
    client.force_login(alice)
    export = b"".join(client.get(reverse("incidents:export")).streaming_content)
    assert b"Laptop" not in export


def test_merging_a_private_into_an_open_one_is_refused(secret, opened, alice, act):
    with pytest.raises(Exception, match="cannot be merged"):
        lifecycle.merge(secret.pk, actor=act(alice), into=opened().pk)
