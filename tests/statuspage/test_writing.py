"""The site is written whole, swapped at once, and stands without the app."""

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
import time_machine
from django.core.management import call_command

from accounts import actors
from statuspage import publishing, writing
from statuspage.changes import site, touch
from statuspage.models import Publication, Site
from tests.statuspage.conftest import NOON
from tests.statuspage.sample import EVIL

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(mona):
    return actors.person(mona)


@pytest.fixture
def told(boss, shop):
    return publishing.open_notice(
        actor=boss,
        title=f"Checkout fails {EVIL}",
        body=f"Customers cannot pay. {EVIL}",
        components={shop["pay"].pk: "major_outage"},
    )


def read(name: str) -> str:
    return (writing.root() / "current" / name).read_text()


def test_the_site_has_every_file_of_the_contract(told):
    assert writing.publish() == 1
    current = writing.root() / "current"
    for name in (
        "index.html", f"incidents/{told.public_id}/index.html", "history/index.html", "history.atom",
        "history.rss",
        "maintenance.ics", "api/v2/summary.json", "api/v2/status.json", "api/v2/components.json",
        "api/v2/incidents.json", "badge.svg", "widget.js", "status.css", "status.js", "published.json",
    ):  # fmt: skip
        assert (current / name).is_file(), name


def test_a_title_and_a_body_that_attack_are_shown_as_text(told):
    writing.publish()
    for name in ("index.html", f"incidents/{told.public_id}/index.html", "history/index.html"):
        assert "<script>alert" not in read(name)
        assert "&lt;script&gt;" in read(name)


def test_no_page_needs_anything_inline_or_from_elsewhere(told):
    writing.publish()
    for path in (writing.root() / "current").rglob("*.html"):
        tags = Tags(path.read_text())
        assert ("meta", "default-src 'self'") in [(t, a.get("content")) for t, a in tags.found]
        for tag, attributes in tags.found:
            assert not any(name == "style" or name.startswith("on") for name in attributes), tag
            assert tag != "style"
            assert tag != "script" or attributes.get("src")
            for name in ("href", "src"):
                assert not str(attributes.get(name, "")).startswith(("/", "http")), attributes


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_first_sentence_answers_is_it_me(told, boss):
    writing.publish()
    assert "Everything else works." in read("index.html")

    publishing.post_update(told.pk, actor=boss, body="You can pay again.", status="resolved")
    writing.publish()
    assert "<h1>Everything works.</h1>" in read("index.html")


def test_a_draft_is_nowhere_on_the_site(declared, drain):
    declared(1)
    drain()
    writing.publish(force=True)

    for path in (writing.root() / "current").rglob("*"):
        assert not path.is_file() or b"Problem with" not in path.read_bytes(), path


@pytest.mark.parametrize("kind", ["is_private", "is_drill"])
def test_private_incidents_and_drills_never_appear(declared, drain, kind, mona):
    declared(1, title="Salaries leaked", **{kind: True}, participant_ids=[mona.pk])
    drain()
    writing.publish(force=True)

    for path in (writing.root() / "current").rglob("*"):
        assert not path.is_file() or b"Salaries" not in path.read_bytes(), path


def test_a_change_is_published_by_the_outbox(told, drain):
    assert drain() > 0
    assert "Checkout fails" in read("index.html")
    assert site().written == site().changes


def test_nothing_is_written_while_nothing_changes_but_once_a_minute(shop):
    with time_machine.travel(NOON, tick=False) as clock:
        assert writing.sweep() == 1
        clock.shift(timedelta(seconds=30))
        assert writing.sweep() == 0
        clock.shift(timedelta(seconds=31))
        assert writing.sweep() == 1
        assert json.loads(read("published.json"))["written_at"] == "2026-11-23T12:01:01+00:00"
        assert "Written at" in read("index.html")


def test_files_that_did_not_change_keep_their_time(told):
    with time_machine.travel(NOON, tick=False) as clock:
        writing.publish()
        before = (writing.root() / "current" / "history.atom").stat()
        clock.shift(timedelta(minutes=2))
        writing.publish()
    after = (writing.root() / "current" / "history.atom").stat()
    assert (before.st_mtime, before.st_ino) == (after.st_mtime, after.st_ino)


def test_a_claimed_site_is_left_alone_until_the_lease_is_over(shop, django_capture_on_commit_callbacks):
    with time_machine.travel(NOON, tick=False) as clock:
        site()
        Site.objects.update(claimed_until=NOON + writing.LEASE)
        assert writing.publish() == 0
        clock.shift(writing.LEASE)
        assert writing.publish() == 1


def test_two_claims_of_the_same_moment_give_one_publisher(shop):
    site()
    assert writing._claim(force=True) == 1
    assert writing._claim(force=True) == 0


def test_a_publisher_that_slept_past_its_lease_does_not_undo_a_later_one(shop, boss, told):
    with time_machine.travel(NOON, tick=False) as clock:
        first = writing._claim(force=True)
        clock.shift(writing.LEASE + timedelta(seconds=1))
        second = writing._claim(force=True)
        assert writing._write(second) == 1
        newer = (writing.root() / "current").resolve()
        assert writing._write(first) == 0
    assert (writing.root() / "current").resolve() == newer
    assert site().written == site().changes


def test_what_changes_while_the_site_is_written_is_written_next(shop, monkeypatch):
    from django.db import transaction

    whole = writing.pages.files

    def slow(shot, **words):
        monkeypatch.setattr(writing.pages, "files", whole)
        with transaction.atomic():
            touch()
        return whole(shot, **words)

    monkeypatch.setattr(writing.pages, "files", slow)
    assert writing.publish() == 2
    assert site().written == site().changes


def test_a_writing_that_fails_leaves_the_old_site_and_is_owed_again(shop, told, settings, monkeypatch):
    writing.publish()
    before = (writing.root() / "current").resolve()
    monkeypatch.setattr(
        writing, "_fill", lambda release, files: (_ for _ in ()).throw(OSError(28, "disk full"))
    )
    with pytest.raises(OSError, match="disk full"):
        writing.publish(force=True)
    monkeypatch.undo()
    settings.STATUS_DIR = before.parent.parent

    assert (writing.root() / "current").resolve() == before
    assert writing.publish(force=True) == 1


def test_only_the_last_few_folders_are_kept(shop):
    for _ in range(9):
        writing.publish(force=True)
    assert len(list((writing.root() / "releases").iterdir())) == writing.KEEP_RELEASES
    assert Publication.objects.count() == 9


def test_the_command_writes_the_site_now(shop, capsys):
    call_command("publish_status")
    assert "Written to" in capsys.readouterr().out
    assert (writing.root() / "current" / "index.html").exists()


def test_readers_never_see_half_of_a_site(shop, told):
    """Every reading of `current` finds all files of one writing, while it is swapped a hundred times."""
    writing.publish()
    stop, broken = threading.Event(), []

    def read_on() -> int:
        count = 0
        while not stop.is_set():
            folder = (writing.root() / "current").resolve()
            try:
                stamp = json.loads((folder / "published.json").read_bytes())
                files = {
                    str(path.relative_to(folder)): path.read_bytes()
                    for path in folder.rglob("*")
                    if path.is_file() and path.name != "published.json"
                }
            except OSError as error:
                broken.append(repr(error))
                continue
            if stamp["digest"] != writing.digest_of(files):
                broken.append(f"{folder} is mixed")
            count += 1
        return count

    keep, writing.KEEP_RELEASES = writing.KEEP_RELEASES, 200
    try:
        with ThreadPoolExecutor(3) as pool:
            readers = [pool.submit(read_on) for _ in range(3)]
            for _ in range(100):
                writing.publish(force=True)
            stop.set()
            reads = sum(reader.result() for reader in readers)
    finally:
        writing.KEEP_RELEASES = keep
    assert reads > 20
    assert broken == []


def test_any_static_server_serves_the_whole_site_without_the_app(told, tmp_path):
    """The folder is copied away and served by Python's own server in a process that has no Django."""
    writing.publish()
    copy = tmp_path / "elsewhere"
    subprocess.run(["cp", "-rL", str(writing.root() / "current"), str(copy)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(copy)],
        env={"PATH": os.environ["PATH"]},
        stderr=subprocess.DEVNULL,
    )
    try:
        seen = crawl(f"http://127.0.0.1:{port}/")
    finally:
        server.terminate()
        server.wait()
    assert f"http://127.0.0.1:{port}/incidents/{told.public_id}/" in seen
    assert f"http://127.0.0.1:{port}/history.atom" in seen
    assert {status for status, _ in seen.values()} == {200}


def crawl(start: str) -> dict[str, tuple[int, bytes]]:
    """Follow every link of the site."""
    seen: dict[str, tuple[int, bytes]] = {}
    todo = [start]
    while todo:
        url = todo.pop().partition("#")[0]
        if url in seen or not url.startswith(start):
            continue
        seen[url] = fetch(url)
        if not url.endswith((".json", ".atom", ".rss", ".ics", ".svg", ".css", ".js")):
            tags = Tags(seen[url][1].decode())
            todo += [urljoin(url, a[n]) for _, a in tags.found for n in ("href", "src") if a.get(n)]
    return seen


def fetch(url: str) -> tuple[int, bytes]:
    for _ in range(400):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, b""
        except OSError:
            threading.Event().wait(0.02)  # It is still starting.
    raise AssertionError(f"{url} never answered")


def test_the_folder_is_reached_by_a_relative_link(shop):
    writing.publish()
    assert not (writing.root() / "current").readlink().is_absolute()
