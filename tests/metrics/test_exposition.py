"""Every line is one that Prometheus reads, and zero is said aloud."""

import re
import shutil
import subprocess

import pytest
import time_machine
from django.utils.timezone import now

from metrics import exposition
from oncall.models import PageRun
from outbox.models import Message, SweepRun
from tests.metrics.conftest import at

pytestmark = pytest.mark.django_db

SAMPLE = re.compile(r'^[a-z_]+\{([a-z]+="(?:[^"\\\n]|\\.)*",?)*\} -?[0-9.e+]+$')


def samples() -> dict[str, float]:
    lines = exposition.text().splitlines()
    values = [line for line in lines if not line.startswith("#")]
    assert all(SAMPLE.match(line) for line in values), values
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in values}


def test_nothing_open_is_zero_and_not_silence(ranks):
    found = samples()

    assert found['tocsin_open_incidents{severity="SEV1",status="active"}'] == 0
    assert found['tocsin_outbox_due{queue="page"}'] == 0


def test_each_family_is_described_once(ranks):
    heads = [line.split()[2] for line in exposition.text().splitlines() if line.startswith("# TYPE")]

    assert len(heads) == len(set(heads)) >= 6


def test_drills_are_not_open_incidents(outage):
    outage(mitigated=None, resolved=None, is_drill=True)

    assert samples()['tocsin_open_incidents{severity="SEV1",status="triage"}'] == 0


def test_what_the_outbox_owes_and_gave_up_is_told_by_queue(ranks):
    Message.objects.create(topic="t", handler="h", key="1", queue="page")
    Message.objects.create(topic="t", handler="h", key="2", abandoned_at=now())

    found = samples()
    assert found['tocsin_outbox_due{queue="page"}'] == 1
    assert found['tocsin_outbox_abandoned{queue="bulk"}'] == 1


def test_page_runs_are_told_by_how_they_ended(outage, ranks):
    incident = outage(mitigated=None, resolved=None)
    PageRun.objects.create(incident=incident, policy_name="Shop", reason="opened", key="1")

    found = samples()
    assert found['tocsin_page_runs{status="running"}'] == 1
    assert found['tocsin_page_runs{status="expired"}'] == 0
    assert found['tocsin_deliveries_failed{channel="email"}'] == 0


def test_the_age_of_a_sweep_is_told_in_seconds(ranks):
    with time_machine.travel(at("14:00"), tick=False):
        SweepRun.objects.create(name='dead"lines', last_finished_at=at("13:59"), last_error="ValueError")

        found = samples()
    assert found['tocsin_sweep_age_seconds{sweep="dead\\"lines"}'] == 60
    assert found['tocsin_sweep_failing{sweep="dead\\"lines"}'] == 1


def test_prometheus_own_tool_has_nothing_to_say(outage):
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus)")
    outage(mitigated=None, resolved=None)

    judged = subprocess.run(
        [tool, "check", "metrics"], input=exposition.text(), capture_output=True, text=True, check=False
    )

    assert (judged.returncode, judged.stdout + judged.stderr) == (0, "")
