"""The command palette: every verb of a room by its name, other words and short forms, and no mouse."""

import os

import pytest
from playwright.sync_api import expect

import oncall.defaults
from accounts import actors
from catalog.models import Mitigation, Runbook, Service, Team
from incidents import lifecycle, mitigating, roles, todos, volunteering
from incidents.models import Incident, Severity
from oncall import paging

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CHOSEN = "#palette [aria-selected=true]"


@pytest.fixture
def incident(defaults, alice, bob, mona, drain) -> Incident:
    """Paged, declared, with a running attempt, a task, an offer and a runbook."""
    oncall.defaults.install(bob)
    service = Service.objects.create(slug="checkout", name="Checkout", team=Team.objects.get(), tier=1)
    Mitigation.objects.create(slug="roll", name="Roll back the deploy", service=service)
    Runbook.objects.create(service=service, title="Checkout is slow", body="- [ ] Look\n- [ ] Act\n")
    actor = actors.person(bob)
    one = lifecycle.open_incident(
        title="Checkout fails", actor=actor, service_ids=[service.pk], severity=Severity.objects.get(rank=1)
    )
    drain()
    paging.sweep()
    lifecycle.declare(one.pk, actor=actor)
    mitigating.start(one.pk, actor=actor, mitigation_id=Mitigation.objects.get(slug="roll").pk)
    todos.add(one.pk, actor=actor, text="Ask the provider")
    roles.take(one.pk, actor=actors.person(mona), role_slug="incident_commander")
    volunteering.offer(one.pk, actor=actor, role_slug="technical_lead")
    return one


def _open(page, asked):
    """The palette with these words, when the server's list has come."""
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-list:not([aria-busy])")).to_be_attached()
    page.locator("#palette input").fill(asked)


def _ready(page, live_server, incident):
    page.goto(live_server.url + incident.get_absolute_url())
    for panel in ("#pages", "#status-panel", "#postmortem-panel"):
        expect(page.locator(panel)).to_be_attached()


def test_every_verb_is_found_by_its_name_by_other_words_and_by_a_short_form(
    incident, mona, enter, live_server
):
    page = enter(mona)
    _ready(page, live_server, incident)
    verbs = page.request.get(f"{live_server.url}/incidents/{incident.number}/verbs/").json()["verbs"]
    assert len(verbs) > 30
    _open(page, "")
    missed = page.evaluate(
        """(verbs) => {
          const field = document.querySelector("#palette input"), missed = [];
          const names = (asked) => {
            field.value = asked;
            field.dispatchEvent(new Event("input"));
            return [...document.querySelectorAll("#palette li")].map((row) => row.firstChild.textContent);
          };
          for (const verb of verbs) {
            if (names(verb.label)[0] !== verb.label) missed.push([verb.verb, verb.label]);
            for (const word of verb.words.split(" "))
              if (!names(word).slice(0, 24).includes(verb.label)) missed.push([verb.verb, word]);
            const short = verb.label.toLowerCase().split(/[^a-z0-9]+/).filter(Boolean).slice(0, 3)
              .map((word) => word.slice(0, 2)).join("");
            if (!names(short).slice(0, 8).includes(verb.label)) missed.push([verb.verb, short]);
          }
          return missed;
        }""",
        verbs,
    )
    assert missed == []


def test_every_verb_leads_to_its_form_or_is_done(incident, mona, enter, live_server):
    page = enter(mona)
    _ready(page, live_server, incident)
    verbs = page.request.get(f"{live_server.url}/incidents/{incident.number}/verbs/").json()["verbs"]
    led = [verb for verb in verbs if verb["target"]]
    assert len(led) > 15
    for verb in led:
        _open(page, verb["label"])
        page.keyboard.press("Enter")
        expect(page.locator("#palette")).to_be_hidden()
        assert page.evaluate(
            "(id) => document.getElementById(id).contains(document.activeElement)", verb["target"]
        ), verb["label"]
        assert page.evaluate("document.activeElement.checkVisibility()"), verb["label"]


#: What people type at 03:00, and what is first then.
ASKED = {
    "ack": "Acknowledge",
    "comms": "Write an update",
    "escalate": "Escalate now",
    "publish": "Publish to the status page",
    "runbook": "Runbook",
    "snooze": "Put an update off",
    "later": "Put an update off",
    "rollback": "Start:",
    "mitigation": "Roll back the deploy",
    "sev2": "Change severity",
    "todo": "Add task",
    "duplicate": "Merge into it",
    "secret": "Redact the event",
    "wake": "Page somebody",
    "subscribe": "Follow this incident",
    "alone": "I am alone",
    "users": "Set scope",
    "false alarm": "Dismiss",
    "tick": "Tick: Look",
    "cs": "Change severity",
    "pdf": "Download the room as PDF",
}


def test_what_is_typed_in_a_fright_is_understood(incident, mona, enter, live_server, faults, picture):
    page = enter(mona)
    _ready(page, live_server, incident)
    for asked, first in ASKED.items():
        _open(page, asked)
        if asked == "snooze":
            picture(page, "palette-room")
            assert faults(page) == []
        assert first in (page.locator("#palette li").nth(0).text_content() or ""), asked
        page.keyboard.press("Escape")


def test_a_whole_incident_is_driven_by_the_palette_and_the_keyboard(incident, alice, enter, live_server):
    page = enter(alice)
    _ready(page, live_server, incident)

    def say(asked, *, then="", sure=False):
        _open(page, asked)
        page.keyboard.press("Enter")
        if sure:
            expect(page.locator(CHOSEN)).to_contain_text("Yes:")
            page.keyboard.press("Enter")
        expect(page.locator("#palette")).to_be_hidden()
        if then:
            page.keyboard.type(then)
            page.keyboard.press("Control+Enter")

    log = page.locator("#log")
    say("acknowledge")
    expect(log).to_contain_text("Acknowledged")
    page.wait_for_load_state("networkidle")
    say("take comms")
    expect(page.locator("#seats")).to_contain_text("(you)")
    say("comms", then="We are looking at the last deploy.")
    expect(log).to_contain_text("We are looking at the last deploy.")
    say("cause", then="Bad deploy")
    expect(log).to_contain_text("Bad deploy")
    say("tick")
    expect(log).to_contain_text("Look")
    say("done: ask")
    expect(page.locator("#tasks")).to_contain_text("Done")
    say("escalate", sure=True)
    expect(page.locator("#pages [role=alert]")).to_have_count(0)
    say("sub")
    expect(page.locator("#fold-unfollow")).to_be_attached()
    say("mitigate", then="Rolled back")
    expect(page.locator(".inc-title")).to_contain_text("Mitigated")
    say("resolve", then="Fixed for good")
    expect(page.locator(".inc-title")).to_contain_text("Resolved")

    kinds = set(incident.timeline.filter(actor=alice).values_list("kind", flat=True))
    assert {"acknowledged", "role_taken", "update_posted", "note_added", "mitigated", "resolved"} <= kinds


def test_what_one_types_survives_a_verb_of_the_palette(incident, alice, enter, live_server):
    page = enter(alice)
    _ready(page, live_server, incident)
    page.locator("#update-text").fill("Half a thought")
    _open(page, "follow")
    page.keyboard.press("Enter")

    expect(page.locator("#fold-unfollow")).to_be_attached()
    expect(page.locator("#update-text")).to_have_value("Half a thought")
    expect(page.locator("#update-text")).to_be_focused()
