"""Two people type into one section at the same time: no word of either is lost, on both databases."""

import threading
from itertools import permutations
from random import Random

import pytest
from django.db import connection, connections

from accounts import actors
from accounts.models import User
from catalog.models import Service, Team
from incidents import defaults, lifecycle
from incidents.models import Severity
from postmortems import opening, writing
from postmortems.models import Postmortem

WORDS = 20


def type_in(postmortem_id: int, user_id: int, name: str, start: threading.Barrier) -> None:
    """Save after every word; where somebody was faster, add the word to what stands there now."""
    try:
        who = actors.person(User.objects.get(pk=user_id))
        base, text = 0, ""
        start.wait(timeout=30)
        for number in range(WORDS):
            word = f"{name}{number}"
            while True:
                saved = writing.save_section(
                    postmortem_id, actor=who, section="root_cause", text=f"{text} {word}", base=base
                )
                base, text = saved.version, saved.text
                if saved.mine is None:
                    break
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_no_word_of_two_editors_is_lost_however_their_saves_interleave(alice, bob):
    defaults.install()
    team = Team.objects.create(slug="shop", name="Shop")
    service = Service.objects.create(slug="checkout", name="Checkout", team=team)
    incident = lifecycle.open_incident(
        title="Checkout fails",
        actor=actors.person(alice),
        service_ids=[service.pk],
        severity=Severity.objects.get(name="SEV1"),
        declare=True,
    )
    lifecycle.resolve(incident.pk, actor=actors.person(alice))
    postmortem = opening.open_by_hand(incident.pk, actor=actors.person(alice))
    start = threading.Barrier(2)
    people = [(alice.pk, "a"), (bob.pk, "b")]
    threads = [threading.Thread(target=type_in, args=(postmortem.pk, pk, name, start)) for pk, name in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    typed = {f"{name}{number}" for _pk, name in people for number in range(WORDS)}
    current = Postmortem.objects.get().root_cause.split()
    assert sorted(current) == sorted(typed), connection.vendor


def test_no_word_is_lost_in_forty_interleavings_of_two_editors(opened, alice, bob):
    """Each of two people saves four times, seeing news only where a save is told of it: what either wrote
    stands in the document or was set aside, in whatever order their saves arrive."""
    postmortem = opened()
    orders = sorted({"".join(order) for order in permutations("aaaabbbb")})
    chosen = Random(20240122).sample(orders, 40)
    for round_, order in enumerate(chosen):
        section = ("summary", "root_cause", "went_well", "went_poorly")[round_ % 4]
        writing.save_section(postmortem.pk, actor=actors.person(alice), section=section, text="")
        base = dict.fromkeys("ab", writing.version(postmortem, section))
        said, words = {"a": "", "b": ""}, []
        for step, name in enumerate(order):
            word = f"{name}{round_}x{step}"
            words.append(word)
            said[name] = f"{said[name]} {word}".strip()
            who = actors.person(alice if name == "a" else bob)
            saved = writing.save_section(
                postmortem.pk, actor=who, section=section, text=said[name], base=base[name]
            )
            if saved.mine is None:
                base[name] = saved.version
            elif step % 3 == 0:
                settled = writing.settle(postmortem.pk, actor=who, revision_id=saved.mine.pk, how="both")
                base[name], said[name] = settled.version, settled.text
        kept = " ".join(postmortem.revisions.filter(section=section).values_list("text", flat=True)).split()
        assert set(words) <= set(kept), order
