"""Waiting for a fact, never for a time."""

import threading
import time
from collections.abc import Callable


def until[T](fact: Callable[[], T], otherwise: str, *, seconds: float = 30, every: float = 0.02) -> T:
    """Ask again and again until the fact is true, and return it.

    Raises:
        TimeoutError: it did not come true within ``seconds``; carries the sentence ``otherwise``.
    """
    pause = threading.Event()
    end = time.monotonic() + seconds
    while True:
        found = fact()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{otherwise} (waited {seconds:g} s)")
        pause.wait(every)
