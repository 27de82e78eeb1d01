"""`python3 -m tests.faults [--incidents N] [--seconds S] [--seed N]`: every fault, and what arrived.

Starts PostgreSQL, Redis, a web, two workers, two beats and two watches of its own, hurts them by a seeded
chance while incidents are opened and acknowledged, heals them, waits until all is still, and counts. Ends
with 1 when a page was lost, came early, came twice in effect, or came after its acknowledgement.
"""

import argparse
import functools
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

from lib import patience
from tests.faults import house as houses
from tests.faults import mutants
from tests.faults.receivers import Receivers

# Opened in the same moment, so that their steps fall due together and the sweeps meet at them.
BURST = 6
STARTED = time.monotonic()


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("--incidents", type=int, default=60, help="each has three timers (60)")
    parser.add_argument("--seconds", type=float, default=60, help="how long faults are injected (60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed hurts the same")
    parser.add_argument("--mutant", choices=sorted(mutants.MUTANTS), help="take a safeguard out first")
    parser.add_argument("--calm", action="store_true", help="no faults: shows what the machine alone costs")
    parser.add_argument("--keep", action="store_true", help="leave the logs behind")
    asked = parser.parse_args()
    if lacks := houses.missing():
        print(f"not installed here: {', '.join(lacks)}")
        return 2
    house = houses.House(mutants.copy(asked.mutant) if asked.mutant else houses.ROOT)
    receivers = Receivers(asked.seed)
    house.extra = {"EMAIL_URL": receivers.mail_url}
    print(f"seed {asked.seed}; logs in {house.folder}", flush=True)
    is_good = False
    try:
        house.open()
        is_good = _run(asked, house, receivers)
    finally:
        receivers.close()
        house.close(keep=asked.keep or not is_good)
    return 0 if is_good else 1


def _django(house: houses.House) -> ModuleType:
    """The driver reads and writes the same database; only now is its address known."""
    os.environ.update(house.environment())
    os.environ["TOCSIN_DATA_DIR"] = str(house.folder / "driver")
    import django

    django.setup()
    import tests.faults.driving as driving

    return driving


def _run(asked: Any, house: houses.House, receivers: Receivers) -> bool:
    driving = _django(house)
    _tell("databases are there")
    load = driving.duty.prepare(asked.incidents, house.url, receivers)
    house.start_all()
    _tell("the house is up")
    first, wrong = driving.asleep.play(house, receivers, load)
    load.opened.append(first)
    _tell("a sleeper's late mark was tried")
    taps: dict[str, float] = {}
    stop = threading.Event()
    people = threading.Thread(
        target=driving.duty.keep_tapping, args=[receivers, taps, stop, asked.seed], daemon=True
    )
    people.start()
    injuries = driving.injuries.Injuries(house, asked.seed)
    if not asked.calm:
        injuries.begin()
    began = time.monotonic()
    for number in range(0, asked.incidents, BURST):
        pause = began + number * asked.seconds / asked.incidents - time.monotonic()
        threading.Event().wait(max(pause, 0))
        places = range(number, min(number + BURST, asked.incidents))
        slugs = [load.services[1 + place // driving.duty.INCIDENTS_A_SERVICE] for place in places]
        with ThreadPoolExecutor(BURST) as callers:
            load.opened += callers.map(functools.partial(driving.duty.open_one, load), slugs)
    threading.Event().wait(max(began + asked.seconds - time.monotonic(), 0))
    if not asked.calm:
        injuries.end()
    house.start_all()
    _tell("the injuries are over")
    still = driving.settle(asked.incidents)
    stop.set()
    people.join(10)
    wrong += [] if still else ["it does not come to rest"]
    _tell("all is still")
    wrong += _kept(house)
    return _say(driving.reckoning.reckon(load, receivers.arrivals, taps), wrong, load, injuries, len(taps))


def _tell(what: str) -> None:
    print(f"{time.monotonic() - STARTED:6.1f} s  {what}", flush=True)


def _kept(house: houses.House) -> list[str]:
    """The house itself says that it keeps its promises, and its timelines hold."""
    wrong = [f"{name} ended by itself" for name in house.died()]
    try:
        patience.until(lambda: house.get("/promises") == 200, "", seconds=60, every=0.5)
    except TimeoutError:
        wrong.append("/promises is not 200 a minute after the last injury")
    try:
        house.manage("verify_timeline")
    except RuntimeError as error:
        wrong.append(f"verify_timeline: {error}")
    return wrong


def _say(verdict: Any, wrong: list[str], load: Any, injuries: Any, taps: int) -> bool:
    print("injuries              " + ", ".join(f"{name} {n}" for name, n in sorted(injuries.done.items())))
    print(f"incidents             {len(load.opened)}, {load.retried} tries were not answered, {taps} answers")
    for line in [*verdict.lines(), *(f"  {word}" for word in wrong)]:
        print(line)
    return verdict.is_good and not wrong


if __name__ == "__main__":
    sys.exit(main())
