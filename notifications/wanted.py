"""Whether a paging message is still wanted: the room above that starts runs says how to ask."""

from collections.abc import Callable

from django.db.models import Q

_of_runs: list[Callable[[], Q]] = []
_of_bundles: list[Callable[[], Q]] = []


def only_while(condition: Callable[[], Q]) -> None:
    """Let every claim of a message with a ``run_key`` test this too, in its own conditional UPDATE."""
    if condition not in _of_runs:
        _of_runs.append(condition)


def bundles_only_while(condition: Callable[[], Q]) -> None:
    """The same for messages with a ``bundle_key``."""
    if condition not in _of_bundles:
        _of_bundles.append(condition)


def still() -> Q:
    """The condition of a claim: messages without a run or a bundle are always wanted."""
    runs, bundles = Q(run_key=None), Q(bundle_key=None)
    asked, bundled = Q(), Q()
    for condition in _of_runs:
        asked &= condition()
    for condition in _of_bundles:
        bundled &= condition()
    return (runs | asked) & (bundles | bundled)
