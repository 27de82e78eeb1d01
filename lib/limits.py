"""How often somebody may ask: counted in the cache, for as long as a span lasts."""

import hashlib
from datetime import timedelta

from django.core.cache import cache


def is_over(what: str, who: str, *, most: int, span: timedelta) -> bool:
    """Count one more of ``what`` by ``who``; True from the ``most``-th plus one within the span on.

    A span begins with the first and ends by itself. ``who`` may be anything a stranger wrote: only its hash
    is kept. A cache that forgets lets more through and never less.
    """
    key = f"limit:{what}:{hashlib.sha256(who.encode(errors='replace')).hexdigest()[:24]}"
    cache.add(key, 0, timeout=int(span.total_seconds()))
    try:
        return bool(cache.incr(key) > most)
    except ValueError:
        # It ran out between the two calls; the next one begins a new span.
        return False
