"""Each command of chat says the verb of the room, and a refusal is a sentence."""

import pytest

from accounts.actors import person
from accounts.models import Role as Rank
from chatops.commands import COMMANDS
from incidents import lifecycle, replay, roles
from incidents.models import Incident
from notifications.models import ChatRoom
from oncall.models import PageRun, Step

pytestmark = pytest.mark.django_db


def last(incident):
    return incident.timeline.order_by("-number").first()


def test_declare_opens_and_declares_about_the_service_that_the_title_names(inc, house, alice):
    answer = inc("declare Checkout fails for everyone")

    made = Incident.objects.get()
    assert (made.title, made.status, made.service, made.severity.name) == (
        "Checkout fails for everyone",
        "active",
        house,
        "SEV2",
    )
    assert (made.created_by, last(made).via) == (alice, "chat")
    assert made.reference in answer and f"#{made.channel_name}" in answer


def test_declare_takes_a_severity_first_and_without_a_service_the_catch_all(inc, house):
    inc("declare sev1 The site is down")

    made = Incident.objects.get()
    assert (made.title, made.severity.name, made.service.slug) == ("The site is down", "SEV1", "unsorted")


@pytest.mark.parametrize(
    "typed",
    [
        "sev1 checkout: Error rate 34 %",
        "sev1 Error rate 34 % service=checkout",
        "sev1 Checkout : Error rate 34 %",
    ],
)
def test_declare_takes_a_service_that_is_named(inc, house, typed):
    inc(f"declare {typed}")

    made = Incident.objects.get()
    assert (made.title, made.severity.name, made.service) == ("Error rate 34 %", "SEV1", house)


def test_declare_refuses_a_service_that_is_none_and_keeps_other_colons(inc, house):
    assert inc("declare Slow service=chekout") == "There is no service “chekout”."
    inc("declare Alarm: disk is full")
    assert Incident.objects.get().title == "Alarm: disk is full"


def test_a_longer_service_name_wins_over_one_that_it_contains(inc, house):
    api = type(house).objects.create(slug="checkout-api", name="Checkout API", team=house.team)
    inc("declare checkout-api answers 500")

    assert Incident.objects.get().service == api


def test_declare_without_a_title_asks_for_one(inc, house):
    assert inc("declare", trigger="") == "Say in one line what is wrong."
    assert not Incident.objects.exists()


def test_declare_with_a_number_declares_what_is_in_triage(inc, opened):
    waiting = opened()
    inc(f"declare {waiting.reference}")

    waiting.refresh_from_db()
    assert waiting.status == "active"


def test_ack_stops_the_pager(inc, opened, drain, alice):
    incident = opened(rank=1)
    drain()
    assert PageRun.objects.get().status == "running"
    answer = inc("ack")
    drain()

    incident.refresh_from_db()
    assert (incident.acknowledged_by, last(incident).via) == (alice, "chat")
    assert PageRun.objects.get().status == "acknowledged"
    assert answer.startswith(f"Acknowledged <{incident.url}|{incident.reference}> SEV1")


def test_ack_by_somebody_who_was_not_asked_says_who_still_is(inc, opened, drain, clock, root):
    Step.objects.filter(position=1).delete()  # Bob's.
    incident = opened(rank=1, actor=person(root))
    drain()
    policy = PageRun.objects.get().policy_name
    answer = inc("ack", who="UBOB")
    drain()
    assert PageRun.objects.get().status == "running"
    assert f"The on-call of {policy} (Alice) is still being asked" in answer

    said = incident.timeline.filter(kind="acknowledged")
    clock.shift(60)
    answer = inc("ack", who="UBOB")
    assert answer.startswith("You have acknowledged this already") and "still being asked" in answer
    assert said.count() == 1
    assert inc("ack").startswith("Acknowledged")
    drain()
    assert (said.count(), PageRun.objects.get().status) == (2, "acknowledged")

    Incident.objects.update(status="closed")
    assert "cknowledged" not in inc(f"{incident.reference} ack", who="UBOB")
    assert said.count() == 2


def test_sev_needs_a_reason_and_then_changes_it(inc, room):
    assert inc("sev sev1", channel_id="C0INC") == "Give a reason in one sentence; it stands on the timeline."
    assert "SEV9" in inc("sev SEV9 all of them", channel_id="C0INC")
    inc("sev sev1 all users now", channel_id="C0INC")

    room.refresh_from_db()
    assert (room.severity.name, last(room).text) == ("SEV1", "all users now")


@pytest.mark.parametrize("typed", ["ic", "incident_commander", "Incident Commander", "commander"])
def test_role_takes_a_chair_by_any_of_its_names(inc, room, alice, typed):
    answer = inc(f"role {typed}", channel_id="C0INC")

    assert roles.holders(room) == {"incident_commander": alice}
    assert "Incident Commander: Alice" in answer


@pytest.mark.parametrize("typed", ["<@UBOB|bob>", "<@UBOB>", "@bob", "bob@example.com"])
def test_role_gives_a_chair_to_somebody(inc, room, bob, typed):
    inc(f"role technical lead {typed}", channel_id="C0INC")

    assert roles.holders(room) == {"technical_lead": bob}


def test_role_refuses_two_chairs_at_sev1_and_alone_breaks_the_glass(inc, opened, alice):
    incident = opened(rank=1)
    inc("role ic")
    assert "may not be" in inc("role tl")
    inc("role tl alone")

    assert roles.holders(incident) == {"incident_commander": alice, "technical_lead": alice}
    assert incident.timeline.filter(kind="break_glass", actor=alice).exists()


def test_role_says_who_is_not_known(inc, room):
    assert "which role" in inc("role", channel_id="C0INC", trigger="")
    assert inc("role juggler", channel_id="C0INC").startswith("There is no role juggler.")
    assert "Nobody here is called @zoe." in inc("role ic @zoe", channel_id="C0INC")
    assert "no account" in inc("role ic <@UNOBODY>", channel_id="C0INC")


def test_two_people_of_one_name_are_never_mixed_up(inc, room, django_user_model):
    django_user_model.objects.create_user("bob@elsewhere.example", name="Bob", role=Rank.RESPONDER)

    assert "Several people are called @bob" in inc("role ic @bob", channel_id="C0INC")
    assert roles.holders(room) == {}


def test_update_reaches_the_timeline_in_plain_words(inc, room):
    inc("update Auth &amp; login: see <https://status.example|the page>, <@UBOB|bob>", channel_id="C0INC")

    assert last(room).kind == "update_posted"
    assert last(room).text == "Auth & login: see the page (https://status.example), @bob"


def test_mitigate_and_resolve_move_the_incident(inc, room):
    inc("mitigate Rolled back", channel_id="C0INC")
    room.refresh_from_db()
    assert (room.status, last(room).text) == ("mitigated", "Rolled back")
    answer = inc("resolve", channel_id="C0INC")

    room.refresh_from_db()
    assert room.status == "resolved"
    assert "postmortem" in answer
    assert "resolved" in inc("mitigate", channel_id="C0INC").lower()


def test_page_wakes_a_person_with_the_reason(inc, room, drain, bob):
    assert "reason" in inc("page @bob", channel_id="C0INC")
    inc("page <@UBOB> You know the cache", channel_id="C0INC")
    drain()

    run = PageRun.objects.get(reason="manual")
    assert (run.note, [page.user for page in run.pages.all()]) == ("You know the cache", [bob])
    assert "Nobody is called" in inc("page nowhere please", channel_id="C0INC")
    assert "whom" in inc("page", channel_id="C0INC")


def test_note_writes_on_the_timeline(inc, room, alice):
    inc("note INC-999 looked the same", channel_id="C0INC", channel=room.channel_name)

    assert (last(room).kind, last(room).text, last(room).actor) == (
        "note_added",
        "INC-999 looked the same",
        alice,
    )
    assert inc("note", channel_id="C0INC") == "Write the note first."


def test_who_and_status_say_what_is_true_and_change_nothing(inc, room, alice):
    lifecycle.post_update(room.pk, actor=person(alice), text="Still <looking>.")
    before = room.timeline.count()
    who, status = inc("who", channel_id="C0INC"), inc("status", channel_id="C0INC")

    assert "Incident Commander: nobody yet" in who and "On call:" in who
    assert "[UPDATE 14:00] Still &lt;looking&gt;." in status
    assert room.timeline.count() == before


def test_status_lists_what_is_open_where_several_are(inc, opened):
    one, other = opened(title="One"), opened(rank=1, title="Other")

    assert [line.partition("|")[2][:5] for line in inc("status").splitlines()] == [
        other.reference,
        one.reference,
    ]


def test_status_of_a_quiet_house_says_so(inc, house):
    assert inc("status") == "No incident is open that you may see."


@pytest.mark.parametrize("typed", ["help", "", "HELP"])
def test_help_names_every_command(inc, house, typed):
    answer = inc(typed)

    assert all(f"`/inc {name}" in answer for name in COMMANDS)


def test_an_unknown_command_leads_to_help(inc, house):
    assert inc("explode") == "There is no command “explode”. “/inc help” lists them."


@pytest.mark.parametrize("typed", ["{ref} ack", "ack {ref}", "{low} ack"])
def test_elsewhere_the_number_says_which(inc, opened, typed):
    incident, other = opened(), opened()
    assert inc("ack").startswith("Several incidents are open.")
    inc(typed.format(ref=incident.reference, low=incident.reference.lower()))

    incident.refresh_from_db()
    other.refresh_from_db()
    assert incident.acknowledged_at and not other.acknowledged_at


def test_in_a_channel_its_own_incident_is_meant(inc, room, opened):
    other = opened()
    inc("note by name", channel=room.channel_name, channel_id="C0OTHER")
    # Slack calls every private channel so; the id says which it is.
    inc("note by id", channel="privategroup", channel_id="C0INC")

    texts = list(room.timeline.filter(kind="note_added").values_list("text", flat=True))
    assert texts == ["by name", "by id"]
    assert not other.timeline.filter(kind="note_added").exists()


@pytest.mark.parametrize("channel", ["", "privategroup"])
def test_in_a_channel_another_incident_is_acknowledged_by_its_number_and_mentioned_in_a_text(
    inc, room, opened, channel
):
    other = opened()
    inc(f"ack {other.reference}", channel_id="C0INC", channel=channel)
    inc(f"note {other.reference} looks the same", channel_id="C0INC", channel=channel)
    inc(f"{other.reference} note said there", channel_id="C0INC", channel=channel)

    room.refresh_from_db()
    assert room.acknowledged_at is None and other.timeline.filter(kind="acknowledged").exists()
    assert last(room).text == f"{other.reference} looks the same"
    assert last(other).text == "said there"


def test_a_title_may_begin_with_a_number(inc, room):
    inc(f"declare {room.reference} is back")

    assert Incident.objects.first().title == f"{room.reference} is back"


def test_a_number_that_is_none_is_said(inc, room):
    assert inc("INC-999 ack") == "There is no INC-999."
    assert inc("INC-999999999999 ack") == "There is no INC-999999999999."


def test_a_viewer_declares_but_does_not_act(inc, room):
    assert "This needs the role responder" in inc("ack", who="UVERA", channel_id="C0INC")
    assert inc("declare Reports are slow", who="UVERA").startswith("Declared")


def test_a_private_incident_is_nothing_to_others(inc, opened, bob):
    secret = opened(title="Somebody reads our mail", actor=person(bob), declare=True, is_private=True)
    ChatRoom.objects.create(incident=secret, channel_id="C0SECRET", name=secret.channel_name)

    for typed in (f"{secret.reference} status", f"ack {secret.reference}"):
        assert inc(typed) == f"There is no {secret.reference}."
    assert inc("status") == "No incident is open that you may see."
    assert inc("ack").startswith("No incident is open.")
    assert "Somebody reads our mail" in inc("status", who="UBOB")
    secret.refresh_from_db()
    assert secret.acknowledged_at is None


def test_what_is_said_in_a_private_channel_never_reaches_another_incident(inc, opened, bob):
    secret = opened(title="Secret", actor=person(bob), declare=True, is_private=True)
    ChatRoom.objects.create(incident=secret, channel_id="C0SECRET", name=secret.channel_name)
    public = opened(title="Public")
    count = public.timeline.count()

    for place in ({"channel_id": "C0SECRET"}, {"channel": secret.channel_name}):
        answer = inc("note the mail of Mallory", **place)
        assert answer == "This channel belongs to no incident that you may see."
    assert public.timeline.count() == count


@pytest.mark.parametrize("verb", ["update", "note", "mitigate", "resolve", "declare"])
def test_a_text_that_is_too_long_changes_nothing(inc, room, verb):
    before = room.timeline.count()

    assert "longer than" in inc(f"{verb} {'x' * 4001}", channel_id="C0INC")
    assert room.timeline.count() == before and Incident.objects.count() == 1


def test_what_no_database_keeps_is_refused(inc, room):
    before = room.timeline.count()

    assert "cannot be stored" in inc("note a\x00b", channel_id="C0INC")
    assert room.timeline.count() == before


def test_what_people_wrote_cannot_mention_the_channel(inc, opened):
    opened(title="<!channel> wake up")

    assert "<!channel>" not in inc("status") + inc("explode<!channel>") + inc("INC-1 sev <!channel> x")


def test_a_sev2_by_chat_alone_ends_in_the_events_of_the_verbs(inc, opened, alice, bob, drain):
    by_verbs = opened(rank=3)
    chat = opened(rank=3)
    a = person(alice)
    lifecycle.acknowledge(by_verbs.pk, actor=a)
    sev2 = type(by_verbs.severity).objects.get(rank=2)
    lifecycle.set_severity(by_verbs.pk, actor=a, severity=sev2, reason="logins too")
    lifecycle.declare(by_verbs.pk, actor=a)
    roles.take(by_verbs.pk, actor=a, role_slug="incident_commander")
    roles.take(by_verbs.pk, actor=a, role_slug="technical_lead", user_id=bob.pk)
    lifecycle.post_update(by_verbs.pk, actor=a, text="Looking")
    lifecycle.mitigate(by_verbs.pk, actor=a, text="Rolled back")
    lifecycle.resolve(by_verbs.pk, actor=a, text="Fixed")
    for typed in (
        "ack",
        "sev SEV2 logins too",
        "declare",
        "role ic",
        "role tl <@UBOB>",
        "update Looking",
        "mitigate Rolled back",
        "resolve Fixed",
    ):
        inc(f"{chat.reference} {typed}")

    def told(incident):
        rows = incident.timeline.order_by("number").values("kind", "text", "actor")
        return [tuple(row.values()) for row in rows]

    assert told(chat) == told(by_verbs)
    assert set(chat.timeline.exclude(actor=None).values_list("via", flat=True)) == {"chat"}
    chat.refresh_from_db()
    by_verbs.refresh_from_db()
    assert (chat.status, chat.severity, chat.has_postmortem_duty) == ("resolved", sev2, True)
    assert list(replay.check_all()) == []
