"""The count: what was due by the rows of the database, what arrived by the receivers, what does not agree."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from notifications.models import Delivery, Word
from oncall.models import PageRun
from tests.faults.duty import DELAYS, Load
from tests.faults.receivers import Arrival

#: What was being sent when the acknowledgement came may arrive for a lease and a time-out longer.
IN_FLIGHT = 10.0 + 6.0
# A step that came due this shortly before an acknowledgement may rightly never be climbed.
JUST_BEFORE = 30.0
#: Nobody may claim again before the lease is over, so two arrivals so near are two senders at once.
TOO_NEAR = 3.0
# Both clocks are this machine's, but a page is written a moment before it is stamped.
EARLY = 0.2


@dataclass
class Verdict:
    due: int = 0
    once: int = 0
    again: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    longest_after: float = 0.0

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.after or self.early)

    def lines(self) -> list[str]:
        late = sorted(self.lateness) or [0.0]
        p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
        return [
            f"timers due            {self.due}",
            f"delivered once        {self.once}",
            f"lost                  {len(self.lost)}",
            f"doubled in effect     {len(self.doubled)}",
            f"sent again, same id   {self.again}  (killed or paused before the mark)",
            f"early                 {len(self.early)}",
            f"after-ack             {len(self.after)}  (the last came {self.longest_after:.1f} s after one)",
            f"lateness              p50 {p50:.2f} s, p99 {p99:.2f} s, max {late[-1]:.2f} s",
            *(f"  {word}" for word in (*self.lost, *self.doubled, *self.after, *self.early)[:40]),
        ]


def reckon(load: Load, arrivals: list[Arrival], taps: dict[str, float]) -> Verdict:
    verdict = Verdict()
    came: dict[str, list[float]] = defaultdict(list)
    for arrival in arrivals:
        came[arrival.id].append(arrival.at)
    tapped = _tapped(taps)
    runs: dict[int, list[PageRun]] = defaultdict(list)
    for run in PageRun.objects.select_related("incident").prefetch_related("pages").order_by("pk"):
        runs[run.incident.number].append(run)
    for opened in load.opened:
        mine = runs.get(opened.number, [])
        if not mine:
            verdict.lost.append(f"INC-{opened.number} was taken and nobody is paged")
        if len(mine) > 1:
            verdict.doubled.append(f"INC-{opened.number} has {len(mine)} runs")
        for run in mine:
            _steps(run, verdict)
            _messages(run, came, tapped.get(run.pk), verdict)
    twice = len({one.number for one in load.opened}) != len(load.opened)
    if twice or len(runs) != len(load.opened):
        verdict.doubled.append(f"{len(load.opened)} incidents were asked for, {len(runs)} are there")
    return verdict


def _tapped(taps: dict[str, float]) -> dict[int, float]:
    """When the first acknowledgement of each run was answered."""
    first: dict[int, float] = {}
    for row in Delivery.objects.filter(word=Word.PAGE):
        at = taps.get(row.fact("acknowledge_url", ""))
        if at is not None and row.run_key is not None:
            first[row.run_key] = min(at, first.get(row.run_key, at))
    return first


def _steps(run: PageRun, verdict: Verdict) -> None:
    """Every step that came due while the run was open was climbed."""
    climbed = {page.rung for page in run.pages.all()}
    for rung, delay in enumerate(DELAYS):
        due_at = run.started_at.timestamp() + delay
        ended_at = run.ended_at.timestamp() if run.ended_at else float("inf")
        if rung not in climbed and due_at < ended_at - JUST_BEFORE:
            verdict.lost.append(f"step {rung + 1} of run {run.pk} came due and nobody was asked")


def _messages(run: PageRun, came: dict[str, list[float]], tapped_at: float | None, verdict: Verdict) -> None:
    """Every message of a step arrived, once, in time, and not after the answer."""
    said: dict[tuple[str, str], int] = defaultdict(int)
    steps = {page.about: page.rung for page in run.pages.all()}
    for about in steps:
        if not Delivery.objects.filter(about=about).exists():
            verdict.lost.append(f"{about} has no message")
    for row in Delivery.objects.filter(run_key=run.pk, word=Word.PAGE):
        times = sorted(came.get(row.idempotency_id, []))
        said[row.about, row.channel] += 1
        if not times:
            if row.cancelled_at is None:
                verdict.due += 1
                verdict.lost.append(f"{row.about} by {row.channel} never arrived ({row.state}: {row.error})")
            continue
        verdict.due += 1
        verdict.once += len(times) == 1
        verdict.again += len(times) - 1
        due_at = run.started_at.timestamp() + DELAYS[min(steps[row.about], len(DELAYS) - 1)]
        verdict.lateness.append(times[0] - due_at)
        if times[0] < due_at - EARLY:
            verdict.early.append(f"{row.about} came {due_at - times[0]:.1f} s early")
        if any(after - before < TOO_NEAR for before, after in pairwise(times)):
            verdict.doubled.append(f"{row.about} was sent by two at once")
        if len(times) > row.claims:
            verdict.doubled.append(f"{row.about} arrived {len(times)} times for {row.claims} claims")
        if tapped_at is not None:
            verdict.longest_after = max(verdict.longest_after, times[-1] - tapped_at)
            if times[-1] > tapped_at + IN_FLIGHT:
                verdict.after.append(f"{row.about} came {times[-1] - tapped_at:.1f} s after the answer")
    verdict.doubled += [f"{about} has {n} messages by {way}" for (about, way), n in said.items() if n > 1]
