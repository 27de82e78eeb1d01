"""One's own ways to be reached by the API: the same verbs as the page, and nothing of anybody else."""

import re

import pytest
from rest_framework.test import APIClient

from accounts import tokens
from notifications import delivery
from notifications.models import ContactMethod, Delivery

pytestmark = pytest.mark.django_db
LINES, RULES, QUIET = "/api/v1/my-lines/", "/api/v1/my-rules/", "/api/v1/my-quiet-hours/"


@pytest.fixture
def api():
    def client(user):
        _row, plain = tokens.issue(user, name="t", scope="write")
        one = APIClient()
        one.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
        return one

    return client


def test_a_line_is_added_confirmed_by_its_code_and_removed(api, alice):
    mine = api(alice)
    made = mine.post(LINES, {"kind": "email", "address": "pager@example.org"}, format="json")
    assert made.status_code == 201 and made.json()["verified_at"] is None
    code = re.search(r"\b(\d{6})\b", Delivery.objects.get(recipient=alice).body)[1]
    assert code not in made.content.decode()
    line = f"{LINES}{made.json()['id']}/"

    wrong = "000000" if code != "000000" else "000001"
    assert mine.post(f"{line}confirm/", {"code": wrong}, format="json").status_code == 400
    assert mine.post(f"{line}confirm/", {"code": code}, format="json").json()["verified_at"]
    assert [row["address"] for row in mine.get(LINES).json()["results"]] == ["pager@example.org", alice.email]
    assert mine.delete(line).status_code == 204
    assert [row.address for row in ContactMethod.objects.all()] == [alice.email]


def test_bad_lines_change_nothing(api, alice):
    for body in (
        {"kind": "email", "address": "nope"},
        {"kind": "pigeon", "address": "x"},
        {"kind": "email"},
        {"address": "a@b.example"},
    ):
        assert api(alice).post(LINES, body, format="json").status_code == 400
    assert not ContactMethod.objects.exists()


def test_the_order_is_kept_by_the_same_rules_as_on_the_page(api, alice):
    mine = api(alice)
    line = mine.post(LINES, {"kind": "email", "address": alice.email}, format="json").json()["id"]
    step = {"urgency": "high", "line": line, "delay_seconds": 120}

    made = mine.post(RULES, step, format="json")
    assert made.json() == {"id": made.json()["id"], **step}
    assert mine.post(RULES, step, format="json").status_code == 409
    assert mine.post(RULES, {**step, "delay_seconds": 7_200}, format="json").status_code == 400
    assert mine.post(RULES, {**step, "line": 10**9}, format="json").status_code == 404
    assert len(mine.get(RULES).json()["results"]) == 1
    assert mine.delete(f"{RULES}{made.json()['id']}/").status_code == 204


def test_quiet_hours_are_read_kept_and_ended(api, alice):
    mine = api(alice)
    assert mine.get(QUIET).json() == {"begins": None, "ends": None}
    kept = {"begins": "22:00", "ends": "07:00"}
    assert mine.post(QUIET, kept, format="json").json() == kept
    assert mine.post(QUIET, {"begins": "22:00", "ends": None}, format="json").status_code == 400
    assert mine.get(QUIET).json() == kept
    assert mine.post(QUIET, {"begins": None, "ends": None}, format="json").json()["begins"] is None


def test_nobody_reads_or_touches_anothers_not_even_an_admin(api, alice, root):
    row = ContactMethod.objects.create(user=alice, kind="email", address="secret@example.org")
    theirs = api(root)
    assert theirs.get(LINES).json()["results"] == []
    for answer in (theirs.get(f"{LINES}{row.pk}/"), theirs.delete(f"{LINES}{row.pk}/")):
        assert answer.status_code == 404 and "secret@" not in answer.content.decode()
    step = {"urgency": "high", "line": row.pk, "delay_seconds": 0}
    assert theirs.post(RULES, step, format="json").status_code == 404
    assert ContactMethod.objects.filter(pk=row.pk).exists() and delivery.is_set_up("email")


def test_lines_come_in_their_order_and_are_moved(api, alice, bob):
    mine = api(alice)
    first, second = (
        mine.post(LINES, {"kind": "email", "address": f"{n}@example.org"}, format="json").json()["id"]
        for n in ("one", "two")
    )

    def order():
        return [row["id"] for row in mine.get(LINES).json()["results"]]

    assert order() == [first, second]
    assert mine.post(f"{LINES}{second}/up/").json()["position"] == 0 and order() == [second, first]
    assert mine.post(f"{LINES}{second}/down/").json()["position"] == 1 and order() == [first, second]
    for verb in ("up", "down", "code"):
        assert api(bob).post(f"{LINES}{first}/{verb}/").status_code == 404


def test_a_new_code_takes_the_place_of_the_old_one(api, alice):
    mine = api(alice)
    line = mine.post(LINES, {"kind": "email", "address": "p@example.org"}, format="json").json()["id"]
    assert mine.post(f"{LINES}{line}/code/").status_code == 200
    old, new = (re.search(r"\b(\d{6})\b", row.body)[1] for row in Delivery.objects.order_by("pk"))
    if old != new:
        assert mine.post(f"{LINES}{line}/confirm/", {"code": old}, format="json").status_code == 400
    assert mine.post(f"{LINES}{line}/confirm/", {"code": new}, format="json").status_code == 200
    assert mine.post(f"{LINES}{line}/code/").status_code == 409


def test_the_weekly_test_is_switched_on_and_off(api, alice):
    mine, canary = api(alice), "/api/v1/my-canary/"
    assert mine.get(canary).json() == {"weekly": False, "next_at": None}
    assert mine.post(canary, {"weekly": True}, format="json").json()["next_at"]
    assert mine.post(canary, {}, format="json").status_code == 400
    assert mine.post(canary, {"weekly": False}, format="json").json() == {"weekly": False, "next_at": None}
