"""What can be checked of the container files without a container engine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ["migrate", "web", "worker-page", "worker", "beat", "watch"]


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_compose_file_follows_the_compose_specification():
    checked = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_that_check_can_fail(tmp_path):
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text("services: {web: {imagee: tocsin}}")

    assert run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", wrong).returncode == 1


def test_hadolint_has_nothing_to_say():
    checked = run(BIN / "hadolint", "Dockerfile")

    assert (checked.returncode, checked.stdout) == (0, "")


def test_no_image_is_the_latest():
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    for image in images:
        assert re.search(r":(\d|\$\{TOCSIN_VERSION:-\d)", image), f"{image} names no version"


def test_every_long_running_service_has_a_health_check_and_comes_back():
    for name, service in SERVICES.items():
        if name == "migrate":
            continue
        assert "test" in service["healthcheck"], name
        assert service["restart"] == "unless-stopped", name


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_do_little_harm(name):
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_our_image_does_not_run_as_root():
    assert re.search(r"^USER 10001", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_no_secret_stands_in_the_file():
    text = (ROOT / "docker-compose.yml").read_text()

    for secret in re.findall(r"^\s+\w*(?:PASSWORD|SECRET|TOKEN)\w*: (\S.*)$", text, re.MULTILINE):
        assert secret.startswith("${"), secret
    for required in ("POSTGRES_PASSWORD", "TOCSIN_SECRET_KEY", "TOCSIN_BASE_URL"):
        assert f"${{{required}:?" in text


def test_the_example_environment_names_every_variable_that_the_file_reads():
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text())) - {"TOCSIN_VERSION"}
    offered = set(re.findall(r"^(\w+)=", (ROOT / "docker/example.env").read_text(), re.MULTILINE))

    assert asked == offered


def test_everybody_waits_for_the_migration():
    for name in OURS[1:]:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_two_watches_and_one_beat():
    assert SERVICES["watch"]["deploy"]["replicas"] == 2
    assert "deploy" not in SERVICES["beat"]


def test_every_queue_has_a_worker():
    read = set()
    for name in ("worker-page", "worker"):
        command = SERVICES[name]["command"]
        read |= set(command[command.index("-Q") + 1].split(","))

    assert read == {"page", "bulk", "tick"}
