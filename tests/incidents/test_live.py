"""One drawing serves many who watch, and nothing of one comes to another."""

import re

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from accounts.actors import system
from accounts.models import Role, User
from incidents import lifecycle, live, notes, people, roles, todos


@pytest.fixture
def viewer(db) -> User:
    return User.objects.create(email="vera@example.com", name="Vera", role=Role.VIEWER)


@pytest.fixture
def drawings(monkeypatch):
    """How often a shared part was drawn."""
    seen = []
    draw = live._draw
    monkeypatch.setattr(live, "_draw", lambda *args: (seen.append(args), draw(*args))[1])
    return seen


def watch(incident, user: User, after: int = 0, query: str = ""):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    answer = client.get(reverse("incidents:live", args=[incident.number, after]) + query)
    return client, answer


def seen_by(incident, user: User, query: str = "") -> str:
    return watch(incident, user, query=query)[1].content.decode()


def tokens(page: str) -> set[str]:
    return set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]*)"', page))


def test_many_who_watch_cost_one_drawing(opened, alice, bob, carol, drawings):
    incident = opened(declare=True)
    pages = [seen_by(incident, user) for user in (alice, bob, carol)]

    assert len(drawings) == 1
    assert all("Take command" in page for page in pages)


def test_what_is_drawn_already_is_three_questions(opened, alice, bob, django_assert_max_num_queries):
    incident = opened(declare=True)
    watch(incident, alice)
    client, _ = watch(incident, bob)
    with django_assert_max_num_queries(3):
        assert client.get(reverse("incidents:live", args=[incident.number, 0])).status_code == 200


def test_each_reader_has_a_token_of_their_own_that_works(opened, alice, bob, drawings):
    incident = opened(declare=True)
    url = reverse("incidents:say", args=[incident.number, "take"])
    found = []
    for user in (alice, bob):
        client, answer = watch(incident, user)
        token = tokens(answer.content.decode())
        assert len(token) == 1 and len(*token) == 64
        found += token
        if user == bob:
            # Bob's cookie does not go with Alice's token.
            words = {"role": "incident_commander", "csrfmiddlewaretoken": found[0]}
            assert client.post(url, words).status_code == 403
        words = {"role": "technical_lead", "csrfmiddlewaretoken": found[-1]}
        assert client.post(url, words).status_code != 403

    assert found[0] != found[1]


def test_who_may_only_read_gets_no_buttons_from_who_may_act(opened, alice, viewer):
    incident = opened(declare=True)
    assert "<form" in seen_by(incident, alice)
    assert "<form" not in seen_by(incident, viewer)
    caches["drawn"].clear()
    assert "<form" not in seen_by(incident, viewer)
    assert "<form" in seen_by(incident, alice)


def test_what_a_chair_shows_its_holder_others_do_not_see(opened, alice, bob, act):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug="incident_commander")
    for order in ((alice, bob), (bob, alice)):
        caches["drawn"].clear()
        pages = {user.pk: seen_by(incident, user) for user in order}
        assert "Step down" in pages[alice.pk] and "(you)" in pages[alice.pk]
        assert "Step down" not in pages[bob.pk] and "(you)" not in pages[bob.pk]


def test_a_task_is_taken_by_who_presses(opened, alice, bob, carol, act):
    incident = opened(declare=True)
    task = todos.add(incident.pk, actor=act(alice), text="Call the bank", owner_id=alice.pk)
    for user in (bob, carol):
        assert f'name="owner" value="{user.pk}"' in seen_by(incident, user)
    assert "I take it" not in seen_by(incident, alice)

    client, answer = watch(incident, bob)
    words = {"task": task.pk, "owner": bob.pk, "csrfmiddlewaretoken": tokens(answer.content.decode()).pop()}
    client.post(reverse("incidents:say", args=[incident.number, "task-give"]), words)
    task.refresh_from_db()
    assert task.owner == bob


def test_a_private_incident_is_never_kept_and_nothing_to_others(opened, alice, bob, act, drawings):
    incident = opened(declare=True, actor=act(alice))
    assert watch(incident, bob)[1].status_code == 200
    people.make_private(incident.pk, actor=act(alice), reason="names of customers")
    caches["drawn"].clear()
    caches["lines"].clear()

    assert watch(incident, alice)[1].status_code == 200
    assert watch(incident, bob)[1].status_code == 404
    assert not caches["drawn"]._cache and not caches["lines"]._cache


def test_news_is_never_answered_with_what_was_drawn_before_it(opened, alice, act):
    incident = opened(declare=True)
    seen_by(incident, alice)
    notes.add_note(incident.pk, actor=act(alice), text="The second replica lags.")

    assert "The second replica lags." in seen_by(incident, alice)


def test_a_second_drawing_takes_its_lines_from_the_first(opened, alice, bob, act):
    incident = opened(declare=True)
    seen_by(incident, alice)
    kept = set(caches["lines"]._cache)
    notes.add_note(incident.pk, actor=act(alice), text="The second replica lags.")
    seen_by(incident, bob)

    assert len(kept) == incident.timeline.count() - 1
    assert kept < set(caches["lines"]._cache) and len(caches["lines"]._cache) == len(kept) + 1


def test_a_redacted_secret_is_gone_from_the_next_answer(opened, alice, bob, act):
    incident = opened(declare=True)
    notes.add_note(incident.pk, actor=act(alice), text="password is hunter2")
    note = incident.timeline.latest("number")
    assert "hunter2" in seen_by(incident, bob)
    notes.redact(incident.pk, actor=act(alice), event_number=note.number, reason="a password")

    assert "hunter2" not in seen_by(incident, bob)


def test_each_reader_has_the_hours_of_their_own_zone(opened, alice, bob, clock):
    incident = opened(declare=True)
    User.objects.filter(pk=bob.pk).update(time_zone="Asia/Tokyo")
    bob.refresh_from_db()

    assert "14:00" in seen_by(incident, alice) and "23:00" in seen_by(incident, bob)


def test_a_filter_does_not_come_to_who_asked_for_everything(opened, alice, bob, act):
    incident = opened(declare=True)
    notes.add_note(incident.pk, actor=act(alice), text="Only a note.")
    assert "Only a note." not in seen_by(incident, alice, "?show=chairs")
    assert "Only a note." in seen_by(incident, bob)


def test_no_mark_is_left_in_what_a_reader_gets(opened, alice):
    incident = opened(declare=True)
    page = seen_by(incident, alice)
    drawn = live._shared(incident.pk, incident.timeline.count(), live.Window(), True)

    assert drawn
    assert not any(mark in page for mark in (drawn.token_mark, drawn.reader_mark, drawn.pause_mark))
    assert drawn.token_mark in drawn.html and drawn.pause_mark in drawn.html


def test_the_shared_part_is_what_a_reader_without_a_chair_has_drawn_alone(opened, alice, monkeypatch):
    incident = opened(declare=True)
    todos.add(incident.pk, actor=system(), text="Call the bank")
    shared = seen_by(incident, alice)
    monkeypatch.setattr(live, "_shared", lambda *args: None)
    alone = seen_by(incident, alice)

    def bare(page: str) -> str:
        page = re.sub(r'(csrfmiddlewaretoken" value=")[^"]*', r"\1", page)
        return re.sub(r"every \d+ms", "every so often", page)

    assert bare(shared) == bare(alone)


def test_the_end_of_the_story_ends_the_polling(opened, alice, act):
    incident = opened(declare=True)
    lifecycle.dismiss(incident.pk, actor=act(alice), reason="false alarm")

    assert watch(incident, alice)[1].status_code == 286
    assert watch(incident, alice)[1].status_code == 286
