"""A room that has been open for a long time costs no more than a young one."""

import re

import pytest
from django.urls import reverse

from incidents import live, notes, searching
from incidents.models import TimelineEvent
from tests.incidents.test_views import ASKS_AGAIN


@pytest.fixture
def signed(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def long(opened, alice, act, monkeypatch):
    monkeypatch.setattr(live, "SHOWN_EVENTS", 10)
    incident = opened(declare=True)
    for number in range(30):
        notes.add_note(incident.pk, actor=act(alice), text=f"note {number}.")
    return incident


def numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="e(\d+)"', page)]


def test_the_earlier_is_reached_by_links_page_by_page(signed, long):
    url, seen = long.get_absolute_url(), []
    query = ""
    while query is not None:
        page = signed.get(url + query).content.decode()
        assert len(numbers(page)) <= 10
        seen += numbers(page)
        following = re.search(r'href="(\?before=\d+)#h-log"', page)
        query = following[1] if following else None

    assert seen == list(range(long.timeline.count(), 0, -1))


def test_a_page_of_the_past_does_not_move_under_its_reader(signed, long):
    past = signed.get(long.get_absolute_url() + "?before=12").content.decode()

    assert 'hx-trigger="every' not in past and "Back to the newest" in past
    assert ASKS_AGAIN.search(signed.get(long.get_absolute_url()).content.decode())


@pytest.mark.parametrize("number", [1, 4, 12, 20])
def test_a_link_to_an_old_event_opens_the_timeline_around_it(signed, long, number):
    page = signed.get(f"{long.get_absolute_url()}?at={number}").content.decode()

    assert number in numbers(page) and number + 3 in numbers(page)
    assert 'hx-trigger="every' not in page and "Back to the newest" in page


def test_a_link_to_a_recent_event_opens_the_room_as_it_is_now(signed, long):
    last = long.timeline.count()
    page = signed.get(f"{long.get_absolute_url()}?at={last - 2}").content.decode()

    assert numbers(page)[0] == last and last - 2 in numbers(page)
    assert ASKS_AGAIN.search(page)


def test_a_search_hit_leads_to_an_event_that_the_page_holds(signed, long, alice):
    hit = searching.search(alice, '"note 3"')[0]
    place = hit.path.partition("#")[2]

    assert f'id="{place}"' in signed.get(hit.path).content.decode()
    assert f'id="{place}"' not in signed.get(long.get_absolute_url()).content.decode()


def test_a_filter_is_kept_on_the_way_back(signed, long):
    page = signed.get(long.get_absolute_url() + "?show=updates").content.decode()

    assert re.search(r'href="\?show=updates&amp;before=\d+#h-log"', page)


@pytest.mark.parametrize("word", ["²", "-1", "x", "9" * 40, ""])
def test_a_number_that_is_none_shows_the_newest(signed, long, word):
    page = signed.get(long.get_absolute_url(), {"before": word}).content.decode()

    assert numbers(page)[0] == long.timeline.count()


def test_more_events_are_no_more_questions_to_the_database(
    signed, opened, alice, act, long, django_assert_max_num_queries
):
    young = opened(declare=True)
    signed.get(young.get_absolute_url())
    with django_assert_max_num_queries(60) as few:
        signed.get(young.get_absolute_url())
    with django_assert_max_num_queries(len(few)):
        signed.get(long.get_absolute_url())


def test_nothing_new_is_a_few_questions(signed, long, django_assert_max_num_queries):
    last = TimelineEvent.objects.filter(incident=long).latest("number").number
    with django_assert_max_num_queries(3):
        answer = signed.get(reverse("incidents:live", args=[long.number, last]))

    assert answer.status_code == 204
