"""What the house asks by itself in the demo: checks with a short history, and jobs that report in.

Everything is paused in the end, for the addresses do not exist and the demo must not ask the network.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from accounts.actors import person
from config.demo.world import World
from detection import heartbeats, probes
from detection.probes import Finding

LENGTH = timedelta(hours=3)
EVERY = timedelta(minutes=5)
CHECKS = (
    ("Front page answers", "storefront", "https://shop.example.com/", 180),
    ("Basket can be opened", "checkout", "https://shop.example.com/basket", 260),
    ("Search finds shoes", "search", "https://shop.example.com/search?q=shoes", 340),
)
BEATS = (
    ("Nightly stock report", "stock-reports", "30 2 * * *"),
    ("Invoices of the month", "payments", "0 4 1 * *"),
)


def tell(world: World, at: datetime) -> Iterator[datetime]:
    """Three checks that find all well, a little slower towards the end."""
    actor, dice = person(world.admin), random.Random(7)  # noqa: S311
    checks = [
        (probes.create(actor=actor, name=name, service=world.services[slug], url=url, interval=EVERY), usual)
        for name, slug, url, usual in CHECKS
    ]
    for name, slug, cron in BEATS:
        heartbeats.create(actor=actor, name=name, service=world.services[slug], cron=cron)
    for turn in range(LENGTH // EVERY - 1):
        yield at + EVERY * (turn + 1)
        for check, usual in checks:
            elapsed = timedelta(milliseconds=usual * (0.8 + dice.random() * 0.5 + turn * 0.01))
            probes.record(check.pk, Finding(http_status=200, elapsed=elapsed))
    for check, _ in checks:
        probes.pause(check.pk, actor=actor, paused=True)
