"""Browser tests are left out where there is no browser, and never in CI."""

import pytest

from tests import browsing


def test_without_a_browser_they_are_skipped(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        browsing._without("no browser: not found")


def test_in_ci_that_is_a_failure_with_its_reason(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not found"):
        browsing._without("no browser: not found")
