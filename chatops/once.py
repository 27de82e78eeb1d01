"""What was heard once: replays and Slack's own repetitions change nothing."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.utils.timezone import now
from django.utils.translation import gettext as _

from chatops.models import Heard
from lib.refusal import Refused
from lib.text import is_storable

_BATCH, _LONGEST = 1_000, 200
#: Slack and what stands between repeat a request for some hours at most.
RETRIED = timedelta(days=1)


def first_time(key: str, *, keep: timedelta) -> bool:
    """Remember the key; False when it is known already, also to another process at this moment."""
    return Heard.objects.get_or_create(key=_kept(key), defaults={"until": now() + keep})[1]


def _kept(key: str) -> str:
    """The key as the column takes it: what is too long or cannot be stored is known by its hash."""
    if len(key) <= _LONGEST and is_storable(key):
        return key
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


@contextmanager
def claimed(key: str, *, keep: timedelta) -> Iterator[None]:
    """Do something for a key once. When it fails the key is free again, so that it can be sent again.

    Raises:
        Refused: ``replayed``, when the key was used before.
    """
    if not first_time(key, keep=keep):
        raise Refused("replayed", _("This very request was taken before. Send it anew."), 401)
    try:
        yield
    except Exception:
        free(key)
        raise


def free(key: str) -> None:
    """It may be taken once more."""
    Heard.objects.filter(key=_kept(key)).delete()


def forget() -> int:
    """Delete a batch of what can no longer be repeated; return how many."""
    old = list(Heard.objects.filter(until__lt=now()).values_list("pk", flat=True)[:_BATCH])
    return Heard.objects.filter(pk__in=old).delete()[0]
