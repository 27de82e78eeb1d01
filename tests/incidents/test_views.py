"""The room in the browser's words: forms, fragments, refusals, with and without JavaScript."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from accounts.actors import person
from accounts.models import User
from catalog.models import Service
from incidents import lifecycle, roles
from incidents.doorways import DOORS
from incidents.models import Incident
from tests.incidents.conftest import fresh

HTMX = {"HX-Request": "true"}

#: Two seconds, by chance a quarter more or less.
ASKS_AGAIN = re.compile(r'hx-trigger="every (1[7-9]|2[012])\d\dms" hx-target="this"')


def say(incident: Incident, name: str) -> str:
    return reverse("incidents:say", args=[incident.number, name])


@pytest.fixture
def signed(client, alice):
    client.force_login(alice)
    return client


def test_the_room_shows_the_one_next_step(signed, opened):
    page = signed.get(opened().get_absolute_url()).content.decode()

    assert "First five minutes" in page
    assert "Acknowledge" in page
    assert ASKS_AGAIN.search(page)


@pytest.mark.parametrize(
    ("name", "words", "status"),
    [
        ("acknowledge", {}, "triage"),
        ("declare", {}, "active"),
        ("mitigate", {"text": "rolled back"}, "mitigated"),
        ("resolve", {"text": "fixed"}, "resolved"),
        ("dismiss", {"reason": "a test"}, "dismissed"),
    ],
)
def test_the_vital_verbs_work_without_javascript(signed, opened, name, words, status):
    incident = opened()
    answer = signed.post(say(incident, name), words)

    assert (answer.status_code, answer["Location"]) == (302, incident.get_absolute_url())
    assert fresh(incident).status == status


def test_an_update_with_htmx_answers_an_empty_form_and_the_new_timeline(signed, opened):
    incident = opened(declare=True)
    answer = signed.post(say(incident, "update"), {"text": "Rolling back", "next_in": "5"}, headers=HTMX)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'id="log"' in page and "Rolling back" in page and 'hx-swap-oob="true"' in page
    assert ">Rolling back</textarea>" not in page


def test_an_empty_update_comes_back_with_a_sentence(signed, opened):
    incident = opened(declare=True)
    answer = signed.post(say(incident, "update"), {"text": ""}, headers=HTMX)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not incident.timeline.filter(kind="update_posted").exists()


def test_what_was_typed_survives_a_refusal(signed, opened):
    incident = opened()
    lifecycle.dismiss(incident.pk, actor=_system(), reason="noise")
    answer = signed.post(say(incident, "note"), {"text": "x" * 20, "kind": "note", "at": "1999-01-01T10:00"})

    assert answer.status_code == 422
    assert "x" * 20 in answer.content.decode()


def _system():
    from accounts.actors import system

    return system()


def test_a_refused_button_says_why_and_offers_the_way_out(signed, opened, alice, act):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug="technical_lead")
    answer = signed.post(say(incident, "take"), {"role": "incident_commander"})

    page = answer.content.decode()
    assert answer.status_code == 422
    said = "one person may not be Incident Commander and Technical Lead at once."
    assert said in page and "I am alone" in page


def test_the_head_says_one_thing_of_when_it_began(signed, opened):
    incident = opened()
    head = signed.get(incident.get_absolute_url()).content.decode().split('id="five"')[0]
    assert head.count("or earlier") == 2 and "not known" not in head

    Incident.objects.filter(pk=incident.pk).update(started_at=incident.detected_at - timedelta(minutes=4))
    head = signed.get(incident.get_absolute_url()).content.decode().split('id="five"')[0]
    assert "Users hurt since" in head and "or earlier" not in head


def test_the_room_has_one_zone_and_names_it_once(signed, alice, opened, act):
    alice.time_zone = "Asia/Kolkata"
    alice.save()
    incident = opened(declare=True)
    lifecycle.resolve(incident.pk, actor=act(alice))
    at = Incident.objects.get().resolved_at.astimezone(ZoneInfo("Asia/Kolkata"))
    room = signed.get(incident.get_absolute_url()).content.decode()
    timeline = room[room.index('id="h-log"') : room.index('id="log"')]
    assert "Kolkata time" in timeline
    short = signed.get(f"{incident.get_absolute_url()}in-short/", headers=HTMX).content.decode()
    assert "(Asia/Kolkata)" in short and f"Resolved at {at:%H:%M}" in short


def test_polling_answers_204_until_something_happens(signed, opened, alice, act):
    incident = opened()
    url = reverse("incidents:live", args=[incident.number, 1])
    assert signed.get(url, headers=HTMX).status_code == 204

    lifecycle.acknowledge(incident.pk, actor=act(alice))
    answer = signed.get(url, headers=HTMX)
    assert answer.status_code == 200
    assert "/live/2/" in answer.content.decode()
    assert "<textarea" not in answer.content.decode()


def test_polling_a_closed_incident_ends(signed, opened, alice, act):
    incident = opened(rank=4, declare=True)
    lifecycle.resolve(incident.pk, actor=act(alice))
    lifecycle.close(incident.pk, actor=act(alice))

    assert signed.get(reverse("incidents:live", args=[incident.number, 1]), headers=HTMX).status_code == 286


def test_a_viewer_reads_and_may_declare_but_not_mitigate(client, vera, opened, checkout):
    client.force_login(vera)
    incident = opened()
    page = client.get(incident.get_absolute_url()).content.decode()
    assert [name for name in DOORS if f'id="do-{name}"' in page] == ["declare", "follow"]
    assert client.post(say(incident, "mitigate"), {}).status_code == 422
    answer = client.post(
        reverse("incidents:declare"), {"title": "Pay fails", "service": "checkout", "impact": "major-all"}
    )
    assert answer.status_code == 302
    assert fresh(incident).status == "triage"


def test_declaring_takes_the_severity_of_the_grid(signed, checkout):
    signed.post(
        reverse("incidents:declare"),
        {"title": "All is down", "service": "checkout", "impact": "everything-all"},
    )

    incident = Incident.objects.get()
    assert (incident.severity.name, incident.status, incident.source) == ("SEV1", "active", "internal_report")
    assert incident.acknowledged_at is None


def test_deciding_otherwise_needs_a_reason(signed, checkout):
    words = {"title": "All is down", "service": "checkout", "impact": "everything-all", "severity": "SEV3"}
    answer = signed.post(reverse("incidents:declare"), words)
    assert answer.status_code == 422 and not Incident.objects.exists()

    signed.post(reverse("incidents:declare"), {**words, "reason": "only the staff feels it"})
    assert Incident.objects.get().severity.name == "SEV3"


def test_the_lint_never_marks_what_an_admin_allows(signed, opened, monkeypatch):
    url = reverse("incidents:lint", args=[opened().number])
    text = {"text": "Probably Search is slow."}
    assert 'class="lint"' in signed.post(url, text).content.decode()

    monkeypatch.setattr("lib.plainwords._providers", [lambda: ["Probably Search"]])
    assert 'class="lint"' not in signed.post(url, text).content.decode()


def test_the_lint_marks_blame_as_one_types(signed, opened):
    url = reverse("incidents:lint", args=[opened().number])
    page = signed.post(url, {"text": "This should have been caught, it is probably DNS."}).content.decode()

    assert page.count('class="lint"') >= 2


def test_the_list_filters_and_pages_by_keyset(signed, opened):
    for title in ("Login slow", "Checkout down", "Search empty"):
        opened(title=title)
    page = signed.get(reverse("incidents:list") + "?q=checkout").content.decode()
    assert "Checkout down" in page and "Login slow" not in page
    assert signed.get(reverse("incidents:list") + "?status=nonsense").status_code == 200
    assert "Search empty" not in signed.get(reverse("incidents:list") + "?before=3").content.decode()


def test_the_list_asks_a_constant_number_of_queries(signed, opened, alice, django_assert_max_num_queries):
    for _ in range(12):
        opened(declare=True)
    for one in Incident.objects.all()[:3]:
        roles.take(one.pk, actor=person(alice), role_slug="incident_commander")
    with django_assert_max_num_queries(8):
        page = signed.get(reverse("incidents:list")).content.decode()
    assert page.count(f"IC {alice}") == 3


def test_the_export_is_no_formula(signed, opened):
    opened(title="=HYPERLINK(1)")
    text = b"".join(signed.get(reverse("incidents:export")).streaming_content).decode()

    assert "'=HYPERLINK" in text


def test_the_handbook_shows_the_matrix_as_configured(signed, matrix):
    page = signed.get(reverse("incidents:severities")).content.decode()
    for words in ("Complete outage", "acknowledge within 4 h", "30 min unmitigated", "no other role"):
        assert words in page


def test_signed_out_people_are_led_to_the_sign_in(client, opened):
    incident = opened()
    assert client.get(incident.get_absolute_url()).status_code == 302
    fragment = client.get(reverse("incidents:live", args=[incident.number, 0]), headers=HTMX)
    assert (fragment.status_code, fragment["HX-Refresh"]) == (401, "true")


def test_triage_offers_to_declare_before_the_scope_is_known(signed, opened):
    page = signed.get(opened().get_absolute_url()).content.decode()

    assert 'id="do-declare"' in page


def test_mitigations_are_offered_only_while_there_is_something_to_mitigate(signed, opened, alice, act):
    incident = opened(declare=True)
    assert "Mitigate first" in signed.get(incident.get_absolute_url()).content.decode()
    lifecycle.resolve(incident.pk, actor=act(alice))

    assert "Mitigate first" not in signed.get(incident.get_absolute_url()).content.decode()


@pytest.mark.parametrize("name", ["note", "update", "severity", "task"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_who_lost_the_right_meanwhile_reads_why(signed, opened, alice, name, headers):
    incident = opened(declare=True)
    User.objects.filter(pk=alice.pk).update(role="viewer")
    words = {
        "note": {"text": "Seen.", "kind": "note"},
        "update": {"text": "Still looking."},
        "severity": {"severity": incident.severity_id, "reason": "because"},
        "task": {"text": "Call the bank"},
    }[name]
    answer = signed.post(reverse("incidents:say", args=[incident.number, name]), words, headers=headers)

    assert answer.status_code == 422
    assert "This needs the role responder" in answer.content.decode()


def test_declaring_guesses_no_service(signed, checkout):
    page = signed.get(reverse("incidents:declare")).content.decode()
    assert '<option value="checkout" selected>' in page, "the only one there is"

    Service.objects.create(slug="search", name="Search", team=checkout.team)
    page = signed.get(reverse("incidents:declare")).content.decode()
    assert '<option value="" selected>' in page and 'value="checkout" selected' not in page
    page = signed.get(reverse("incidents:declare"), {"service": "search"}).content.decode()
    assert '<option value="search" selected>' in page

    answer = signed.post(reverse("incidents:declare"), {"title": "Pay fails", "impact": "major-all"})
    assert answer.status_code == 422
    assert "Choose the service that hurts" in answer.content.decode()
    assert not Incident.objects.exists()
