"""`python -m tests.faults.shifted 3600 celery …`: as `python -m celery …`, with another clock."""

import runpy
import sys
import time
from datetime import UTC, datetime, timedelta

import time_machine

if __name__ == "__main__":
    ahead, module = timedelta(seconds=int(sys.argv[1])), sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    time_machine.travel(datetime.fromtimestamp(time.time(), UTC) + ahead, tick=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)
