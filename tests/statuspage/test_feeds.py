"""Feeds and the calendar parse, and nothing breaks out of them."""

from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

from statuspage import feeds
from statuspage.snapshot import UpdateView
from tests.statuspage.sample import AT, EVIL, maintenance, notice, snapshot

ATOM = "{http://www.w3.org/2005/Atom}"


def entry(shot):
    return ET.fromstring(feeds.atom(shot)).find(f"{ATOM}entry")


def test_the_atom_feed_is_that_of_statuspage():
    root = ET.fromstring(feeds.atom(snapshot()))
    assert root.tag == f"{ATOM}feed"
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en-US"
    assert root.findtext(f"{ATOM}id") == "tag:status.example.com,2005:/history"
    assert root.findtext(f"{ATOM}title") == "Lindholt Status - Incident History"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {
        "alternate": "https://status.example.com",
        "self": "https://status.example.com/history.atom",
    }
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Lindholt"


def test_an_entry_shows_its_updates_newest_first():
    first = entry(snapshot(maintenances=()))
    assert first.findtext(f"{ATOM}id") == "tag:status.example.com,2005:Incident/notice000001"
    content = first.find(f"{ATOM}content")
    assert content.get("type") == "html"
    assert content.text == (
        "<p><small>Nov 23, 14:29 CET</small><br><strong>Identified</strong> - We are undoing it now.</p>"
        "<p><small>Nov 23, 14:14 CET</small><br><strong>Investigating</strong> - "
        "Customers in the EU cannot pay.</p>"
    )


def test_a_new_update_keeps_the_id_and_moves_updated():
    before = notice()
    later = AT + timedelta(minutes=5)
    after = replace(
        before, updated_at=later, updates=(UpdateView("u3", "monitoring", "Better.", later), *before.updates)
    )
    first = entry(snapshot(notices=(before,), maintenances=()))
    second = entry(snapshot(notices=(after,), maintenances=()))
    assert first.findtext(f"{ATOM}id") == second.findtext(f"{ATOM}id")
    assert first.findtext(f"{ATOM}updated") < second.findtext(f"{ATOM}updated")
    assert first.findtext(f"{ATOM}published") == second.findtext(f"{ATOM}published")


def test_the_rss_feed_has_an_item_for_each():
    root = ET.fromstring(feeds.rss(snapshot()))
    assert root.get("version") == "2.0"
    items = root.findall("channel/item")
    assert [item.findtext("title") for item in items] == ["Checkout fails in the EU", "Account pages pause"]
    for item in items:
        assert {child.tag for child in item} == {"title", "description", "pubDate", "link", "guid"}


def test_nothing_breaks_out_of_a_feed():
    bad = notice(title=f"{EVIL} \x08]]>", updates=(UpdateView("u", "identified", f"{EVIL} &\x0b", AT),))
    shot = snapshot(notices=(bad,), maintenances=())
    assert entry(shot).findtext(f"{ATOM}title") == f"{EVIL} ]]>"
    assert "<script" not in entry(shot).findtext(f"{ATOM}content")
    assert "<script" not in ET.fromstring(feeds.rss(shot)).findtext("channel/item/description")


def lines(shot):
    body = feeds.ics(shot).decode()
    assert body.endswith("\r\n")
    return body.replace("\r\n ", "").split("\r\n")


def test_the_calendar_holds_the_maintenance():
    found = lines(snapshot())
    assert found[0] == "BEGIN:VCALENDAR"
    assert "DTSTART:20261129T133100Z" in found
    assert "DTEND:20261129T135100Z" in found
    assert "SUMMARY:Account pages pause" in found
    assert "UID:maint0000001@status.example.com" in found


def test_a_title_cannot_end_its_calendar_line():
    shot = snapshot(maintenances=(maintenance(title="A; B, C\\\r\nBEGIN:VALARM " + "ü" * 100),))
    assert "BEGIN:VALARM" not in lines(shot)
    assert any(line.startswith("SUMMARY:A\\; B\\, C\\\\\\nBEGIN:VALARM") for line in lines(shot))
    assert all(len(line) <= 75 for line in feeds.ics(shot).split(b"\r\n"))
