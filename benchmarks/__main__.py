"""`.venv/bin/python -m benchmarks [name …]`: the programs below; all by default."""

import sys

from benchmarks import (
    deadlines,
    escalation,
    ground,
    honesty,
    ingest,
    lists,
    metrics,
    paged,
    plainwords,
    room,
    statuspage,
    watchers,
)

PROGRAMS = {
    "ingest": ingest.main,
    "status": statuspage.main,
    "deadlines": deadlines.main,
    "escalation": escalation.main,
    "plainwords": plainwords.main,
    "honesty": honesty.main,
    "lists": lists.main,
    "metrics": metrics.main,
    "paged": paged.main,
    "watchers": watchers.main,
    "room": room.main,
}

asked = sys.argv[1:] or list(PROGRAMS)
if unknown := set(asked) - set(PROGRAMS):
    sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(PROGRAMS)}.")
print(f"calibration before: {ground.calibration():.1f} million additions/s")
for name in asked:
    PROGRAMS[name]()
print(f"calibration after:  {ground.calibration():.1f} million additions/s")
