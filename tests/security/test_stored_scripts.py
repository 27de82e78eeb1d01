"""What people and machines write never becomes markup, a script, a link that runs, or a formula."""

import csv
import html
import io
import re

import pytest
from django.core import mail

from notifications.models import Delivery
from postmortems.models import Postmortem
from tests.security.world import HOSTILE, MARK, build, filled, pages

RUNS = re.compile(
    rf"<img[^>]*onerror\s*=\s*{MARK}|<script[^>]*>\s*{MARK}|(?:href|src|action)\s*=\s*[\"']?\s*javascript:",
    re.IGNORECASE,
)


@pytest.fixture
def world(root, rest, drain, settings):
    root.name = HOSTILE[:120]
    root.save()
    made = build(rest(root), root.email)
    drain()
    return made


def signals(made, client):
    key = made["source"].get("key") or made["source"]["plain_key"]
    event = {"title": HOSTILE, "summary": HOSTILE, "dedup_key": HOSTILE, "severity": "critical",
             "labels": {HOSTILE: HOSTILE}, "url": f"javascript:{MARK}()", "description": HOSTILE}  # fmt: skip
    return client.post(f"/in/{key}/generic", event, content_type="application/json")


def test_no_page_runs_what_somebody_wrote(world, root, browser, drain):
    client = browser(root)
    assert signals(world, client).status_code == 202
    drain()
    shown = 0
    for path in pages():
        for number in (1, 2, 3):
            url = filled(path, number=number, slug="s", after=0)
            answer = client.get(url)
            assert answer.status_code != 500, url
            if answer.status_code != 200:
                continue
            text = b"".join(answer).decode(errors="replace")
            found = RUNS.search(text) if "html" in answer["Content-Type"] or "<svg" in text else None
            assert not found, (url, text[max(0, found.start() - 200) : found.end() + 100])
            assert "<b>49</b>" not in text
            shown += MARK in text
    assert shown > 15, "the hostile words are hardly shown anywhere: the test has lost its teeth"


def test_no_mail_runs_what_somebody_wrote(world):
    for row in Delivery.objects.all():
        assert not RUNS.search(row.html), row.word
    for sent in mail.outbox:
        assert "\n" not in sent.subject
        assert not any(RUNS.search(str(part[0])) for part in sent.alternatives)


def test_the_public_site_runs_nothing(world, root, settings):
    files = [path for path in settings.STATUS_DIR.rglob("*") if path.is_file() and not path.is_symlink()]
    shown = 0
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        shown += MARK in text
        if path.suffix in (".html", ".svg"):
            assert not RUNS.search(text), path
        if path.suffix in (".atom", ".rss"):
            # A reader takes one layer off and shows the rest as HTML.
            assert not RUNS.search(text), path
            for content in re.findall(r"<(?:content|description)[^>]*>(.*?)</", text, re.DOTALL):
                assert not RUNS.search(html.unescape(content)), path
    assert shown > 3, [str(path) for path in files]


@pytest.mark.parametrize(
    "url", ["/incidents/export.csv", "/metrics/incidents.csv", "/metrics/tables/behind.csv?basis=detected"]
)
def test_no_cell_begins_a_formula(world, root, browser, url):
    answer = browser(root).get(url)
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode())))
    cells = [cell for row in rows[1:] for cell in row]
    assert any(MARK in cell for cell in cells)
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r＝＋－＠" and cell]


def test_a_postmortem_runs_nothing_in_any_shape(world, root, browser):
    found = Postmortem.objects.get()
    found.summary = found.root_cause = found.revenue_impact = found.users_affected = HOSTILE
    found.save()
    for name in ("", "preview/", "export.html", "history/", "timeline/"):
        answer = browser(root).get(f"/postmortems/{found.pk}/{name}")
        assert answer.status_code == 200, name
        text = b"".join(answer).decode()
        assert MARK in text and not RUNS.search(text), name
