"""A process dies while it opens a planned drill; the next one opens it, once."""

import pytest

from incidents.models import Incident
from lib import failpoints
from oncall import drills
from oncall.drill_models import DrillTurn
from tests.oncall.conftest import checkout, clock, team  # noqa: F401
from tests.oncall.test_drills import FIRST, planned, sev1  # noqa: F401
from tests.process.test_failpoints import dies

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("point", ["after_claim", "before_commit"])
def test_a_crash_between_claim_and_opening_leaves_it_due(planned, clock, point):  # noqa: F811
    plan = planned()
    clock.move_to(FIRST)

    def live() -> None:
        failpoints.arm(point)
        drills.sweep()

    assert dies(live), f"nothing reaches {point}"
    plan.refresh_from_db()
    assert plan.next_at == FIRST
    assert not DrillTurn.objects.exists() and not Incident.objects.exists()
    assert drills.sweep() == 1
    assert DrillTurn.objects.get().outcome == "opened" and Incident.objects.count() == 1
