"""Signed links."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from lib.refusal import Invalid
from lib.signing import sign, unsign

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_token_is_good_for_its_purpose_until_its_time():
    with time_machine.travel(NOON, tick=False) as clock:
        token = sign({"page": 7}, purpose="acknowledge")
        assert unsign(token, purpose="acknowledge", max_age=timedelta(hours=1)) == {"page": 7}

        with pytest.raises(Invalid) as wrong:
            unsign(token, purpose="unsubscribe", max_age=timedelta(hours=1))
        assert wrong.value.code == "bad_signature"

        clock.shift(timedelta(hours=1, seconds=1))
        with pytest.raises(Invalid) as late:
            unsign(token, purpose="acknowledge", max_age=timedelta(hours=1))
        assert late.value.code == "expired"


@pytest.mark.parametrize("place", [0, 3, -1, -10])
def test_one_altered_letter_is_enough(place):
    token = sign({"page": 7}, purpose="acknowledge")
    letters = list(token)
    letters[place] = "A" if letters[place] != "A" else "B"

    with pytest.raises(Invalid):
        unsign("".join(letters), purpose="acknowledge", max_age=None)


@pytest.mark.parametrize("junk", ["", "x", "a:b:c", "é:ü:ö", "\x00", ":" * 50])
def test_junk_is_no_token(junk):
    with pytest.raises(Invalid):
        unsign(junk, purpose="acknowledge", max_age=None)
