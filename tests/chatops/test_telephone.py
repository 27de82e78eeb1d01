"""Text messages and calls: to an API of Twilio's shape and back, signed as Twilio documents it."""

import base64
import itertools
import re
from datetime import timedelta
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.utils.timezone import now

from accounts.actors import person
from catalog.models import Membership, Service, Team
from incidents import defaults as matrix
from incidents import lifecycle
from incidents.models import Severity
from lib import gsm
from notifications import contacts, delivery
from notifications.channels import phone
from notifications.models import ContactMethod, Delivery
from oncall import links, paging, reacting
from oncall.models import Coverage, Page, PageRun, Policy, Step, Target
from oncall.storm_models import Bundle
from tests.standins.telephone import ACCOUNT, NUMBER, TOKEN, Telephone, signature

pytestmark = pytest.mark.django_db
_COUNT = itertools.count()
ALICES, BASE = "+4915112345678", "https://tocsin.example"


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()


@pytest.fixture
def telephone(settings):
    one = Telephone()
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
    settings.TWILIO_FROM, settings.TWILIO_API_URL, settings.BASE_URL = NUMBER, one.url, BASE
    yield one
    one.stop()


def line(user, kind="sms", address=ALICES):
    return ContactMethod.objects.create(user=user, kind=kind, address=address, verified_at=now())


@pytest.fixture
def service(alice, bob, telephone):
    matrix.install()
    team = Team.objects.create(slug="payments", name="Payments")
    Membership.objects.create(team=team, user=alice)
    one = Service.objects.create(slug="checkout", name="Checkout", team=team)
    policy = Policy.objects.create(name="Payments")
    for position, user in enumerate((alice, bob)):
        step = Step.objects.create(policy=policy, position=position, delay=timedelta(minutes=5 * position))
        Target.objects.create(step=step, kind="person", person=user)
    Coverage.objects.create(service=one, policy=policy)
    return one


@pytest.fixture
def opened(service, root, drain):
    def open_incident(title="Error rate 34 %", **words):
        sev = Severity.objects.get(name="SEV1")
        row = lifecycle.open_incident(
            title=title, actor=person(root), service_ids=[service.pk], severity=sev, **words
        )
        drain()
        paging.sweep()
        delivery.sweep()
        return row

    return open_incident


@pytest.fixture
def say(client):
    """Post to our door as Twilio does, with its signature."""

    def post(path, token=TOKEN, **form):
        path = path.removeprefix(BASE)
        signed = signature(BASE + path, form, token)
        return client.generic(
            "POST",
            path,
            urlencode(form),
            content_type="application/x-www-form-urlencoded",
            headers={"X-Twilio-Signature": signed},
        )

    return post


def words(answer):
    return " ".join(ElementTree.fromstring(answer.content).itertext())


def text(say, body, number=ALICES):
    return words(say("/phone/sms/", From=number, To=NUMBER, Body=body, MessageSid=f"SM{next(_COUNT)}"))


# Out -------------------------------------------------------------------------------------------------


def test_a_page_is_one_text_message_that_says_how_to_answer(telephone, opened, alice):
    line(alice)
    incident = opened("Fehler “überall” · " + "x" * 150)

    [asked] = telephone.asked
    said = asked.form["Body"]
    assert asked.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert (asked.form["To"], asked.form["From"]) == (ALICES, NUMBER)
    assert gsm.length(said) <= 160
    assert said.startswith('SEV1 checkout: Fehler "überall" - xxx')
    assert said.endswith(f"Reply ack {incident.number}")
    assert Delivery.objects.get(word="page").state == "sent"


def test_texts_and_calls_say_why_somebody_is_asked_beside_the_usual_page(
    telephone, opened, alice, bob, root, say, drain
):
    line(bob)
    line(bob, "voice", "+4915112345679")
    for number, is_private in enumerate((False, True)):
        incident = opened("Error rate 34 %", is_private=is_private)
        seen = len(telephone.asked)
        reacting.page_somebody(incident.pk, actor=person(root), target=bob.email, reason="We need you")
        drain()
        paging.sweep()
        delivery.sweep()
        message = next(one for one in telephone.asked[seen:] if "Body" in one.form)
        call = next(one for one in telephone.asked[seen:] if "Url" in one.form)
        said = [message.form["Body"], words(say(call.form["Url"]))]
        assert [("We need you" in one) for one in said] == [not is_private] * 2, (number, said)
        assert gsm.length(said[0]) <= 160


def test_a_private_incident_tells_its_number_and_no_more(telephone, opened, alice, say):
    line(alice)
    line(alice, "voice", "+4915112345679")
    incident = opened("A laptop of the board", is_private=True)

    message = next(one for one in telephone.asked if "Body" in one.form)
    call = next(one for one in telephone.asked if "Url" in one.form)
    assert f"Private incident {incident.reference}" in message.form["Body"]
    spoken = words(say(call.form["Url"]))
    assert f"Private incident {incident.reference}" in spoken
    for said in (message.form["Body"], spoken):
        assert "laptop" not in said
        assert "heckout" not in said


@pytest.mark.parametrize(
    ("knob", "state"),
    [
        ((500, {}, b""), "trying again"),
        ((429, {"Retry-After": "20"}, b'{"code":20429,"message":"Too Many Requests"}'), "trying again"),
        ("reset", "trying again"),
        ("hang", "trying again"),
        ((400, {}, b'{"code":21211,"message":"Invalid number"}'), "failed"),
        ((401, {}, b'{"code":20003,"message":"Authenticate"}'), "failed"),
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again_and_what_cannot_is_not(telephone, alice, knob, state, monkeypatch):
    monkeypatch.setattr(phone, "TIMEOUT_SECONDS", 0.5)
    line(alice)
    telephone.fail(knob)
    [row] = contacts.tell(alice, "page", key="k", subject="S", body="B")
    delivery.sweep()

    row.refresh_from_db()
    assert row.state == state
    assert TOKEN not in row.error


def test_twilios_own_client_says_it_to_the_server_that_is_meant(telephone, alice):
    line(alice)
    [row] = contacts.tell(alice, "page", key="k", subject="Fire", body="B")
    delivery.sweep()

    row.refresh_from_db()
    [asked] = telephone.asked
    assert row.state == "sent"
    assert asked.headers["x-twilio-client"].startswith("python-")
    assert set(asked.form) == {"To", "From", "Body", "StatusCallback"}


@pytest.mark.parametrize("content", [b"", b"OK", b"[]", b'"x"', b"{}", b'{"sid": null}'])
def test_what_was_taken_in_unread_words_is_never_said_twice(telephone, alice, content):
    line(alice)
    telephone.fail((201, {}, content))
    [row] = contacts.tell(alice, "page", key="k", subject="S", body="B")
    delivery.sweep()
    delivery.sweep()

    row.refresh_from_db()
    assert row.state == "sent" and len(telephone.asked) == 1


def test_no_redirect_takes_the_secret_elsewhere(telephone, alice):
    line(alice)
    telephone.fail((307, {"Location": f"{telephone.url}/elsewhere"}, b""))
    [row] = contacts.tell(alice, "page", key="k", subject="S", body="B")
    delivery.sweep()

    row.refresh_from_db()
    assert row.state == "failed" and [one.path.endswith("/Messages.json") for one in telephone.asked] == [
        True
    ]


def test_the_guard_holds_for_twilios_client_too(telephone, alice, settings):
    settings.TWILIO_API_URL = "http://169.254.169.254/latest"
    line(alice)
    [row] = contacts.tell(alice, "page", key="k", subject="S", body="B")
    delivery.sweep()

    row.refresh_from_db()
    assert row.state == "failed" and "may not be reached" in row.error


def test_the_secret_is_in_no_log(telephone, alice, caplog):
    caplog.set_level("DEBUG")
    line(alice)
    telephone.fail((500, {}, b""))
    [row] = contacts.tell(alice, "page", key="k", subject="S", body="B")
    delivery.sweep()

    basic = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert telephone.asked and TOKEN not in caplog.text + row.error and basic not in caplog.text


@pytest.mark.parametrize(
    ("url", "number", "expected"),
    [
        ("https://mycompany.com/myapp.php?foo=1&bar=2", "+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://example.com/myapp.php?foo=1&bar=2", "+14158675310", "L/OH5YylLD5NRKLltdqwSvS0BnU="),
    ],
)
def test_these_tests_sign_as_twilio_documents_it(url, number, expected):
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": number,
        "Digits": "1234",
        "From": number,
        "To": "+18005551212",
    }

    assert signature(url, form, "12345") == expected


def test_a_message_that_the_operator_could_not_deliver_has_failed_after_all(
    telephone, opened, alice, bob, say, drain
):
    line(alice)
    opened()
    callback = telephone.asked[0].form["StatusCallback"]
    assert say(callback, MessageStatus="delivered").status_code == 204
    assert Delivery.objects.get(word="page").state == "sent"

    for _twice in range(2):
        say(callback, MessageStatus="undelivered", ErrorCode="30003")
    drain()
    paging.sweep()

    row = Delivery.objects.filter(recipient=alice, word="page").get()
    assert row.state == "failed"
    assert "30003" in row.error
    # Nobody waits five minutes for a telephone that is off.
    assert Delivery.objects.filter(recipient=bob, word="page").exists()


# Back ------------------------------------------------------------------------------------------------


def test_a_call_says_what_burns_and_4_acknowledges(telephone, opened, alice, say):
    line(alice, "voice")
    opened()
    [asked] = telephone.asked
    assert asked.path.endswith("/Calls.json")

    answer = say(asked.form["Url"], CallSid="CA1", CallStatus="in-progress")
    root = ElementTree.fromstring(answer.content)
    gathers = root.findall("Gather")
    assert len(gathers) == 3
    assert "SEV1. Checkout. Error rate 34 %" in words(answer)
    assert "Press 4 to acknowledge, 6 to escalate" in words(answer)

    said = words(say(gathers[0].get("action"), Digits="4"))
    assert "acknowledged" in said
    run = PageRun.objects.get()
    assert (run.status, run.acknowledged_by) == ("acknowledged", alice)
    # Played once more: nothing happens, and the call says so.
    assert "already" in words(say(gathers[0].get("action"), Digits="4"))
    assert "answered already" in words(say(asked.form["Url"]))


def test_6_asks_the_next_people_and_another_key_changes_nothing(telephone, opened, alice, bob, say):
    line(alice, "voice")
    opened()
    keys = telephone.asked[0].form["Url"].replace("/call/", "/keys/")

    assert "Nothing was changed" in words(say(keys, Digits="7"))
    assert PageRun.objects.get().pages.count() == 1
    assert "next people" in words(say(keys, Digits="6"))
    assert PageRun.objects.get().pages.filter(user=bob).exists()


@pytest.mark.parametrize("body", ["ack", "ACK {n}", " ack #{n}.", "ack inc-{n}", "a {n}"])
def test_a_reply_acknowledges(telephone, opened, alice, say, body):
    line(alice)
    incident = opened()

    assert "acknowledged" in text(say, body.format(n=incident.number))
    assert PageRun.objects.get().acknowledged_by == alice
    # The very same request again is harmless.
    assert "already" in text(say, body.format(n=incident.number)) or "Nothing asks you" in text(say, body)


def test_esc_in_a_reply_escalates(telephone, opened, alice, bob, say):
    line(alice)
    incident = opened()

    assert "next people" in text(say, f"esc {incident.number}")
    assert PageRun.objects.get().pages.filter(user=bob).exists()


def test_where_several_ask_a_bare_ack_answers_none_of_them(telephone, opened, alice, say):
    line(alice)
    first, second = opened("One"), opened("Two")
    said = text(say, "ack")

    assert {f"ack {first.number}", f"ack {second.number}"} <= set(re.findall(r"ack \d+", said))
    assert not PageRun.objects.exclude(status="running").exists()


def test_nobody_acknowledges_what_did_not_ask_them(telephone, opened, alice, bob, say):
    line(bob, address="+4917099999999")
    incident = opened()

    assert "Nothing asks you" in text(say, f"ack {incident.number}", "+4917099999999")
    assert text(say, f"ack {incident.number}", "+4917000000000") == ""
    assert PageRun.objects.get().status == "running"


def test_stop_ends_the_messages_and_start_begins_them_again(telephone, alice, say):
    row = line(alice)

    assert text(say, "STOP") == ""
    row.refresh_from_db()
    assert row.verified_at is None
    assert [way.channel for way in contacts.ways(alice)] == ["email"]

    text(say, "Start")
    assert [way.channel for way in contacts.ways(alice)] == ["sms", "email"]


def test_a_number_is_proved_by_the_call_to_it(telephone, alice, say):
    method = contacts.add(alice, kind="voice", address="+49 151 / 123-45678")
    assert (method.address, method.verified_at) == (ALICES, None)
    delivery.sweep()
    keys = telephone.asked[0].form["Url"].replace("/call/", "/keys/")
    assert "press 4" in words(say(telephone.asked[0].form["Url"]))

    say(keys, Digits="4")

    method.refresh_from_db()
    assert method.verified_at


@pytest.mark.parametrize("path", ["/phone/sms/", "/phone/call/x/", "/phone/keys/x/", "/phone/status/x/"])
def test_without_the_signature_no_door_opens(
    telephone, client, say, settings, path, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert client.post(path, {"Body": "ack"}).status_code == 403
        assert say(path, token="another", Body="ack").status_code == 403
    assert client.get(path).status_code == 405
    settings.TWILIO_ACCOUNT_SID = ""
    assert say(path, Body="ack").status_code == 404


def test_a_signed_request_with_an_altered_address_is_refused(telephone, opened, alice, say):
    line(alice, "voice")
    opened()
    url = telephone.asked[0].form["Url"]

    assert say(url.replace("/call/", "/call/x"), Digits="4").status_code == 400


def test_strangers_are_slowed_down_and_who_has_the_secret_is_not(say, service):
    answers = [say("/phone/sms/", token="wrong", From=ALICES, Body="ack").status_code for _ in range(35)]

    assert answers[:30] == [403] * 30 and answers[30:] == [429] * 5
    assert say("/phone/sms/", From=ALICES, Body="ack").status_code == 200


def test_a_number_that_never_stops_gets_no_more_answers(say, service, alice):
    line(alice)
    answers = [say("/phone/sms/", From=ALICES, Body="hello") for _ in range(25)]

    assert [b"Message" in one.content for one in answers] == [True] * 20 + [False] * 5


def test_a_bare_ack_answers_the_bundle_when_nothing_else_waits(telephone, opened, alice, say):
    line(alice)
    bundle = Bundle.objects.create(user=alice)
    for number in range(3):
        opened(f"Trouble {number}")
    Page.objects.filter(user=alice).update(bundle=bundle)

    assert "All of them are acknowledged" in text(say, "ack")
    assert set(PageRun.objects.values_list("status", flat=True)) == {"acknowledged"}


def test_a_bare_ack_asks_back_when_something_beside_the_bundle_waits(telephone, opened, alice, say):
    line(alice)
    bundle = Bundle.objects.create(user=alice)
    for number in range(2):
        opened(f"Trouble {number}")
    Page.objects.filter(pk=Page.objects.filter(user=alice).first().pk).update(bundle=bundle)

    assert "Several ask you" in text(say, "ack")
    assert set(PageRun.objects.values_list("status", flat=True)) == {"running"}


# Attacked ------------------------------------------------------------------------------------------------


def test_a_key_that_is_told_again_asks_no_further_people(telephone, opened, alice, bob, carol, say):
    step = Step.objects.create(policy=Policy.objects.get(), position=2, delay=timedelta(minutes=10))
    Target.objects.create(step=step, kind="person", person=carol)
    line(alice, "voice")
    opened()
    keys = telephone.asked[0].form["Url"].replace("/call/", "/keys/")
    pressed = {"Digits": "6", "CallSid": "CA1"}
    assert "next people" in words(say(keys, **pressed))
    asked = set(PageRun.objects.get().pages.values_list("user__name", flat=True))

    assert words(say(keys, **pressed)) == "That was heard already."
    assert set(PageRun.objects.get().pages.values_list("user__name", flat=True)) == asked
    assert "next people" in words(say(keys, **{**pressed, "CallSid": "CA2"}))
    assert PageRun.objects.get().pages.filter(user=carol).exists()


def test_a_message_that_is_told_again_is_heard_once(telephone, opened, alice, say):
    line(alice)
    opened()
    sent = {"From": ALICES, "To": NUMBER, "Body": "esc", "MessageSid": "SM0"}
    assert "next people" in words(say("/phone/sms/", **sent))
    count = PageRun.objects.get().pages.count()

    assert words(say("/phone/sms/", **sent)) == ""
    assert PageRun.objects.get().pages.count() == count


@pytest.mark.parametrize("odd", ["\ufffe", "\uffff", "\x07", "\x85", '<&>"]]>', "\u202e", "💥" * 150])
def test_a_title_of_any_letters_can_be_said_in_a_call(telephone, opened, alice, say, odd):
    line(alice, "voice")
    opened(f"Rate {odd} limit")
    root = ElementTree.fromstring(say(telephone.asked[0].form["Url"]).content)

    assert len(root.findall("Gather")) == 3 and "Rate" in " ".join(root.itertext())


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "ack" * 500,
        "ack 99999999999999999999",
        "ack ٣",
        "<Response/>",
        "ack -1",
        "'; --",
        "\ufffe",
    ],
)
def test_no_odd_message_answers_a_page(telephone, opened, alice, say, body):
    line(alice)
    opened()

    assert isinstance(text(say, body), str)
    assert PageRun.objects.get().status == "running"


def test_a_signature_opens_only_the_address_and_the_words_that_it_is_for(telephone, opened, alice, client):
    line(alice, "voice")
    opened()
    keys = telephone.asked[0].form["Url"].replace("/call/", "/keys/")
    form = {"Digits": "7", "CallSid": "CA1"}
    signed = signature(keys, form, TOKEN)

    def post(url, given, **form):
        return client.post(url.removeprefix(BASE), form, headers={"X-Twilio-Signature": given}).status_code

    for url, given, said in (
        (keys, signed, {**form, "Digits": "4"}),
        (keys, signed, {"Digits": "7"}),
        (keys, signed, {**form, "Extra": "1"}),
        (keys + "?x=1", signed, form),
        (keys.replace("/keys/", "/call/"), signed, form),
        (keys, signed[:-1], form),
        (keys, signed.lower(), form),
        (keys, "é" * len(signed), form),
        (keys, "", form),
    ):
        assert post(url, given, **said) == 403
    assert PageRun.objects.get().status == "running"


def test_the_token_of_one_message_is_none_for_another_purpose(
    telephone, opened, alice, say, client, mailoutbox
):
    """The link of a mail, the address of a call and the return path of a mail are good for one thing each."""
    line(alice, "voice")
    opened()
    of_call = telephone.asked[0].form["Url"].rpartition("/call/")[2].strip("/")
    of_link = links.acknowledge_url(Page.objects.get()).rpartition("/ack/")[2].strip("/")
    for path in (f"/oncall/ack/{of_call}/", f"/oncall/ack-all/{of_call}/", f"/oncall/ack-all/{of_link}/"):
        assert client.post(path).status_code == 404
    for door in ("call", "keys", "status"):
        assert say(f"/phone/{door}/{of_link}/", Digits="4", CallStatus="failed").status_code == 400

    assert PageRun.objects.get().status == "running"


def test_whose_account_is_off_answers_nothing_by_telephone(telephone, opened, alice, say):
    line(alice, "voice")
    line(alice, "sms", "+4915112345679")
    bundle = Bundle.objects.create(user=alice)
    opened()
    Page.objects.update(bundle=bundle)
    call = Delivery.objects.get(channel="voice")
    keys = BASE + f"/phone/keys/{phone.token(call)}/"
    alice.is_active = False
    alice.save()
    assert "Nothing was changed" in words(say(keys, Digits="4"))
    Delivery.objects.update(bundle_key=bundle.pk)
    assert "Nothing was changed" in words(say(keys, Digits="4"))
    assert text(say, "ack", "+4915112345679") == ""

    assert PageRun.objects.get().status == "running"
