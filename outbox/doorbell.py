"""The doorbell: after a commit somebody should look into the outbox soon, at no cost to the request."""

import logging
import os
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

# At most ten rings a second, however many requests commit.
PAUSE_SECONDS = 0.1
# A broker that does not answer is asked again this much later; the sweeps deliver meanwhile.
PAUSE_AFTER_FAILURE_SECONDS = 2.0

_bell: Callable[[], None] | None = None
_rung = threading.Event()
_starting = threading.Lock()
_ringer: tuple[int, threading.Thread] | None = None


def connect(bell: Callable[[], None] | None) -> None:
    """Tell what to do when it rings. A process without a bell (a shell, a test) leaves it to the sweeps."""
    global _bell
    _bell = bell


def ring() -> None:
    """Say that something is owed; returns at once, whatever the broker does.

    Only sets a flag. One daemon thread per process talks to the broker, because a broker that
    hangs costs two seconds per call (measured). A lost ring is a late message, not a lost one.
    """
    if _bell is None:
        return
    _rung.set()
    _ensure_ringer()


def _ensure_ringer() -> None:
    global _ringer
    with _starting:
        # A forked child inherits the variable but not the thread.
        if _ringer and _ringer[0] == os.getpid() and _ringer[1].is_alive():
            return
        thread = threading.Thread(target=_ring_for_ever, name="doorbell", daemon=True)
        _ringer = (os.getpid(), thread)
        thread.start()


def _ring_for_ever() -> None:
    pause = threading.Event()
    while True:
        _rung.wait()
        _rung.clear()
        try:
            if _bell is not None:
                _bell()
        except Exception as error:
            logger.warning("The doorbell could not ring (%s); the next sweep delivers.", error)
            pause.wait(PAUSE_AFTER_FAILURE_SECONDS)
        pause.wait(PAUSE_SECONDS)
