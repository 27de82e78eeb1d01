"""Run a program as a child of `up`, and see it ended when `up` is gone. Standard library only.

``python -m config.ward PID MODULE ARGUMENTS`` is ``python -m MODULE ARGUMENTS``, beside which a thread looks
whether process PID is still the parent. The kernel tells a child of its parent's death with SIGTERM
(`config.child`), but that word can be lost: the parent may die before the child has asked for it, and a
program may swallow the exception its handler raises. An orphan would hold the port, and the work, of the
next start.
"""

import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable

LOOK_SECONDS = 1.0
# `up` itself gives its children 8 s before it ends them; whoever is asked twice needs no longer.
GRACE_SECONDS = 8.0


def watch(
    parent: int,
    pause: Callable[[float], object],
    *,
    of: Callable[[], int] = os.getppid,
    signal_family: Callable[[int], object] | None = None,
) -> None:
    """Wait until ``parent`` is no longer the parent, then end the family: asked first, by force after 8 s.

    Args:
        parent: the process ID this process was started by.
        pause: waits so many seconds.
        of: says who the parent is now.
        signal_family: sends a signal to every process of this session.
    """
    send = signal_family or _signal_family
    while of() == parent:
        pause(LOOK_SECONDS)
    send(signal.SIGTERM)
    pause(GRACE_SECONDS)
    send(signal.SIGKILL)


def _signal_family(number: int) -> None:
    os.killpg(os.getpgrp(), number)


def main(arguments: list[str]) -> None:
    parent, module, *rest = arguments
    pause = threading.Event()
    threading.Thread(target=watch, args=[int(parent), pause.wait], daemon=True, name="ward").start()
    sys.argv = [module, *rest]
    if module.endswith(".py"):
        runpy.run_path(module, run_name="__main__")
    else:
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
