"""How fast an incident of the demo goes."""

import random
from dataclasses import dataclass
from datetime import timedelta

from incidents.kinds import Provenance


def minutes(count: float) -> timedelta:
    return timedelta(seconds=round(count * 60))


@dataclass(frozen=True)
class Pace:
    """How fast this one went, in minutes from the first signal."""

    onset: float | None
    acknowledged: float
    declared: float
    cause: float
    mitigated: float
    resolved: float
    provenance: str = Provenance.MEASURED


def pace(dice: random.Random, rank: int, skill: float) -> Pace:
    """A lifelike pace: long tails, the severe ones answered faster, all of it better with growing skill."""
    mitigated = min(dice.lognormvariate(3.6 if rank <= 2 else 4.5, 0.55) * skill + 6, 60 * 30)
    acknowledged = min(dice.lognormvariate(0.8 if rank <= 2 else 3.2, 0.6), mitigated * 0.4)
    onset = None if dice.random() < 0.16 else dice.lognormvariate(1.3 if rank <= 2 else 2.6, 0.7) * skill
    provenance = dice.choices([Provenance.MEASURED, Provenance.REPORTED, Provenance.ESTIMATED], [6, 3, 1])[0]
    return Pace(
        onset=onset,
        acknowledged=acknowledged,
        declared=acknowledged + 1 + dice.random() * 2,
        cause=acknowledged + 3 + (mitigated - acknowledged - 3) * (0.35 + dice.random() * 0.3),
        mitigated=mitigated,
        resolved=mitigated + dice.lognormvariate(4.2, 0.8),
        provenance=provenance,
    )
