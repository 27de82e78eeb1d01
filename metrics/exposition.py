"""The state of the house for Prometheus, in its text format 0.0.4.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text-based format).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.utils.timezone import now

from incidents.kinds import OPEN
from incidents.models import Deadline, Incident, Severity
from notifications.models import Channel, Delivery
from oncall.models import PageRun
from outbox import pulse
from outbox.models import Message

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Family:
    """One metric: its name, what it says, and its samples as (labels, value)."""

    name: str
    says: str
    samples: Sequence[tuple[Mapping[str, str], float]] = ()


def text() -> str:
    """All of it. Drills and what was dismissed or merged are left out; private incidents count."""
    return "".join(line + "\n" for family in families() for line in _lines(family))


def families() -> Iterator[Family]:
    yield _open_incidents()
    yield from _deadlines()
    yield from _outbox()
    yield from _sweeps()
    yield from _pages()


def _open_incidents() -> Family:
    found = Incident.objects.counted().filter(status__in=OPEN).order_by()
    counts = {
        (name, status): count
        for name, status, count in found.values_list("severity__name", "status").annotate(Count("pk"))
    }
    names = Severity.objects.order_by("rank").values_list("name", flat=True)
    samples = [
        ({"severity": name, "status": str(status)}, counts.get((name, status), 0))
        for name in names
        for status in OPEN
    ]
    return Family("tocsin_open_incidents", "Incidents that are not resolved yet.", samples)


def _deadlines() -> Iterator[Family]:
    missed = Deadline.objects.filter(incident__is_drill=False).exclude(missed_at=None).order_by()
    yield Family(
        "tocsin_deadlines_late",
        "Promises that are missed and still owed.",
        _by(missed.filter(stopped_at=None).values_list("kind").annotate(Count("pk")), "kind"),
    )
    yield Family(
        "tocsin_deadlines_missed",
        "Promises that were missed, of all incidents that are kept.",
        _by(missed.values_list("kind").annotate(Count("pk")), "kind"),
    )


def _outbox() -> Iterator[Family]:
    owed = Message.objects.due().order_by()
    yield Family(
        "tocsin_outbox_due",
        "Messages that should have been delivered by now.",
        _by(owed.values_list("queue").annotate(Count("pk")), "queue", always=("page", "bulk")),
    )
    given_up = Message.objects.exclude(abandoned_at=None).order_by()
    yield Family(
        "tocsin_outbox_abandoned",
        "Messages that were given up.",
        _by(given_up.values_list("queue").annotate(Count("pk")), "queue", always=("page", "bulk")),
    )


def _sweeps() -> Iterator[Family]:
    at, failing = now(), pulse.failing()
    finished = pulse.last_finished()
    yield Family(
        "tocsin_sweep_age_seconds",
        "How long ago each sweep last came to its end.",
        [({"sweep": name}, round((at - when).total_seconds(), 3)) for name, when in sorted(finished.items())],
    )
    yield Family(
        "tocsin_sweep_failing",
        "1 where the last run of a sweep failed.",
        [({"sweep": name}, float(name in failing)) for name in sorted({*finished, *failing})],
    )


def _pages() -> Iterator[Family]:
    runs = PageRun.objects.filter(incident__is_drill=False).order_by()
    yield Family(
        "tocsin_page_runs",
        "Page runs by how they ended; running ones still ask for an answer.",
        _by(runs.values_list("status").annotate(Count("pk")), "status", always=PageRun.Status.values),
    )
    failed = Delivery.objects.exclude(failed_at=None).order_by()
    yield Family(
        "tocsin_deliveries_failed",
        "Messages to people and rooms that never arrived.",
        _by(failed.values_list("channel").annotate(Count("pk")), "channel", always=Channel.values),
    )


def _by(
    rows: Iterable[tuple[str, int]], label: str, *, always: Iterable[str] = ()
) -> list[tuple[Mapping[str, str], float]]:
    # A series that is 0 is there, or an alert on it would never see it fall.
    counts = dict.fromkeys(always, 0) | dict(rows)
    return [({label: value}, count) for value, count in sorted(counts.items())]


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.says}"
    yield f"# TYPE {family.name} gauge"
    for labels, value in family.samples:
        inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{family.name}{{{inside}}} {value:g}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
