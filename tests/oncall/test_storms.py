"""It rains pages: one bundle, kept up to date; what is new at the worst severity still rings by itself."""

import re
from datetime import timedelta

import pytest
from django.utils.timezone import now

from notifications import delivery, rules
from notifications.channels.base import Plain
from notifications.errors import Permanent
from notifications.models import ContactMethod, Delivery
from oncall import auditing
from oncall.models import Page, PageRun
from oncall.storm_models import Bundle, StormPolicy

pytestmark = pytest.mark.django_db


class Recorder(Plain):
    def __init__(self):
        self.got, self.fails = [], False

    def send(self, row, known):
        if self.fails:
            raise Permanent("No such number.")
        self.got.append(row)
        return {"ts": f"ts-{len(self.got)}", "channel": "D1"}


@pytest.fixture
def lines(alice, clock, monkeypatch):
    made = {}
    for kind, address in (("sms", "+4512345678"), ("slack", "U1"), ("push", "https://push.example/1")):
        made[kind] = Recorder()
        monkeypatch.setitem(delivery.TRANSPORTS, kind, made[kind])
        ContactMethod.objects.create(user=alice, kind=kind, address=address, verified_at=now())
    return made


@pytest.fixture
def rain(opened, tick):
    def fall(times, sev="SEV2"):
        for number in range(times):
            opened(sev, title=f"Trouble {number}")
            tick()

    return fall


def pages(recorder):
    return [row for row in recorder.got if row.word == "page"]


def test_over_five_pages_in_ten_minutes_are_one_bundle_that_rings_once(rain, lines, alice):
    rain(9)
    assert len(pages(lines["sms"])) == 6
    row = Bundle.objects.get(user=alice)
    assert row.size == 4
    assert lines["sms"].got[-1].body.startswith("1 page more: SEV2 checkout: Trouble 5 INC-")
    # Slack's own message is edited, the push has the same name; nothing else was sent anew.
    edits = [one for one in lines["slack"].got if one.word == "news"]
    assert len(edits) == 3
    assert edits[-1].data["edit"]["channel"] == "D1"
    assert edits[-1].body.startswith("4 pages at once: SEV2 checkout (4)")
    assert {one.data["bundle"] for one in lines["push"].got[5:]} == {f"bundle-{row.pk}"}


def test_a_new_sev1_always_rings_by_itself(rain, lines, opened, tick):
    rain(8)
    before = len(pages(lines["sms"]))
    opened("SEV1", title="The house is on fire")
    tick()
    assert len(pages(lines["sms"])) == before + 1
    assert "The house is on fire" in lines["sms"].got[-1].subject


def test_mail_says_it_again_each_time_the_bundle_has_doubled(rain, alice, mailoutbox):
    rain(7)
    # The second incident of a bundle is news to who has nothing but mail.
    assert [letter.subject.partition(":")[0] for letter in mailoutbox[5:]] == [
        "1 page more",
        "2 pages at once",
    ]
    rain(1)
    assert len(mailoutbox) == 7
    rain(5)
    assert [letter.subject.partition(":")[0] for letter in mailoutbox[7:]] == [
        "4 pages at once",
        "8 pages at once",
    ]


def test_a_bundle_names_the_worst_first_and_nothing_of_what_is_private(rain, lines, opened, tick):
    rain(5)
    opened("SEV3", title="Small")
    opened("SEV2", title="A person's data", is_private=True)
    tick()
    said = lines["slack"].got[-1].body
    assert re.match(r"2 pages at once: SEV2 Private incident INC-\d+, SEV3 checkout INC-\d+ ·", said)


def test_acknowledging_the_bundle_answers_its_runs_and_no_others(rain, lines, client, alice, tick):
    rain(8)
    path = re.search(r"ack http://127.0.0.1:8000(\S+)", pages(lines["sms"])[-1].body)[1]
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200
    assert PageRun.objects.filter(status="running").count() == 8
    assert b"your pager is quiet" in client.post(path).content.lower()
    bundled = PageRun.objects.filter(pages__bundle__isnull=False)
    assert {run.status for run in bundled} == {"acknowledged"}
    assert PageRun.objects.filter(status="running").count() == 5
    assert b"nothing more to do" in client.post(path).content
    tick()
    assert not Delivery.objects.filter(bundle_key__isnull=False).open().exists()


def test_what_comes_after_the_answer_rings_again(rain, lines, client):
    rain(7)
    path = re.search(r"ack http://127.0.0.1:8000(\S+)", pages(lines["sms"])[-1].body)[1]
    client.post(path)
    rain(1)
    assert len(pages(lines["sms"])) == 7
    assert Bundle.objects.count() == 2


def test_who_answered_every_page_by_itself_is_rung_by_the_next(rain, lines, alice, tick, client):
    from accounts.actors import person
    from oncall import answering

    rain(7)
    for run in PageRun.objects.filter(status="running"):
        answering.acknowledge(run.pk, actor=person(alice))
    rain(1)
    assert len(pages(lines["sms"])) == 7


def test_awake_and_answered_means_push_and_chat(rain, lines, client, alice, opened, tick):
    rain(7)
    rules.stay_awake(alice)
    client.post(re.search(r"8000(\S+)", pages(lines["sms"])[-1].body)[1])
    texts, chats = len(pages(lines["sms"])), len(pages(lines["slack"]))
    rain(1)
    assert (len(pages(lines["sms"])), len(pages(lines["slack"]))) == (texts, chats + 1)
    opened("SEV1", title="Worse")
    tick()
    assert len(pages(lines["sms"])) == texts + 1


def test_awake_without_an_answer_changes_nothing(rain, lines, alice):
    rules.stay_awake(alice)
    rain(7)
    assert len(pages(lines["sms"])) == 6


def test_a_bundle_nobody_can_be_told_of_hurries_every_ladder_in_it(opened, tick, alice, lines):
    for one in lines.values():
        one.fails = True
    StormPolicy.objects.create(pk=1, pages=1)
    opened("SEV2", title="One")
    opened("SEV2", title="Two")
    tick()
    assert {page.run_id for page in Page.objects.exclude(user=alice)} == set(
        PageRun.objects.values_list("pk", flat=True)
    )


def test_the_auditor_finds_nothing_wrong_with_a_bundle(rain, lines, clock, tick):
    rain(8)
    tick(1)
    assert auditing.untried() is None
    Delivery.objects.filter(bundle_key__isnull=False).delete()
    assert auditing.untried() is not None


def test_an_admin_can_switch_it_off(rain, lines):
    StormPolicy.objects.create(pk=1, pages=0, within=timedelta(minutes=10))
    rain(8)
    assert len(pages(lines["sms"])) == 8


def test_the_others_hear_once_who_has_it(opened, tick, lines, alice, bob, mailoutbox):
    from accounts.actors import person
    from oncall import answering

    opened("SEV2")
    tick(5)
    assert [mail.to for mail in mailoutbox] == [["bob@example.com"]]
    run = PageRun.objects.get()
    answering.acknowledge(run.pk, actor=person(bob))
    tick(1)
    told = [row for name in lines for row in lines[name].got if row.word == "news"]
    assert sorted(row.channel for row in told) == ["push", "slack"]
    assert all("Bob has it" in row.body for row in told)
    [edit] = [row for row in told if row.channel == "slack"]
    assert edit.data["edit"] == {"ts": "ts-1", "channel": "D1"}
    assert len(mailoutbox) == 1


def test_who_was_asked_by_a_bundle_hears_once_that_others_have_everything(rain, lines, tick, alice, bob):
    from accounts.actors import person
    from oncall import answering

    rain(8)
    bundle = Bundle.objects.get(user=alice)
    held = list(PageRun.objects.filter(pages__bundle=bundle).order_by("pk"))
    assert len(held) == 3

    def told():
        rows = [row for name in lines for row in lines[name].got]
        return [row for row in rows if row.body.startswith("Others have everything")]

    for run in held[:-1]:
        answering.acknowledge(run.pk, actor=person(bob))
    tick()
    assert told() == []

    answering.acknowledge(held[-1].pk, actor=person(bob))
    tick(1)
    assert sorted(row.channel for row in told()) == ["push", "slack"]
    assert all(row.incident is None for row in told())
