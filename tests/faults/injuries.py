"""What is done to the house while it works: one injury at a time every second or two, by a seeded chance."""

import collections
import contextlib
import random
import signal
import threading
from collections.abc import Callable

import redis

from config import celery
from lib import failpoints
from tests.faults.house import KILLED, House

#: Longer than the lease of a page (10 s), so that another takes over what the sleeper holds.
SLEEP_SECONDS = 12.0


class Injuries:
    """Runs in a thread; `end` heals everything."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.chance = house, random.Random(seed)
        # What a worker goes through; the first point is the web's.
        self.points = self.chance.sample(failpoints.POINTS[1:], len(failpoints.POINTS) - 1)
        self.done: collections.Counter[str] = collections.Counter()
        self.stop = threading.Event()
        self.healers: list[threading.Thread] = []
        self.thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(60)
        for healer in self.healers:
            healer.join(60)

    def _run(self) -> None:
        kinds: list[tuple[int, Callable[[], None]]] = [
            (10, self.kill),
            (8, self.crash),
            (2, self.sleep),
            (2, self.flush_redis),
            (1, self.hang_redis),
            (1, self.kill_redis),
            (1, self.restart_postgres),
            (1, self.cut_connections),
            (2, self.ring_often),
            (1, self.run_ahead),
        ]
        # Each once in a row of chance, then by weight: a short run has seen everything, too.
        weights, acts = [weight for weight, _ in kinds], [act for _, act in kinds]
        first = list(acts)
        self.chance.shuffle(first)
        while not self.stop.wait(self.chance.uniform(0.8, 2.0)):
            act = first.pop() if first else self.chance.choices(acts, weights)[0]
            self.done[act.__name__] += 1
            act()

    def _later(self, seconds: float, heal: Callable[[], object]) -> None:
        def wait() -> None:
            self.stop.wait(seconds)
            heal()

        healer = threading.Thread(target=wait, daemon=True)
        self.healers.append(healer)
        healer.start()

    def kill(self) -> None:
        name = self.chance.choice(KILLED)
        self.house.kill(name)
        self._later(self.chance.uniform(0, 1.5), lambda: self.house.start(name))

    def crash(self) -> None:
        """Both workers die at the same named point, in the middle of something."""
        point = self.points[self.done["crash"] % len(self.points)]
        for name in ("worker1", "worker2"):
            self.house.kill(name)
            self.house.start(name, TOCSIN_FAIL_AT=point)
            self._later(self.chance.uniform(4, 7), lambda name=name: self._anew(name))

    def _anew(self, name: str) -> None:
        self.house.kill(name)
        self.house.start(name)

    def sleep(self) -> None:
        """A paused machine: the worker's lease runs out while it sleeps."""
        name = self.chance.choice(["worker1", "worker2"])
        self.house.signal(name, signal.SIGSTOP)
        self._later(SLEEP_SECONDS, lambda: self.house.signal(name, signal.SIGCONT))

    def flush_redis(self) -> None:
        with contextlib.suppress(redis.RedisError), self._redis() as broker:
            broker.flushall()

    def _redis(self) -> redis.Redis:
        return redis.Redis(port=self.house.ports["redis"], socket_timeout=2, socket_connect_timeout=2)

    def hang_redis(self) -> None:
        self.house.signal("redis", signal.SIGSTOP)
        self._later(4, lambda: self.house.signal("redis", signal.SIGCONT))

    def kill_redis(self) -> None:
        self.house.kill("redis")
        self._later(2, lambda: self.house.start("redis"))

    def restart_postgres(self) -> None:
        self.house.postgres("restart")

    def cut_connections(self) -> None:
        self.house.cut_connections()

    def ring_often(self) -> None:
        """Twenty doorbells for nothing."""
        for _ in range(20):
            try:
                celery.ring_sweeps()
            except Exception:
                return  # Redis is away: then nobody hears.

    def run_ahead(self) -> None:
        """A third worker, whose clock is an hour ahead."""
        self.house.start("ahead")
        self._later(6, lambda: self.house.kill("ahead"))
