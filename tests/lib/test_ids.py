"""Public ids."""

import re

from lib.ids import public_id


def test_ids_fit_into_a_url_and_do_not_meet():
    ids = {public_id() for _ in range(1000)}

    assert len(ids) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{12}", one) for one in ids)
