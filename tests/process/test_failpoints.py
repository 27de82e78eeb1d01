"""A process dies at each named point of a page's way; what it left is done by the next, once."""

import collections
import os
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import connection
from django.utils.timezone import now

from lib import failpoints
from notifications import contacts
from notifications.models import ContactMethod
from oncall.models import Page, PageRun
from tests.oncall.conftest import checkout, clock, everything, opened, team  # noqa: F401

pytestmark = [
    pytest.mark.process,
    pytest.mark.django_db(transaction=True),
    # The other thread is the telephone; the child has no use for it.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@pytest.fixture
def telephone(settings):
    """A receiver that counts how often it got each message."""
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    came: collections.Counter[str] = collections.Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            came[self.headers["webhook-id"]] += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            return None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", came
    server.shutdown()
    server.server_close()


def dies(act) -> bool:
    """Run it in a child; True when the child was killed."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()
    child = os.fork()
    if not child:
        # Never the parent's own line to the database: killed on that one, its transaction would stay open.
        connection.connection = None
        getattr(connection, "_connection_pools", {}).clear()
        try:
            act()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_crash_at_any_point_loses_no_page_and_doubles_only_what_was_not_marked(
    opened,  # noqa: F811
    clock,  # noqa: F811
    drain,
    alice,
    bob,
    telephone,
):
    address, came = telephone
    for user in (alice, bob):
        ContactMethod.objects.create(
            user=user,
            kind="webhook",
            address=address,
            secret=contacts.new_secret(),
            verified_at=now(),
        )

    for point in failpoints.POINTS:
        came.clear()
        makes = point == "announced_before_commit"
        if not makes:
            opened()

        def live(point=point, makes=makes):
            failpoints.arm(point)
            if makes:
                opened()
            everything(drain)
            clock.shift(timedelta(minutes=5))
            everything(drain)

        assert dies(live), f"nothing reaches {point}"
        if makes:
            assert not PageRun.objects.exists(), "half of it was kept"
            opened()
        for _ in range(2):
            # Past the lease, past the news' first retry, and past the second step.
            everything(drain)
            clock.shift(11)
            everything(drain)
            clock.shift(timedelta(minutes=5))
        everything(drain)

        run = PageRun.objects.latest("pk")
        asked = Page.objects.filter(run=run, user__in=(alice, bob))
        assert sorted(asked.values_list("user__name", flat=True)) == ["Alice", "Bob"], point
        again = 2 if point == "after_send_before_mark" else 1
        assert sorted(came.values()) == sorted([1, again]), (point, came)
        PageRun.objects.update(status="cancelled", next_at=None)


def test_an_unknown_point_is_refused():
    with pytest.raises(ValueError, match="no fail point"):
        failpoints.arm("somewhere")
