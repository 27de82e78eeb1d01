"""What an idle house does not carry: libraries that only a message needs are loaded with the first one."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOADS = """
import sys
import config.wsgi, config.urls, config.celery
from django.urls import get_resolver
from notifications import delivery
assert get_resolver().url_patterns and delivery.TRANSPORTS
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_no_process_loads_what_only_a_message_needs():
    said = subprocess.run([sys.executable, "-c", LOADS], cwd=ROOT, capture_output=True, text=True, check=True)

    loaded = set(said.stdout.split())
    assert {"django", "celery", "chatops"} <= loaded
    assert not loaded & {"aiohttp", "apprise", "http_ece", "py_vapid", "pywebpush", "twilio"}
