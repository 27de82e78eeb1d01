"""The first page, the guide and search."""

import pytest
from django.template.loaders.filesystem import Loader

from accounts import actors
from catalog.models import Service
from config import defaults
from incidents import lifecycle
from incidents.models import Incident, Severity
from oncall import paging
from postmortems.models import Postmortem


@pytest.fixture
def house(alice):
    """A new house in which Alice is on call."""
    defaults.install(alice)


@pytest.fixture
def everything(house):
    return Service.objects.catch_all()


def open_incident(service, by, title="Checkout fails", rank=1, **facts):
    severity = Severity.objects.get(rank=rank)
    return lifecycle.open_incident(
        title=title, actor=actors.person(by), service_ids=[service.pk], severity=severity, **facts
    )


def page_of(client, user, address="/"):
    client.force_login(user)
    return client.get(address).content.decode()


def test_an_empty_house_is_led_by_four_steps(client, house, alice):
    text = page_of(client, alice)

    assert "Nothing rings yet" in text
    assert "Set-up: 1 of 4 done" in text  # Alice is on call.
    assert "Connect what watches your systems" in text


def test_with_an_incident_the_guide_stands_back(client, everything, alice):
    open_incident(everything, alice)

    text = page_of(client, alice)

    assert "Nothing rings yet" not in text
    assert "One incident is open." in text
    assert "Connect what watches" in page_of(client, alice, "/start/")


def test_who_is_paged_sees_it_first_and_acknowledges(client, drain, everything, alice, bob):
    incident = open_incident(everything, bob)
    drain()
    paging.sweep()
    assert "You are paged" in page_of(client, alice)
    assert "You are paged" not in page_of(client, bob)

    client.force_login(alice)
    answer = client.post(f"/acknowledge/{incident.number}/")
    drain()

    assert answer["Location"] == incident.get_absolute_url()
    incident.refresh_from_db()
    assert incident.acknowledged_by == alice
    assert "You are paged" not in page_of(client, alice)


def test_the_worst_incident_stands_first_with_what_it_owes(client, everything, alice):
    open_incident(everything, alice, title="Slow reports", rank=3)
    open_incident(everything, alice, title="Site down", rank=1)

    text = page_of(client, alice)

    assert text.index("Site down") < text.index("Slow reports")
    assert "Acknowledge by" in text


def test_a_private_incident_is_neither_shown_nor_counted_nor_found(client, everything, alice, bob):
    incident = open_incident(everything, alice, title="Stolen laptop", is_private=True)

    for address in ("/", "/search/?q=stolen", f"/search/?q=INC-{incident.number}"):
        text = page_of(client, bob, address)
        assert "Stolen laptop" not in text
        assert '<span class="count">' not in text
    assert "Stolen laptop" in page_of(client, alice)
    assert "Stolen laptop" in page_of(client, alice, "/search/?q=stolen")
    client.force_login(bob)
    assert client.post(f"/acknowledge/{incident.number}/").status_code == 404


def test_the_page_polls_itself_as_a_part(client, everything, alice):
    client.force_login(alice)

    part = client.get("/", HTTP_HX_REQUEST="true").content.decode()

    assert part.lstrip().startswith('<div id="now"')
    assert "<html" not in part


def test_a_visitor_sees_the_sign_in_page_and_a_fragment_is_refused(client, db):
    assert client.get("/").status_code == 302
    assert client.get("/", HTTP_HX_REQUEST="true").status_code == 401


def test_a_number_leads_straight_to_the_incident(client, everything, alice):
    incident = open_incident(everything, alice)
    client.force_login(alice)

    for words in (f"inc-{incident.number}", f"INC{incident.number}", str(incident.number)):
        assert client.get("/search/", {"q": words})["Location"] == incident.get_absolute_url()


def test_search_finds_services_and_postmortems_of_visible_incidents(client, everything, alice, bob):
    seen = open_incident(everything, alice, title="Mail queue stuck")
    hidden = open_incident(everything, alice, title="Mail leaked", is_private=True)
    for incident in (seen, hidden):
        Postmortem.objects.get_or_create(incident=incident)

    text = page_of(client, bob, "/search/?q=mail")

    assert ("Mail queue stuck" in text, "Mail leaked" in text) == (True, False)
    assert "Everything else" in page_of(client, bob, "/search/?q=everything")


@pytest.mark.parametrize("q", ["%", "'; drop table", "x" * 5000, "9" * 30])
def test_search_bears_odd_words(client, house, alice, q):
    client.force_login(alice)

    assert client.get("/search/", {"q": q}).status_code == 200


def test_search_refuses_what_cannot_be_stored(client, house, alice):
    client.force_login(alice)

    assert client.get("/search/", {"q": "\x00"}).status_code == 400


def test_a_rooms_part_that_fails_does_not_take_the_page_down(client, everything, alice, settings):
    # The rooms' templates are gone, the page's own are there.
    rooms = ["postmortems/_now.html", "detection/_now.html", "oncall/_now.html"]
    own = settings.TEMPLATES[0]
    without = {
        **own,
        "APP_DIRS": False,
        "OPTIONS": {**own["OPTIONS"], "loaders": [(f"{__name__}.Without", own["DIRS"], rooms)]},
    }
    settings.TEMPLATES = [without]

    text = page_of(client, alice)

    assert "A part of this page failed" in text
    assert "Open incidents" in text


class Without(Loader):
    """Finds every template except the named ones."""

    def __init__(self, engine, dirs, missing):
        super().__init__(engine, dirs)
        self.missing = missing

    def get_template_sources(self, template_name):
        if template_name not in self.missing:
            yield from super().get_template_sources(template_name)


def test_a_services_page_shows_only_incidents_the_reader_may_know(client, everything, alice, bob):
    open_incident(everything, alice, title="Stolen laptop", is_private=True)
    open_incident(everything, alice, title="Site down")

    text = page_of(client, bob, "/catalog/everything-else/now/")

    assert ("Site down" in text, "Stolen laptop" in text) == (True, False)
    assert Incident.objects.count() == 2


def test_browsers_find_a_mark_at_the_root(client):
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert client.get(answer["Location"]).status_code == 200
