"""Named places where a process can be told to die, so that tests can crash it there. Free when unset."""

import os
import signal

#: In the order in which a page travels.
POINTS = (
    "announced_before_commit",  # An event and its news are written, and the transaction is not committed.
    "news_after_claim",  # A piece of news is claimed, and its handler has not run.
    "news_before_mark",  # Its handler has committed, and the news is not marked.
    "after_claim",  # A due step is claimed, and its people are not asked.
    "before_commit",  # They are asked, and the transaction is not committed.
    "after_commit_before_send",  # A message is claimed, and nothing was said to the receiver.
    "after_send_before_mark",  # The receiver has it, and it is not marked.
)

_armed = os.environ.get("TOCSIN_FAIL_AT", "")


def arm(name: str) -> None:
    """Die at this point from now on (for a test that forks)."""
    global _armed
    if name and name not in POINTS:
        raise ValueError(f"There is no fail point {name}.")
    _armed = name


def reach(name: str) -> None:
    """This point is reached: end the process as kill -9 would, when it is the one that was asked for."""
    if _armed and _armed == name:
        os.kill(os.getpid(), signal.SIGKILL)
