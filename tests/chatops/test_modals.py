"""Declaring by the form in Slack: the same form, matrix and refusals as in the browser."""

import json
from urllib.parse import urlencode

import pytest

from catalog.models import Service
from incidents.models import Incident
from tests.standins.slack import TEAM

pytestmark = pytest.mark.django_db


def values(**said):
    """``state.values`` as Slack sends it."""
    found = {}
    for name, value in said.items():
        if isinstance(value, list):
            one = {"type": "checkboxes", "selected_options": [{"value": v} for v in value]}
        elif name in ("title", "reason"):
            one = {"type": "plain_text_input", "value": value}
        else:
            one = {"type": "static_select", "selected_option": {"value": value} if value else None}
        found[name] = {name: one}
    return found


@pytest.fixture
def send(post):
    def sent(kind, *, who="UALICE", view_id="V0001", callback="declare", **said):
        view = {"id": view_id, "hash": "1.abc", "callback_id": callback, "state": {"values": values(**said)}}
        payload = {"type": kind, "team": {"id": TEAM}, "user": {"id": who}, "view": view}
        return post("interactive", urlencode({"payload": json.dumps(payload)}))

    return sent


FILLED = {"title": "Checkout fails", "service": "checkout", "breakage": "everything", "reach": "many"}


def test_declare_alone_opens_the_form_with_the_matrix(inc, slack, house):
    assert inc("declare").startswith("The form is open.")
    (asked,) = slack.of("views.open")
    view = json.loads(asked["view"])
    blocks = {block["block_id"]: block for block in view["blocks"]}

    assert slack.triggers[asked["trigger_id"]] is None
    assert [o["value"] for o in blocks["breakage"]["element"]["options"]] == [
        *("data", "everything", "major", "minor", "cosmetic", "unsure")
    ]
    assert {o["value"] for o in blocks["service"]["element"]["options"]} == {"checkout", "unsorted"}
    assert not Incident.objects.exists()


def test_what_the_matrix_suggests_is_shown_as_soon_as_the_cell_is_known(send, slack, house):
    send("block_actions", breakage="everything")
    send("block_actions", breakage="everything", reach="some", view_id="V0002")
    first, second = (json.loads(asked["view"])["blocks"] for asked in slack.of("views.update"))

    assert "suggestion" not in [block["block_id"] for block in first]
    (told,) = (block for block in second if block["block_id"] == "suggestion")
    assert told["text"]["text"].startswith("The matrix suggests SEV2: everything, some")
    assert "every 30 min" in told["text"]["text"]


def test_the_sent_form_declares_with_the_severity_of_the_cell(send, house, alice):
    answer = send("view_submission", **FILLED, switches=["responding"]).json()

    made = Incident.objects.get()
    assert (made.title, made.service, made.severity.name, made.status) == (
        "Checkout fails",
        house,
        "SEV1",
        "active",
    )
    assert (made.acknowledged_by, made.created_by) == (alice, alice)
    assert answer["response_action"] == "update"
    assert made.reference in answer["view"]["blocks"][0]["text"]["text"]


def test_a_private_one_is_private_from_its_first_event(send, inc, house):
    send("view_submission", **FILLED, switches=["is_private"])

    assert Incident.objects.get().is_private
    assert inc("list", who="UBOB") == "No incident is open that you may see."


@pytest.mark.parametrize(
    ("change", "block", "sentence"),
    [
        ({"title": ""}, "title", "This field is required."),
        ({"service": "nowhere"}, "service", "There is no such service"),
        ({"reach": ""}, "breakage", "Choose a cell of the grid, or a severity."),
        ({"reach": "martians"}, "breakage", "Select a valid choice"),
        ({"severity": "SEV4"}, "reason", "Say in one sentence why you decide otherwise."),
    ],
    ids=str,
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_opened(send, house, change, block, sentence):
    answer = send("view_submission", **{**FILLED, **change}).json()

    assert answer["response_action"] == "errors"
    assert sentence in answer["errors"][block]
    assert not Incident.objects.exists()


def test_after_an_error_the_same_form_may_be_sent_again(send, house):
    send("view_submission", **{**FILLED, "severity": "SEV4"})
    send("view_submission", **{**FILLED, "severity": "SEV4"}, reason="Only a test shop")

    assert Incident.objects.get().severity.name == "SEV4"


def test_a_form_that_slack_sends_twice_opens_one_incident(send, house, clock):
    send("view_submission", **FILLED)
    clock.shift(3)
    assert send("view_submission", **FILLED).json() == {"response_action": "clear"}

    assert Incident.objects.count() == 1


def test_somebody_unknown_declares_nothing(send, house):
    answer = send("view_submission", who="UNOBODY", **FILLED).json()

    assert answer["response_action"] == "errors" and not Incident.objects.exists()


def test_another_apps_form_is_left_alone(send, house):
    assert send("view_submission", callback="other", **FILLED).json() == {}
    assert not Incident.objects.exists()


def test_where_slack_is_away_the_words_still_work(inc, slack, house, alice):
    inc("help")
    slack.is_away = True
    assert inc("declare") == "Slack did not answer Tocsin in time. Try again."
    inc("declare Checkout fails")

    assert Incident.objects.get().title == "Checkout fails"


def test_a_house_of_many_services_says_how_to_name_the_others(inc, slack, house):
    team = house.team
    Service.objects.bulk_create(
        Service(slug=f"service-{number}", name=f"Service {number}", team=team) for number in range(120)
    )
    inc("declare")

    (view,) = [json.loads(said["view"]) for said in slack.of("views.open")]
    (block,) = [one for one in view["blocks"] if one.get("block_id") == "service"]
    assert len(block["element"]["options"]) == 100 and "/inc declare <service>" in block["hint"]["text"]
