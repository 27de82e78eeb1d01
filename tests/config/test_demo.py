"""The demo year: only into an empty house, sends nothing, and every timeline holds."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils.timezone import localtime, now

from accounts.models import User
from config.demo.clock import Clock, travelling
from config.demo.network import BAD_WEEK
from config.demo.nuisances import MILD
from config.demo.outages import SEVERE
from config.demo.world import DOMAIN
from incidents.kinds import DeadlineKind, EventKind, Status
from incidents.models import Incident, TimelineEvent
from lib import plainwords
from metrics.five import summarise
from metrics.measures import Measure
from metrics.selection import Selection
from notifications import delivery
from notifications.models import Delivery, Word
from outbox.models import Message
from postmortems.models import ActionItem, Postmortem
from statuspage.models import Notice

END = "2026-03-02T10:00:00Z"
# Long enough for a bad week and the postmortems after it, short enough for a test.
WEEKS = 8


@pytest.fixture
def told(db, settings, tmp_path) -> None:
    settings.STATUS_DIR = tmp_path / "statuspage"
    call_command("demo", until=END, weeks=WEEKS)


@pytest.mark.django_db
def test_the_year_can_be_read_on_every_page_and_nothing_was_sent(told, caplog):
    said = [record.getMessage() for record in caplog.get_records("setup")]
    assert [line for line in said if "A story of the demo ends" in line] == []
    open_now = Incident.objects.open().order_by("severity__rank")
    assert [(one.severity.rank, one.status) for one in open_now] == [
        (1, Status.ACTIVE),
        (2, Status.MITIGATED),
        (3, Status.TRIAGE),
    ]
    assert {one.severity.rank for one in Incident.objects.select_related("severity")} == {1, 2, 3, 4}
    assert Incident.objects.filter(is_drill=True).count() <= 1
    assert Postmortem.objects.exclude(published_at=None).exists()
    assert ActionItem.objects.filter(done_at=None).exists()
    assert Notice.objects.filter(is_draft=False, resolved_at=None).exists()
    assert Notice.objects.exclude(resolved_at=None).exists()
    assert TimelineEvent.objects.filter(kind=EventKind.PAGED).exists()

    assert mail.outbox == []
    assert Delivery.objects.exists()
    assert not Delivery.objects.filter(sent_at=None, failed_at=None, cancelled_at=None).exists()
    assert not Message.objects.open().filter(due_at__lte=datetime.fromisoformat(END)).exists()
    assert not Message.objects.exclude(abandoned_at=None).exists()

    call_command("verify_timeline")
    figures = summarise(Selection())
    assert all(figures[which].count for which in Measure)
    assert figures[Measure.MTTM].invalid == figures[Measure.MTTA].invalid == 0
    late = Incident.objects.filter(deadlines__kind=DeadlineKind.INTERNAL_UPDATE)
    assert late.exists()

    with pytest.raises(CommandError, match="empty house"):
        call_command("demo", until=END, weeks=WEEKS)


@pytest.mark.django_db
def test_a_house_where_somebody_works_is_left_alone(alice, bob):
    with pytest.raises(CommandError, match="empty house"):
        call_command("demo")

    assert not Incident.objects.exists()
    assert User.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("until", ["soon", "2026-03-02T10:00:00", "2999-01-01T00:00:00Z"])
def test_a_year_that_cannot_end_then_is_refused(until):
    with pytest.raises(CommandError, match="instant of the past"):
        call_command("demo", until=until)


def test_the_clock_travels_for_everybody_who_asks_and_is_put_back():
    noon = datetime(2024, 7, 1, 12, tzinfo=UTC)
    clock = Clock(noon)

    with travelling(clock):
        assert now() == noon
        clock.move_to(noon + timedelta(minutes=5))
        assert now() == noon + timedelta(minutes=5)
        clock.move_to(noon)
        assert now() == noon + timedelta(minutes=5)
        assert Incident._meta.get_field("created_at").get_default() == noon + timedelta(minutes=5)
        assert localtime(noon) == noon
        assert type(now()) is datetime
    assert now() > noon + timedelta(days=365)


@pytest.mark.django_db
def test_nothing_is_sent_to_people_of_the_demo_even_when_the_house_lives_on():
    owed = delivery.owe(Word.PAGE, channel="email", key="1", address=f"mira.okonkwo@{DOMAIN}", subject="Page")
    real = delivery.owe(Word.PAGE, channel="email", key="2", address="mira@example.com", subject="Page")

    assert delivery.sweep() == 1
    assert [message.to for message in mail.outbox] == [["mira@example.com"]]
    owed.refresh_from_db()
    real.refresh_from_db()
    assert "demonstration" in owed.error
    assert real.error == ""


@pytest.mark.parametrize("plot", dict.fromkeys((*SEVERE, *MILD, *BAD_WEEK)), ids=lambda plot: plot.title)
def test_the_words_of_the_demo_blame_nobody_and_guess_nothing(plot):
    lesson = plot.lesson
    texts = [plot.cause, plot.fix, *plot.updates, *plot.public]
    texts += [lesson.root_cause, *lesson.factors, *lesson.well, *lesson.poorly] if lesson else []

    marks = [mark for text in texts for mark in plainwords.lint(text, rules=("blame", "speculation"))]
    assert marks == []
