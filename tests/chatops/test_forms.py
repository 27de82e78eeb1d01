"""The forms of the room in Slack: the browser's own fields, checks, verbs and refusals."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from accounts.actors import person
from accounts.models import Role
from catalog.models import Service
from chatops import forms, saying
from chatops.asked import Asked
from chatops.commands import COMMANDS
from chatops.places import Place
from incidents import lifecycle, people, roles
from incidents.doorways import DOORS
from incidents.models import Severity
from tests.chatops.conftest import buttons
from tests.standins.slack import TEAM, TRIGGER_LIVES

pytestmark = pytest.mark.django_db
HERE = {"channel_id": "C0INC"}
CLEAR = {"response_action": "clear"}


def last(incident):
    return incident.timeline.order_by("-number").first()


def shown(slack):
    view = json.loads(slack.of("views.open")[-1]["view"])
    return view, {block["block_id"]: block for block in view["blocks"] if "block_id" in block}


def test_severity_by_form(inc, filled, slack, room):
    assert inc("sev", **HERE) == "The form is open."
    view, fields = shown(slack)
    assert fields["severity"]["element"]["initial_option"]["text"]["text"] == "SEV2"
    assert (view["title"]["text"], view["private_metadata"]) == ("Change severity", f"severity {room.number}")
    sev1 = Severity.objects.get(rank=1)
    assert filled(severity=str(sev1.pk), reason="All users now") == CLEAR

    room.refresh_from_db()
    assert (room.severity, last(room).text, last(room).via) == (sev1, "All users now", "chat")


def test_scope_by_form_reaches_services_too(inc, filled, room, house):
    other = Service.objects.create(slug="mail", name="Mail", team=house.team)
    inc("scope", **HERE)
    assert "Ensure" in filled(users_affected_share="140")["errors"]["users_affected_share"]
    filled(users_affected_share="12.5", services=[str(house.pk), str(other.pk)], note="EU only")

    room.refresh_from_db()
    assert str(room.users_affected_share) == "12.50"
    assert [row.service for row in room.service_rows.order_by("position")] == [house, other]
    assert room.service == house


def test_scope_keeps_its_services_where_slack_cannot_list_them_all(inc, filled, slack, room, house):
    for number in range(120):
        Service.objects.create(slug=f"s{number}", name=f"S{number}", team=house.team)
    inc("scope", **HERE)
    assert "services" not in shown(slack)[1]
    filled(users_affected="7")

    assert [row.service for row in room.service_rows.all()] == [house]


def test_a_chair_by_form_is_for_a_person_of_slacks(inc, filled, slack, room, bob):
    inc("role", **HERE)
    assert shown(slack)[1]["user"]["element"]["type"] == "users_select"
    assert "no account" in filled(role="technical_lead", user="UNOBODY")["errors"]["user"]
    assert filled(role="technical_lead", user="UBOB", brief="Logs are there") == CLEAR

    assert roles.holders(room) == {"technical_lead": bob} and last(room).text == "Logs are there"


def test_an_update_by_form_promises_the_next_one(inc, filled, room, clock):
    inc("update", **HERE)
    assert filled(text="Still looking\nat it", next_in="10") == CLEAR

    assert last(room).text == "Still looking\nat it"
    due = room.deadlines.get(kind="internal_update", stopped_at=None).due_at
    assert due - last(room).at == timedelta(minutes=10)


def test_snooze_by_form(inc, filled, room):
    due = room.deadlines.get(kind="internal_update").due_at
    inc("snooze", **HERE)
    filled(clock="internal_update", minutes="10", reason="Waiting for the vendor")

    assert room.deadlines.get(kind="internal_update").due_at - due == timedelta(minutes=10)


def test_details_by_form_change_only_what_was_changed(inc, filled, slack, room, clock):
    lifecycle_start = room.started_at
    inc("details", **HERE)
    assert shown(slack)[1]["title"]["element"]["initial_value"] == "Checkout fails"
    filled(title="Checkout fails in the EU", reason="Known now")

    room.refresh_from_db()
    assert (room.title, room.started_at) == ("Checkout fails in the EU", lifecycle_start)
    clock.shift(60)
    inc("details", **HERE)
    filled(title="Checkout fails in the EU", started_at="13:50", provenance="reported", reason="A customer")
    room.refresh_from_db()
    assert f"{room.started_at:%H:%M}" == "13:50"


def test_an_event_is_chosen_by_its_words_and_corrected(inc, filled, slack, room, clock):
    inc("note Restarted at two", **HERE)
    number = last(room).number
    inc("correct", **HERE)
    options = shown(slack)[1]["event_number"]["element"]["options"]
    assert options[0]["text"]["text"].startswith(f"#{number} 14:00 Note")
    clock.shift(600)
    assert filled(event_number=str(number), at="14:05", text="Restarted at five past", reason="Typo") == CLEAR

    assert (last(room).kind, last(room).text) == ("corrected", "Restarted at five past\n\nTypo")


def test_an_event_is_redacted_by_form_and_no_longer_offered(inc, filled, slack, room):
    inc("note The password is hunter2", **HERE)
    number = last(room).number
    inc("redact", **HERE)
    assert "required" in filled(event_number=str(number))["errors"]["reason"]
    filled(event_number=str(number), reason="A password was pasted")
    inc("redact", **HERE)

    offered = shown(slack)[1]["event_number"]["element"]["options"]
    assert str(number) not in [option["value"] for option in offered]
    assert room.timeline.get(number=number).text == ""


def test_mitigated_at_another_time_by_the_summarys_button(press, filled, slack, room, clock):
    clock.shift(1_200)
    press({"type": "button", "action_id": "say:mitigate", "value": str(room.number)})
    assert shown(slack)[0]["blocks"][0]["text"]["text"].startswith(f"*{room.reference}* Checkout fails")
    filled(text="Rolled back", at="14:10", started_at="13:58")

    room.refresh_from_db()
    assert (f"{room.mitigated_at:%H:%M}", f"{room.started_at:%H:%M}") == ("14:10", "13:58")


@pytest.mark.parametrize(
    "name", sorted({row.form for row in COMMANDS.values() if row.form} | set(saying._ASKS))
)
def test_every_form_is_one_that_slack_takes_whatever_people_wrote(slack, opened, bob, name):
    incident = opened(title="<&>" * 60, actor=person(bob), declare=True)
    lifecycle.post_update(incident.pk, actor=person(bob), text="<&>" * 1_300)
    asked = Asked(bob, TEAM, Place("C0INC"), number=incident.number, trigger_id=slack.trigger())

    assert forms.ask(asked, name) == "The form is open."


def test_a_form_asked_for_too_late_is_said(inc, press, slack, room, clock):
    trigger = slack.trigger()
    clock.shift(TRIGGER_LIVES.total_seconds() + 1)

    assert inc("sev", trigger=trigger, **HERE) == "Slack refused: expired_trigger_id."


def test_without_a_trigger_the_words_are_asked_for(inc, room):
    assert "reason" in inc("sev sev1", trigger="", **HERE)
    assert "opens a form" in inc("details", trigger="", **HERE)


def test_a_viewer_and_a_stranger_fill_in_nothing(inc, filled, room, alice, bob):
    inc("redact", who="UVERA", **HERE)
    assert "role responder" in filled(who="UVERA", event_number="1", reason="x")["errors"]["event_number"]
    inc("redact", **HERE)
    people.make_private(room.pk, actor=person(bob), reason="names")
    refused = filled(event_number="1", reason="x")["errors"]["event_number"]

    assert refused == f"There is no {room.reference}."
    assert room.timeline.get(number=1).redacted_at is None


def test_of_a_private_incident_no_form_opens_for_others(inc, press, slack, opened, bob):
    secret = opened(title="Mallory", actor=person(bob), is_private=True)
    assert inc(f"{secret.reference} details") == f"There is no {secret.reference}."
    said = press({"type": "button", "action_id": "say:update", "value": str(secret.number)})

    assert said == f"There is no {secret.reference}." and slack.of("views.open") == []


def test_a_task_list_of_another_incident_is_not_shown_to_strangers(press, opened, bob):
    secret = opened(title="Mallory", actor=person(bob), is_private=True)
    for name in ("task", "mitigation", "runbook"):
        said = press({"type": "button", "action_id": f"say:{name}", "value": f"{secret.number} "})
        assert said == f"There is no {secret.reference}."
    assert buttons({}) == {}


@pytest.mark.parametrize("role", list(Role))
def test_no_form_says_whether_a_private_incident_is_there(post, opened, alice, bob, role, slack):
    secret = opened(title="Mallory", actor=person(bob), is_private=True)
    alice.role = role
    alice.save()
    before, answers = secret.timeline.count(), []
    for name in sorted(DOORS):
        for number in (secret.number, 999_999):
            view = {"id": f"V{name}", "callback_id": "say", "private_metadata": f"{name} {number}"}
            payload = {
                "type": "view_submission",
                "team": {"id": TEAM},
                "user": {"id": "UALICE"},
                "view": view,
            }
            said = post("interactive", urlencode({"payload": json.dumps(payload)})).json()
            answers.append(said["errors"]["text"].replace(str(number), "N"))

    assert set(answers) == {"There is no INC-N."}
    assert secret.timeline.count() == before
