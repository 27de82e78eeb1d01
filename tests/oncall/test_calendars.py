"""Private calendars, as other programs read them, and shifts from a file."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import now
from icalendar import Calendar

from accounts import tokens
from accounts.actors import person
from lib.refusal import Forbidden, Invalid, Missing
from oncall import calendars, importing, schedules
from oncall.models import CalendarLink, CalendarShift, Layer, Override
from tests.oncall.conftest import NOON, schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def primary(clock, alice, bob):
    row = schedule("Primary", alice, bob)
    row.time_zone = "Europe/Copenhagen"
    row.save()
    return row


def read(token):
    return {str(event["UID"]): event for event in Calendar.from_ical(calendars.feed(token)).walk("VEVENT")}


def test_a_schedule_s_calendar_has_every_shift_of_three_months(primary, alice):
    _, token = calendars.make(person(alice), schedule_id=primary.pk)

    events = list(read(token).values())

    begins = [event["DTSTART"].dt for event in events]
    assert len(events) > 12
    assert {begin.tzinfo for begin in begins} == {ZoneInfo("Europe/Copenhagen")}
    # The first is cut at the first of a month; the others begin at nine on the wall, in summer, too.
    assert {begin.hour for begin in begins[1:]} == {9}
    assert {str(event["SUMMARY"]) for event in events} == {"Alice: Primary", "Bob: Primary"}
    assert {str(event["STATUS"]) for event in events} == {"CONFIRMED"}


def test_one_s_own_calendar_has_one_s_own_shifts_of_every_schedule(primary, alice, carol):
    second = schedule("Secondary", carol)
    schedules.stand_in(
        second.pk, actor=person(alice), user_id=alice.pk, start=datetime(2026, 3, 4, 8, tzinfo=UTC),
        end=datetime(2026, 3, 4, 20, tzinfo=UTC),
    )  # fmt: skip
    _, token = calendars.make(person(alice))

    found = read(token).values()

    assert {str(event["SUMMARY"]) for event in found} == {"On call: Primary", "On call: Secondary"}


def test_what_did_not_move_is_the_same_word_for_word(primary, alice, clock):
    _, token = calendars.make(person(alice), schedule_id=primary.pk)
    clock.shift(timedelta(days=8))
    first = calendars.feed(token)
    clock.shift(timedelta(days=3))

    assert calendars.feed(token) == first


def test_a_shift_that_moves_keeps_its_id_and_counts_up(primary, alice, clock):
    _, token = calendars.make(person(alice))
    before = read(token)
    clock.shift(60)
    Layer.objects.update(hand_over="10:00")

    after = read(token)

    assert before.keys() == after.keys()
    moved = [uid for uid in after if after[uid]["DTSTART"].dt != before[uid]["DTSTART"].dt]
    assert len(moved) > 5
    for uid in moved:
        assert after[uid]["SEQUENCE"] == 1
        assert after[uid]["LAST-MODIFIED"].dt > before[uid]["LAST-MODIFIED"].dt


def test_a_shift_that_is_given_away_is_cancelled_in_one_s_own_calendar(primary, alice, carol):
    _, token = calendars.make(person(alice))
    before = read(token)
    uid, taken = next((u, e) for u, e in before.items() if e["DTSTART"].dt > datetime(2026, 3, 3, tzinfo=UTC))
    schedules.stand_in(
        primary.pk, actor=person(carol), user_id=carol.pk, start=taken["DTSTART"].dt, end=taken["DTEND"].dt
    )

    event = read(token)[uid]

    assert event["STATUS"] == "CANCELLED"
    assert event["SEQUENCE"] == 1


def test_a_changed_rotation_that_keeps_the_person_leaves_the_entry_whole(kept, alice, bob, carol, clock):
    made = kept()
    _, token = calendars.make(person(alice), schedule_id=made.pk)
    before = read(token)
    clock.shift(timedelta(days=1))
    kept(made, user_ids=(alice.pk, bob.pk, carol.pk), name="With Carol")
    kept(made, user_ids=(alice.pk, bob.pk), hand_over=NOON.time(), name="Without her")
    assert made.past_layers.count() == 1

    after = read(token)
    assert after == before

    # What an older version has written in two comes together again; the second half is taken back.
    whole = CalendarShift.objects.filter(user=bob, start__lte=now(), end__gt=now()).get()
    end, whole.end = whole.end, now()
    whole.save()
    half = CalendarShift.objects.create(
        schedule=made, user=bob, uid="half", start=now(), end=end, changed_at=now()
    )
    again = read(token)
    mended = again[f"{whole.uid}@tocsin"]
    assert (mended["DTEND"].dt, mended["SEQUENCE"], mended["STATUS"]) == (end, 1, "CONFIRMED")
    assert again[f"{half.uid}@tocsin"]["STATUS"] == "CANCELLED"
    assert {uid: one for uid, one in again.items() if whole.uid not in uid and half.uid not in uid} == {
        uid: one for uid, one in before.items() if whole.uid not in uid
    }
    assert read(token) == again


def test_a_gap_is_shown_as_nobody(primary, alice):
    Layer.objects.update(windows=["Mon-Fri 09:00-17:00"])
    _, token = calendars.make(person(alice), schedule_id=primary.pk)

    assert "Nobody: Primary" in {str(event["SUMMARY"]) for event in read(token).values()}


def test_a_new_link_ends_the_old_one_and_a_revoked_one_answers_nobody(primary, alice, bob, client):
    _, old = calendars.make(person(alice))
    link, token = calendars.make(person(alice))
    assert client.get(f"/oncall/calendar/{old}.ics").status_code == 404
    answer = client.get(f"/oncall/calendar/{token}.ics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/calendar")
    assert token not in CalendarLink.objects.get().digest

    with pytest.raises(Missing):
        calendars.revoke(link.pk, actor=person(bob))
    calendars.revoke(link.pk, actor=person(alice))
    assert client.get(f"/oncall/calendar/{token}.ics").status_code == 404


def test_who_left_has_no_calendar(primary, alice):
    _, token = calendars.make(person(alice))
    alice.is_active = False
    alice.save()

    with pytest.raises(Missing):
        calendars.feed(token)


def test_khal_reads_it(primary, alice, tmp_path):
    """A calendar program of somebody else's, unmodified."""
    _, token = calendars.make(person(alice))
    (tmp_path / "shifts").mkdir()
    text = calendars.feed(token)
    for number, event in enumerate(Calendar.from_ical(text).walk("VEVENT")):
        alone = Calendar.from_ical(text)
        alone.subcomponents = [one for one in alone.subcomponents if one.name == "VTIMEZONE"]
        alone.add_component(event)
        (tmp_path / "shifts" / f"{number}.ics").write_bytes(alone.to_ical())
    config = tmp_path / "khal.conf"
    config.write_text(
        f"[calendars]\n[[shifts]]\npath = {tmp_path / 'shifts'}\n"
        f"[sqlite]\npath = {tmp_path / 'khal.db'}\n"
        "[locale]\nlocal_timezone = Europe/Copenhagen\ndefault_timezone = Europe/Copenhagen\n"
        "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
        "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
    )
    khal = Path(sys.executable).parent / "khal"
    command = [khal, "-c", config, "list", "--once", "--format", "{start} {title}", "2026-03-20", "30d"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={"HOME": str(tmp_path)})

    # Over the change of clocks on 29 March it still begins at nine.
    assert "2026-04-06 09:00 On call: Primary" in said.stdout, said.stdout + said.stderr


# --- Import ------------------------------------------------------------------------------------------------

FILE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Other//EN
BEGIN:VEVENT
UID:1
DTSTART;TZID=Europe/Copenhagen:20260310T090000
DTEND;TZID=Europe/Copenhagen:20260311T090000
SUMMARY:Duty
ATTENDEE:mailto:Carol@example.com
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260312
DTEND;VALUE=DATE:20260313
SUMMARY:Bob on call
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART:20260101T090000Z
DTEND:20260102T090000Z
SUMMARY:Alice, long over
END:VEVENT
%sEND:VCALENDAR
"""
BAD = "BEGIN:VEVENT\nUID:4\nDTSTART:20260320T090000Z\nDTEND:20260321T090000Z\nSUMMARY:Dave\nEND:VEVENT\n"


def test_a_preview_says_what_would_happen_and_keeps_nothing(primary, carol, mona):
    rows = importing.preview(primary.pk, FILE % BAD, actor=person(mona))

    assert [row.verdict for row in rows] == ["new", "new", "over", "problem"]
    assert rows[0].user == carol
    assert rows[0].start == datetime(2026, 3, 10, 8, tzinfo=UTC)
    # A whole day is one of the schedule's zone.
    assert rows[1].start == datetime(2026, 3, 11, 23, tzinfo=UTC)
    assert not Override.objects.exists()


def test_an_import_is_all_or_nothing_and_twice_is_once(primary, carol, mona):
    with pytest.raises(Invalid, match="Dave"):
        importing.take(primary.pk, FILE % BAD, actor=person(mona))
    assert not Override.objects.exists()

    importing.take(primary.pk, FILE % "", actor=person(mona))
    again = importing.take(primary.pk, FILE % "", actor=person(mona))

    assert Override.objects.count() == 2
    assert [row.verdict for row in again] == ["there", "there", "over"]
    assert schedules.on_call(primary, datetime(2026, 3, 10, 12, tzinfo=UTC)) == carol


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not a calendar", "not an iCalendar"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "no event"),
        ("BEGIN:VCALENDAR\n" + BAD * 501 + "END:VCALENDAR\n", "Five hundred"),
        ("x" * 500_001, "500 kB"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(primary, mona, text, words):
    with pytest.raises(Invalid, match=words):
        importing.preview(primary.pk, text, actor=person(mona))


@pytest.mark.parametrize(
    "lines",
    [
        "DTSTART:20260320T090000Z\nDTEND:20260319T090000Z\n",
        "DTSTART:20260320T090000Z\nDTEND:20260321T090000Z\nRRULE:FREQ=DAILY\n",
        "SUMMARY:Carol\n",
        "DTSTART:soon\nDTEND:20260321T090000Z\n",
        "DTSTART:20260320T090000Z\nDTEND:20300321T090000Z\n",
    ],
)
def test_an_odd_event_is_a_problem_of_its_row(primary, mona, carol, lines):
    text = FILE % f"BEGIN:VEVENT\nUID:9\nATTENDEE:mailto:carol@example.com\n{lines}END:VEVENT\n"

    assert importing.preview(primary.pk, text, actor=person(mona))[-1].verdict == "problem"


def test_only_managers_import(primary, alice):
    with pytest.raises(Forbidden):
        importing.preview(primary.pk, FILE % "", actor=person(alice))


def test_the_pages_make_revoke_and_import(primary, carol, mona, client):
    client.force_login(mona)
    made = client.post("/oncall/calendars/make/", {"schedule": ""})
    assert "/oncall/calendar/" in made.content.decode()
    assert "/oncall/calendar/" not in client.get("/oncall/calendars/").content.decode()
    link = CalendarLink.objects.get()
    client.post(f"/oncall/calendars/{link.pk}/revoke/")
    assert not CalendarLink.objects.exists()

    file = SimpleUploadedFile("shifts.ics", (FILE % "").encode())
    shown = client.post("/oncall/import/", {"schedule": primary.pk, "file": file})
    assert shown.status_code == 200
    assert "2 new overrides" in shown.content.decode()
    assert not Override.objects.exists()
    done = client.post("/oncall/import/", {"schedule": primary.pk, "ics": FILE % "", "confirm": "yes"})
    assert done.status_code == 302
    assert Override.objects.count() == 2


def test_the_api_makes_and_revokes_one_s_own_links_and_imports(primary, alice, bob, carol, mona, client):
    def asked(user, method, path, body=None):
        _, plain = tokens.issue(user, name="t", scope="admin")
        headers = {"Authorization": f"Bearer {plain}"}
        return getattr(client, method)(f"/api/v1/{path}", body, "application/json", headers=headers)

    made = asked(alice, "post", "calendars/", {"schedule": primary.pk})
    assert made.status_code == 201, made.content
    assert client.get(made.json()["url"].partition("8000")[2]).status_code == 200
    link = CalendarLink.objects.get()
    assert asked(bob, "delete", f"calendars/{link.pk}/").status_code == 404
    assert asked(alice, "delete", f"calendars/{link.pk}/").status_code == 204

    path = f"schedules/{primary.pk}/import/"
    assert asked(bob, "post", path, {"ics": FILE % ""}).status_code == 403
    seen = asked(mona, "post", path, {"ics": FILE % BAD, "dry_run": True})
    assert seen.status_code == 200, seen.content
    assert [row["verdict"] for row in seen.json()] == ["new", "new", "over", "problem"]
    assert asked(mona, "post", path, {"ics": FILE % BAD}).status_code == 400
    assert asked(mona, "post", path, {"ics": FILE % ""}).status_code == 200
    assert Override.objects.count() == 2
