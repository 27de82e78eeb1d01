"""The cache while Redis is away: it forgets, and never fails."""

import socket

import pytest

from lib import fallback_cache
from lib.fallback_cache import FallbackCache


@pytest.fixture
def away(monkeypatch):
    monkeypatch.setattr(fallback_cache, "_away_until", float("-inf"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    cache = FallbackCache(f"redis://127.0.0.1:{port}/0", {"OPTIONS": {"socket_connect_timeout": 0.5}})
    cache.clear()
    return cache


def test_it_counts_and_remembers_in_the_process(away):
    assert away.add("limit", 0, timeout=60) is True
    assert away.add("limit", 0, timeout=60) is False
    assert (away.incr("limit"), away.incr("limit")) == (1, 2)
    away.set_many({"a": 1, "b": 2})
    assert away.get_many(["a", "b"]) == {"a": 1, "b": 2} and away.has_key("a")
    assert away.touch("a") and away.delete("a") and away.get("a", "gone") == "gone"
    away.delete_many(["b"])
    with pytest.raises(ValueError, match="nothing"):
        away.incr("nothing")


def test_it_is_asked_again_only_after_a_while(away, monkeypatch, caplog):
    monkeypatch.setattr(fallback_cache, "_away_until", float("-inf"))
    caplog.clear()
    for _ in range(5):
        away.get("x")

    said = [one for one in caplog.records if one.getMessage().startswith("Redis does not answer")]
    assert len(said) == 1
