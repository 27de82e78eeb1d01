"""One Celery task per line of config/sweeps.py; only workers load this."""

from collections.abc import Callable

from config.celery import app
from config.sweeps import SWEEPS, Sweep
from outbox import pulse


def tick(sweep: Sweep) -> Callable[[], int]:
    """The task of a sweep: run it once and remember when."""

    def run() -> int:
        if not pulse.may_sweep():
            return 0
        return pulse.run(sweep.name, sweep.load(), **sweep.rhythm).count

    return run


for _sweep in SWEEPS:
    app.task(name=_sweep.task_name)(tick(_sweep))
