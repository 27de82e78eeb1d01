"""What needs something to point at: mitigations, steps, events and tasks, by buttons and by words."""

import json

import pytest

from accounts.actors import person
from accounts.models import Role
from catalog.models import Mitigation, Runbook, Service
from chatops import blocks
from incidents import lifecycle, mitigating, people, replay, roles, runbooks, todos
from incidents.models import Incident, IncidentMember
from notifications.models import ChatRoom
from oncall.models import PageRun
from tests.chatops.conftest import NOON, buttons

pytestmark = pytest.mark.django_db
HERE = {"channel_id": "C0INC"}


def last(incident):
    return incident.timeline.order_by("-number").first()


def texts(said):
    return "\n".join(block["text"]["text"] for block in said.get("blocks", []) if "text" in block)


@pytest.fixture
def rollback(house):
    return Mitigation.objects.create(
        slug="rollback",
        service=house,
        name="Roll back",
        command="kubectl rollout undo deploy/<name>",
        risk="Loses the new columns",
        undo="Deploy again",
    )


@pytest.fixture
def restart(house):
    return Mitigation.objects.create(slug="restart", name="Restart", position=1)


@pytest.fixture
def book(house):
    body = "Read this first.\n- [ ] Look at the pool\n- [ ] Restart <one> pod\n"
    return Runbook.objects.create(service=house, title="Pool is full", body=body)


# The catalogue ------------------------------------------------------------------------------------


def test_the_catalogue_says_what_worked_last_time_its_risk_and_the_way_back(
    inc, room, opened, rollback, restart, alice, bob
):
    before = opened(title="Before")
    attempt = mitigating.start(before.pk, actor=person(alice), mitigation_id=rollback.pk)
    mitigating.finish(before.pk, actor=person(alice), attempt_id=attempt.pk, outcome="helped")
    secret = opened(title="Secret", actor=person(bob), is_private=True)
    hidden = mitigating.start(secret.pk, actor=person(bob), mitigation_id=restart.pk)
    mitigating.finish(secret.pk, actor=person(bob), attempt_id=hidden.pk, outcome="helped")
    said = inc.whole("mitigation", **HERE)
    told = texts(said)

    assert f"*#{rollback.pk} Roll back* Helped in {before.reference}." in told
    assert "Risk: Loses the new columns Undo: Deploy again" in told
    assert "```kubectl rollout undo deploy/checkout```" in told
    assert secret.reference not in told and told.index("Roll back") < told.index("Restart")
    assert list(buttons(said)) == ["Tried it"]


def test_a_mitigation_is_tried_and_its_outcome_noted_by_buttons_alone(inc, press, slack, room, rollback):
    press(buttons(inc.whole("mitigation", **HERE))["Tried it"])
    shown = slack.of("chat.postEphemeral")[-1]
    ends = buttons({"blocks": json.loads(shown["blocks"])})
    assert list(ends) == ["Helped", "Did not help", "Made it worse"]
    assert press(ends["Helped"]).startswith("Roll back: helped.")

    attempt = room.attempts.get()
    assert (attempt.mitigation, attempt.outcome, attempt.by_label) == (rollback, "helped", "Alice")
    assert [row.get("outcome") for row in room.timeline.filter(kind="mitigation_tried")] == [
        "started",
        "helped",
    ]
    assert last(room).via == "chat"


@pytest.mark.parametrize("which", ["{pk}", "#{pk}", "rollback", "Roll back"])
def test_a_mitigation_is_tried_by_words_also_for_somebody_else(inc, room, rollback, which):
    assert "is being tried by Bob" in inc(f"mitigation try {which.format(pk=rollback.pk)} @bob", **HERE)
    assert "worse" in inc("mitigation worse", **HERE)

    assert room.attempts.get().outcome == "made_worse"
    assert inc("mitigation helped", **HERE) == "There is no such attempt."


def test_what_is_unclear_is_asked_for_and_changes_nothing(inc, room, rollback, restart):
    assert "“mitigation” lists them" in inc("mitigation try", **HERE)
    assert "is called “magic”" in inc("mitigation try magic", **HERE)
    assert inc("mitigation try 999999", **HERE) == "There is no such mitigation."
    assert "mitigation try 7" in inc("mitigation dance", **HERE)
    inc("mitigation try rollback", **HERE)
    inc("mitigation try restart", **HERE)

    assert "Several are being tried" in inc("mitigation helped", **HERE)
    assert set(room.attempts.values_list("outcome", flat=True)) == {"started"}


def test_a_commander_keeps_their_hands_off_in_chat_too(inc, opened, rollback, alice):
    incident = opened(rank=1, declare=True)
    roles.take(incident.pk, actor=person(alice), role_slug="incident_commander")

    assert "is being tried" not in inc("mitigation try rollback")
    assert not incident.attempts.exists()


def test_half_a_command_is_never_shown(inc, room, house):
    Mitigation.objects.create(slug="long", service=house, name="Long", command="&" * 1_500)
    told = texts(inc.whole("mitigation", **HERE))

    assert "Its command is in the room." in told and "&amp;" not in told


def test_a_long_catalogue_stays_within_what_slack_takes(inc, room, house):
    for number in range(60):
        Mitigation.objects.create(
            slug=f"m{number}", service=house, name=f"{number} " + "<&>" * 30, risk="&" * 500, undo=">" * 500
        )
    said = inc.whole("mitigation", **HERE)

    assert "more: <" in texts(said) and len(said["blocks"]) <= 50


def test_a_house_without_a_catalogue_says_so(inc, room):
    assert "The catalogue has nothing for this service." in inc("mitigation", **HERE)


# Runbooks -----------------------------------------------------------------------------------------


def test_steps_are_ticked_and_cleared_by_buttons(inc, press, slack, room, book):
    said = inc.whole("runbook", **HERE)
    assert "*1. Pool is full* 0 of 2 done" in texts(said)
    assert "☐ 1.2 Restart &lt;one&gt; pod" in texts(said)
    press(buttons(said)["Done"])
    again = {"blocks": json.loads(slack.of("chat.postEphemeral")[-1]["blocks"])}
    assert "☑ 1.2 Restart &lt;one&gt; pod _Alice 14:00_" in texts(again)
    press(buttons(again)["Undo"])

    ticks = [(row.text, row.get("done")) for row in room.timeline.filter(kind="runbook_step")]
    assert ticks == [("Restart <one> pod", True), ("Restart <one> pod", False)]


@pytest.mark.parametrize("step", ["1.1", "1"])
def test_a_step_is_ticked_by_its_place(inc, room, book, step):
    assert "☑ 1.1 Look at the pool" in texts(inc.whole(f"runbook done {step}", **HERE))
    inc(f"runbook undo {step}", **HERE)

    assert runbooks.opened(room)[0].done == 0


def test_a_step_that_is_not_there_is_said(inc, room, book):
    for typed in ("runbook done 1.9", "runbook done 7.1", "runbook done 1.0"):
        assert "No runbook has such a step" in inc(typed, **HERE)
    assert "Say which step" in inc("runbook done all", **HERE)
    assert "runbook done 1.3" in inc("runbook dance", **HERE)
    assert "no longer has this step" in inc(f"runbook done {book.pk}:gone-1", **HERE)
    assert not room.timeline.filter(kind="runbook_step").exists()


def test_a_runbook_of_another_service_cannot_be_ticked_here(inc, room, house):
    other = Service.objects.create(slug="other", name="Other", team=house.team)
    foreign = Runbook.objects.create(service=other, title="T", body="- [ ] Look")
    key = next(line.block.step.key for line in runbooks.opened(_at(other))[0].steps)

    assert "No service of this incident has such a runbook." in inc(
        f"runbook done {foreign.pk}:{key}", **HERE
    )


def _at(service):
    from accounts.actors import system
    from incidents.models import Severity

    return lifecycle.open_incident(
        title="Other", actor=system(), service_ids=[service.pk], severity=Severity.objects.get(rank=3)
    )


def test_a_runbook_of_a_hundred_steps_is_cut_where_slack_stops(inc, room, house):
    lines = "\n".join(f"- [ ] Step {number} {'&' * 100}" for number in range(100))
    Runbook.objects.create(service=house, title="Long", body=lines)
    said = inc.whole("runbook", **HERE)

    assert len(said["blocks"]) <= 50 and "more: <" in texts(said)


def test_runbooks_kept_elsewhere_are_links(inc, room, house):
    Runbook.objects.create(service=house, title="Wiki <b>", url="https://wiki.example.com/a|b")

    assert "<https://wiki.example.com/a%7Cb|Wiki &lt;b&gt;>" in texts(inc.whole("runbook", **HERE))


def test_where_there_is_no_runbook_that_is_said(inc, room):
    assert "No service of this incident has a runbook." in inc("runbook", **HERE)


# Lists that are pressed ---------------------------------------------------------------------------


def test_a_list_that_was_pressed_is_replaced_and_one_from_elsewhere_is_whispered(
    inc, press, slack, room, book
):
    done = buttons(inc.whole("runbook", **HERE))["Done"]
    hook = f"{slack.url.rstrip('/')}/respond"
    press(done, container={"is_ephemeral": True}, response_url=hook)
    (replaced,) = slack.replaced
    assert not replaced["is_new"] and "1 of 2 done" in texts(replaced)
    assert slack.of("chat.postEphemeral") == []
    press(buttons(replaced)["Undo"], container={"is_ephemeral": True}, response_url="http://169.254.169.254/")

    assert len(slack.replaced) == 1 and len(slack.of("chat.postEphemeral")) == 1


def test_a_refusal_leaves_the_list_that_was_pressed(inc, press, slack, room, rollback):
    tried = buttons(inc.whole("mitigation", **HERE))["Tried it"]
    hook = f"{slack.url.rstrip('/')}/respond"

    said = press(tried, who="UVERA", container={"is_ephemeral": True}, response_url=hook)
    assert "role responder" in said and slack.replaced == [] and not room.attempts.exists()


def test_where_slack_does_not_take_the_new_list_it_is_whispered(inc, press, slack, room, book):
    done = buttons(inc.whole("runbook", **HERE))["Done"]
    slack.fail(500)

    press(done, container={"is_ephemeral": True}, response_url=f"{slack.url}respond")
    assert len(slack.of("chat.postEphemeral")) == 1 and runbooks.opened(room)[0].done == 1


def test_tasks_are_ended_by_their_buttons_and_given_by_words(inc, press, slack, room, alice, bob):
    one = todos.add(room.pk, actor=person(alice), text="Look at <the> logs")
    said = inc.whole(f"task give {one.pk} @bob", **HERE)
    assert f"#{one.pk} Look at &lt;the&gt; logs (Bob)" in texts(said)
    assert room.tasks.get().owner == bob
    inc(f"task give #{one.pk}", **HERE)
    assert room.tasks.get().owner is None
    press(buttons(said)["Done"])

    assert room.tasks.get().outcome == "done"
    assert "No task is open." in slack.of("chat.postEphemeral")[-1]["text"]


def test_a_button_of_an_old_message_or_of_a_made_up_name_says_no_other_command(press, slack, room):
    for name, value in (
        ("dismiss", f"{room.number} x"),
        ("private", f"{room.number} x"),
        ("task", "x done 1"),
    ):
        press({"type": "button", "action_id": f"say:{name}", "value": value})

    assert [said["text"] for said in slack.of("chat.postEphemeral")] == [
        "This button is too old. Type /inc help."
    ]
    assert Incident.objects.get(pk=room.pk).status == "active"


# The timeline -------------------------------------------------------------------------------------


def test_the_timeline_shows_numbers_oldest_first_and_hides_what_is_redacted(inc, room, clock):
    inc("note The password is hunter2", **HERE)
    number = last(room).number
    assert f"`#{number}` 14:00 Note" in inc("timeline", **HERE)
    assert "gone" in inc(f"redact #{number} A password was pasted", **HERE)
    told = inc("timeline 50", **HERE)

    assert "hunter2" not in told and "(redacted)" in told
    shown = [int(line.split("`")[1][1:]) for line in told.splitlines()[1:]]
    assert shown == sorted(shown) and shown[0] == 1
    assert "how many events" in inc("timeline all", **HERE)


def test_a_timeline_of_long_words_fits_into_one_answer_with_the_newest(inc, room):
    for number in range(30):
        inc(f"note {number} {'&amp;' * 300}", **HERE)
    told = inc("timeline 50", **HERE)

    assert len(told) <= 3_800 and "29 &amp;" in told
    assert not told.replace("&amp;", "").count("&")


def test_a_time_is_corrected_by_the_askers_own_watch(inc, room, alice, clock):
    inc("mitigate Rolled back", **HERE)
    number = last(room).number
    alice.time_zone = "Europe/Copenhagen"
    alice.save()
    clock.shift(1_800)
    said = inc(f"correct {number} 15:10 The clock of the log was wrong", **HERE)

    room.refresh_from_db()
    assert f"Event {number} is corrected" in said
    assert f"{room.mitigated_at:%H:%M}" == "14:10" and last(room).text == "The clock of the log was wrong"
    assert inc(f"correct {number} 2024-01-22 15:20 Again", **HERE)
    room.refresh_from_db()
    assert f"{room.mitigated_at:%H:%M}" == "14:20" and list(replay.check_all()) == []


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("correct x 14:00 why", "Say which event"),
        ("correct 1 soon why", "Give the time"),
        ("correct 1 13:00", "reason"),
        ("correct 999 14:00 why", "There is no event 999"),
        ("redact all of it", "Say which event"),
        ("redact 1", "reason"),
        ("redact 999 why", "There is no event 999"),
    ],
)
def test_what_cannot_be_corrected_or_redacted_is_said(inc, room, typed, why):
    before = room.timeline.count()

    assert why in inc(typed, **HERE)
    assert room.timeline.count() == before


def test_recap_tells_it_in_sentences(inc, room):
    assert "Checkout fails" in inc("recap", **HERE)


# People, relatives, drills, pages -----------------------------------------------------------------


def test_somebody_is_let_into_a_private_incident_and_only_there(inc, opened, slack, alice, bob, vera):
    secret = opened(title="Mallory reads our mail", actor=person(bob), declare=True, is_private=True)
    ChatRoom.objects.create(incident=secret, channel_id="C0SECRET", name=secret.channel_name)
    assert inc(f"{secret.reference} people @alice") == f"There is no {secret.reference}."
    assert inc("people @alice", who="UBOB", channel_id="C0SECRET").endswith("Its people: Bob, Alice.")

    assert "Mallory" in inc(f"{secret.reference} status")
    assert inc(f"{secret.reference} people", who="UVERA") == f"There is no {secret.reference}."
    assert IncidentMember.objects.filter(incident=secret, user=alice, why="added").exists()


def test_people_of_an_open_incident_are_named_and_that_all_may_read_it(inc, room):
    assert "everybody here may read it" in inc("people", **HERE)


def test_unprivate_is_for_managers(inc, room, alice, bob):
    people.make_private(room.pk, actor=person(alice), reason="names")
    assert "role manager" in inc("unprivate Nothing secret in it", **HERE)
    alice.role = Role.MANAGER
    alice.save()
    inc("unprivate Nothing secret in it", **HERE)

    room.refresh_from_db()
    assert not room.is_private and last(room).text == "Nothing secret in it"


@pytest.mark.parametrize(
    ("typed", "relation"), [("", "related"), ("related ", "related"), ("parent ", "parent")]
)
def test_two_incidents_are_linked_and_a_private_one_is_not_there(inc, room, opened, bob, typed, relation):
    other = opened(title="The network is down")
    secret = opened(title="Secret", actor=person(bob), is_private=True)
    assert inc(f"link {typed}{secret.reference}", **HERE) == f"There is no {secret.reference}."
    assert "Say which other one" in inc(f"link {typed}", **HERE)
    assert other.reference in inc(f"link {typed}{other.reference}", **HERE)

    room.refresh_from_db()
    assert (last(room).get("relation"), last(room).get("other")) == (relation, other.number)
    assert (room.parent == other) == (relation == "parent")


def test_a_drill_ends_with_a_reason(inc, opened):
    drill = opened(is_drill=True)
    assert "reason" in inc(f"{drill.reference} enddrill")
    assert inc(f"{drill.reference} enddrill A real page came").startswith("The drill is over")

    drill.refresh_from_db()
    assert drill.status == "dismissed"


def test_a_page_is_escalated_and_handed_on(inc, opened, drain, bob, django_user_model):
    incident = opened(rank=1)
    carol = django_user_model.objects.create_user("carol@example.com", name="Carol", role="responder")
    assert inc("escalate") == "Nobody was paged for it."
    drain()
    assert inc("escalate").startswith("The next in line is asked now")
    assert PageRun.objects.get().pages.filter(user=bob).exists()
    assert "Say to whom" in inc("hand soon")
    assert inc("hand @carol").startswith("Carol is asked now")

    handed = PageRun.objects.filter(incident=incident).order_by("-pk").first()
    assert (handed.reason, [page.user for page in handed.pages.all()]) == ("handed", [carol])


def test_a_viewer_points_at_nothing(inc, room, rollback, book, bob):
    before = room.timeline.count()
    step = runbooks.opened(room)[0].steps[0].block.step.key
    for typed in (
        "mitigation try rollback", "mitigation helped", f"runbook done {book.pk}:{step}", "correct 1 14:00 x",
        "redact 1 x", "link INC-1", "people @bob", "enddrill x", "escalate", "hand @bob",
    ):  # fmt: skip
        assert "responder" in inc(typed, who="UVERA", **HERE) or typed.startswith("link"), typed

    assert room.timeline.count() == before and room.timeline.get(number=1).redacted_at is None


# Bounds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["&" * 100, "a&" * 60, "x" * 100, "<>" * 40, "ok"])
def test_a_text_is_cut_between_letters_and_never_within_an_escape(text):
    found = blocks.cut(text, 61)

    assert len(found) <= 61
    assert found.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&") == 0


def test_the_clock_of_these_tests_is_a_monday():
    assert NOON.weekday() == 0
