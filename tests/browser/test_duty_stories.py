"""On-call as people use it, click by click; what the database and the mail folder say afterwards."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import expect

from accounts.actors import system
from catalog.models import Service
from incidents import lifecycle
from incidents.kinds import EventKind
from incidents.models import Severity
from notifications import bounces, canary, contacts, delivery, resting, returnpath
from notifications.models import ContactMethod, Reach
from oncall.models import Coverage, Override, Page, PageRun, PastLayer, Policy, Step, Swap, Target
from tests.browser.duty import everything, in_all_shapes, mails, monday_after_next, team_of, text, turns
from tests.lib.test_dsn import POSTFIX

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _mail_folder(settings, tmp_path):
    settings.MAIL_DIR = tmp_path / "mail"
    settings.MAILERS = {"default": {"BACKEND": "notifications.mailfiles.EmlBackend"}}


@pytest.fixture
def monday():
    return monday_after_next(now().date())


@pytest.fixture
def team(defaults, mona, alice, bob, carol):
    return team_of(mona, alice, bob, carol)


@pytest.fixture
def primary(team, alice, bob, monday):
    """Alice and Bob by turns, a day each; Alice has Monday after next."""
    return turns("Primary", alice, bob, first_day=monday - 28 * DAY, team=team)


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def test_shifts_move_by_form_by_swap_and_by_file(
    enter, live_server, primary, alice, bob, carol, mona, monday, faults, drain, tmp_path
):
    # Alice gives a night away by the form.
    page = enter(alice)
    page.goto(live_server.url + reverse("oncall:override"))
    page.get_by_label("Who stands in").select_option(label="Carol")
    page.get_by_label("From").fill(f"{monday}T20:00")
    page.get_by_label("Until").fill(f"{monday + DAY}T08:00")
    page.get_by_label("Why").fill("At the opera")
    in_all_shapes(page, "story-override", faults)
    page.get_by_role("button", name="Add override").click()
    expect(page.get_by_text("The override stands.")).to_be_visible()
    made = Override.objects.get()
    assert (made.user, made.start, made.note) == (carol, at(monday, 20), "At the opera")

    # She offers a shift of hers to Bob for one of his; nothing changes before he accepts.
    page.goto(
        f"{live_server.url}{reverse('oncall:swap')}?schedule={primary.pk}"
        f"&start={monday + 2 * DAY}T09:00&end={monday + 3 * DAY}T09:00"
    )
    page.get_by_label("Who should take it").select_option(label="Bob")
    page.get_by_label("In return you take theirs, from").fill(f"{monday + 3 * DAY}T09:00")
    page.get_by_label("In return you take theirs, until").fill(f"{monday + 4 * DAY}T09:00")
    in_all_shapes(page, "story-swap", faults)
    page.get_by_role("button", name="Offer the swap").click()
    page.wait_for_url(re.compile("/oncall/$"))
    assert Override.objects.count() == 1
    everything(drain)
    assert "Alice" in text(mails(bob.email)[-1])

    other = enter(bob)
    other.goto(live_server.url + reverse("oncall:index"))
    expect(other.get_by_text("Alice asks you to take Primary")).to_be_visible()
    in_all_shapes(other, "story-swap-asked", faults)
    other.locator("#swaps").get_by_role("button", name=re.compile("^Accept")).click()
    expect(other.locator("#swaps")).to_have_count(0)
    assert Swap.objects.get().status == "accepted"
    held = Override.objects.exclude(pk=made.pk).values_list("user__name", "start").order_by("start")
    assert list(held) == [("Bob", at(monday + 2 * DAY, 9)), ("Alice", at(monday + 3 * DAY, 9))]
    everything(drain)
    assert "Bob" in text(mails(alice.email)[-1])

    # A file of another tool, looked at and then kept.
    file = tmp_path / "shifts.ics"
    file.write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Other//EN\nBEGIN:VEVENT\nUID:1\n"
        f"DTSTART:{monday + 5 * DAY:%Y%m%d}T090000Z\nDTEND:{monday + 6 * DAY:%Y%m%d}T090000Z\n"
        "SUMMARY:Duty\nATTENDEE:mailto:carol@example.com\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    page = enter(mona)
    page.goto(live_server.url + reverse("oncall:import"))
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_text("One new override")).to_be_visible()
    assert Override.objects.count() == 3
    in_all_shapes(page, "story-import", faults)
    page.get_by_role("button", name="Add these overrides").click()
    page.wait_for_url(re.compile(r"/oncall/"))
    expect(page.get_by_role("button", name="Add these overrides")).to_have_count(0)
    assert Override.objects.filter(user=carol, start=at(monday + 5 * DAY, 9)).exists()

    # The rotation changes: what was stays drawn as it was, and who comes is drawn from now on.
    page.goto(live_server.url + reverse("oncall:schedule", args=[primary.pk]))
    page.locator("[name=layer-0-people]").fill("mona@example.com")
    page.get_by_role("button", name="Keep the schedule").click()
    expect(page.get_by_text("The schedule is kept.")).to_be_visible()
    assert PastLayer.objects.get().people == [alice.pk, bob.pk]
    page.goto(f"{live_server.url}{reverse('oncall:index')}?week={now().date() - 7 * DAY}")
    expect(page.locator("tr.final")).to_contain_text("Bob")
    expect(page.locator("tr.final")).not_to_contain_text("Mona")
    in_all_shapes(page, "story-past-week", faults)
    page.goto(live_server.url + reverse("oncall:index"))
    expect(page.locator("table.cal")).to_contain_text("until")
    in_all_shapes(page, "story-this-week", faults)
    page.goto(live_server.url + reverse("oncall:schedule", args=[primary.pk]))
    expect(page.get_by_role("heading", name="How it was before")).to_be_visible()
    in_all_shapes(page, "story-history", faults)


def test_a_policy_is_made_looked_at_and_tried(enter, live_server, primary, team, mona, carol, monday, faults):
    page = enter(mona)
    page.goto(live_server.url + reverse("oncall:policy_new"))
    page.get_by_label("Name", exact=True).fill("Payments")
    page.get_by_label("Team", exact=True).select_option(label="Payments")
    for number, (after, aim) in enumerate(
        [(0, "Primary, one of them in turn"), (5, "Everybody in Payments"), (10, "Carol")]
    ):
        page.locator(f"[name=after_{number}]").fill(str(after))
        page.locator(f"[name=aim_{number}]").select_option(label=aim)
    page.locator("[name=hours_1]").check()
    page.get_by_label("And for every service without a policy").check()
    sunday = monday - DAY
    page.get_by_label("What would happen at").fill(f"{sunday}T03:00")
    page.get_by_role("button", name="Look before keeping").click()
    expect(page.locator("#preview")).to_contain_text("Carol")
    expect(page.locator("#preview")).to_contain_text("business hours")
    assert not Policy.objects.exists()
    in_all_shapes(page, "story-policy-preview", faults)

    page.get_by_role("button", name="Keep the policy").click()
    page.wait_for_url(re.compile("/oncall/$"))
    policy = Policy.objects.get()
    kept = Target.objects.order_by("step__position").values_list("kind", "in_turn", "step__in_hours_only")
    assert list(kept) == [("schedule", True, False), ("team", False, True), ("person", False, False)]
    ladder = page.locator("ol.ladder").first
    expect(ladder).to_contain_text("Primary")
    expect(ladder).to_contain_text("Carol")
    in_all_shapes(page, "story-ladder", faults)

    page.get_by_role("link", name=re.compile("What would happen at")).first.click()
    page.get_by_label("At", exact=True).fill(f"{sunday}T03:00")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name=re.compile(f"Sunday {sunday.day} .*03:00"))).to_be_visible()
    # On a Sunday night the step for business hours is passed over, and the next comes at once.
    steps = page.locator("ol.ladder > li")
    expect(steps.nth(0)).to_contain_text("Alice")
    expect(steps.nth(1)).to_contain_text("business hours")
    in_all_shapes(page, "story-simulation", faults)

    page.goto(live_server.url + reverse("oncall:index"))
    page.locator("#ask").get_by_label("At").fill(f"{sunday}T03:00")
    page.locator("#ask").get_by_role("button", name="Answer").click()
    expect(page.locator("#ask .bar")).to_contain_text("one of Primary, in turn")
    in_all_shapes(page, "story-who-and-why", faults)
    assert policy.repeat == 3


def test_one_s_own_lines_rest_are_tested_and_bounce(
    enter, live_server, defaults, alice, root, faults, drain, settings
):
    settings.BASE_URL = live_server.url
    settings.BOUNCE_ADDRESS = "bounces@tocsin.example.com"
    line = ContactMethod.objects.create(
        user=alice, kind="email", address="alice.home@example.com", verified_at=now()
    )
    page = enter(alice)
    page.goto(live_server.url + reverse("notifications:contacts"))
    page.locator("[name=quiet_from]").fill("22:00")
    page.locator("[name=quiet_until]").fill("07:00")
    page.get_by_role("button", name="Keep quiet hours").click()
    expect(page.get_by_text("What can wait waits")).to_be_visible()
    assert resting.hours(alice) == (time(22), time(7))
    page.get_by_role("button", name="I am awake for 2 hours").click()
    expect(page.get_by_text("You are awake until")).to_be_visible()
    left = Reach.objects.get(user=alice).awake_until - now()
    assert timedelta(minutes=115) < left <= timedelta(hours=2)

    # What can wait is told when the night is over, what is urgent at any hour.
    page.get_by_role("button", name="Test my lines every week").click()
    expect(page.get_by_text("The next one goes out")).to_be_visible()
    Reach.objects.filter(user=alice).update(quiet_from=None, quiet_until=None, canary_at=now())
    canary.sweep()
    delivery.sweep()
    [mail] = mails(line.address)
    [link] = re.findall(r"http\S+/heard/\S+", text(mail))
    page.reload()
    expect(page.get_by_text("tap the link in it")).to_be_visible()
    in_all_shapes(page, "story-lines", faults)
    page.goto(link)
    in_all_shapes(page, "story-heard", faults)
    page.get_by_role("button", name="Yes, it reached me").click()
    expect(page.get_by_text("This line works")).to_be_visible()
    line.refresh_from_db()
    assert line.canary_heard_at > line.canary_asked_at and len(mails(line.address)) == 1

    # A mail to it comes back: Alice and the admin see it.
    [owed] = contacts.tell(alice, "page", key="k", subject="s", body="b")
    delivery.sweep()
    path = returnpath.of(owed).encode()
    raw = POSTFIX.replace(b"bounces+7-abcdefghijklmnop@tocsin.example.com", path)
    assert bounces.take(raw) == "failed"
    page.goto(live_server.url + reverse("notifications:contacts"))
    expect(page.get_by_text("User unknown").first).to_be_visible()
    in_all_shapes(page, "story-bounced", faults)
    admin = enter(root)
    admin.goto(live_server.url + "/admin/notifications/contactmethod/")
    expect(admin.get_by_text("User unknown").first).to_be_visible()


def test_the_room_asks_people_and_hands_on(
    enter, live_server, primary, team, alice, bob, carol, mona, root, faults, drain
):
    empty = turns("Empty", first_day=now().date(), team=team)
    policy = Policy.objects.create(name="Payments", team=team, repeat=1, round_length=timedelta(minutes=45))
    for place, (minutes, words) in enumerate(
        [(0, {"kind": "person", "person": alice}), (30, {"kind": "person", "person": bob})]
    ):
        step = Step.objects.create(policy=policy, position=place, delay=timedelta(minutes=minutes))
        Target.objects.create(step=step, **words)
    void = Policy.objects.create(name="Void", team=team, repeat=1)
    Target.objects.create(step=Step.objects.create(policy=void), kind="schedule", schedule=empty)
    services = []
    for slug, name, ladder in (("checkout", "Checkout", policy), ("ledger", "Ledger", void)):
        services.append(Service.objects.create(slug=slug, name=name, team=team))
        Coverage.objects.create(service=services[-1], policy=ladder)
    severity = Severity.objects.get(rank=1)
    incident, lost = (
        lifecycle.open_incident(title=f"{one} fails", actor=system(), service_ids=[one.pk], severity=severity)
        for one in services
    )
    for _ in range(4):
        everything(drain)
    assert [row.user for row in Page.objects.filter(run__incident=incident)] == [alice]

    # Alice cannot do it alone: the next step now, instead of in half an hour.
    page = enter(alice)
    page.goto(live_server.url + incident.get_absolute_url())
    pages = page.locator("#pages")
    pages.get_by_role("button", name=re.compile("^Escalate now")).click()
    expect(pages).to_contain_text("step 2")
    everything(drain)
    asked = Page.objects.filter(run__incident=incident).order_by("pk")
    assert [row.user for row in asked] == [alice, bob]
    assert incident.reference in mails(bob.email)[-1]["Subject"]

    # Two clicks, with the reason that stands there.
    pages.get_by_text("Page somebody").click()
    pages.get_by_label("Whom").select_option(label="Carol")
    pages.get_by_label("Why").fill("You know the ledger")
    in_all_shapes(page, "story-page-somebody", faults)
    pages.get_by_role("button", name="Page now").click()
    expect(pages.get_by_text("Asked. The page goes out now.")).to_be_visible()
    everything(drain)
    assert "You know the ledger" in text(mails(carol.email)[-1])
    run = PageRun.objects.get(incident=incident, policy_name="Payments")

    pages.get_by_text("Hand to …").first.click()
    pages.get_by_label("Who is asked instead").first.select_option(label="Mona")
    pages.get_by_role("button", name="Hand over").first.click()
    expect(pages).to_contain_text("Handed over by Alice")
    everything(drain)
    assert Page.objects.filter(run__incident=incident, user=mona).count() == 1
    assert incident.reference in mails(mona.email)[-1]["Subject"]
    assert PageRun.objects.get(pk=run.pk).status == "cancelled"
    page.reload()
    expect(page.locator("#pages p.small", has_text="Mona")).to_be_visible()
    in_all_shapes(page, "story-handed", faults)

    # The other one's step reaches nobody: the team's managers are asked at once, and the room says so.
    assert set(Page.objects.filter(run__incident=lost).values_list("user", flat=True)) >= {mona.pk}
    assert lost.timeline.filter(kind=EventKind.PAGE_FAILED).exists()
    page.goto(live_server.url + lost.get_absolute_url())
    expect(page.locator(".ledger")).to_contain_text("reaches nobody")
    expect(page.locator("#pages p.small", has_text="Mona")).to_be_visible()
    expect(page.locator("#pages")).to_contain_text("Last resort: the team's managers")
    in_all_shapes(page, "story-last-resort", faults)
