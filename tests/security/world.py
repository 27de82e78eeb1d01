"""One of everything, with one hostile text in every field that takes words; and every page that shows it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.timezone import now

MARK = "tcsn"
#: Breaks out of an attribute and an element, is a link that runs, is a template, begins a formula.
HOSTILE = (
    f"""=1+1 "'><img src=x onerror={MARK}()><script>{MARK}()</script>[x](javascript:{MARK}()) {{{{7*7}}}}"""
)
#: The same for the fields that are short.
NAME = f"""=1 "'><img src=x onerror={MARK}()><script>{MARK}()</script>"""


class Maker:
    """Posts to the API and remembers what it got."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __call__(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.client.post(f"/api/v1/{path}/", body, format="json")
        assert answer.status_code in (200, 201, 202), (path, answer.status_code, answer.content[:600])
        return answer.json() if answer.content else {}


def build(client: Any, me: str) -> dict[str, Any]:
    """Through the REST door, as an admin."""
    make, words, soon = Maker(client), NAME, now() + timedelta(hours=1)
    team = make("teams", slug="t", name=words, members=[{"user": me, "is_manager": True}])["slug"]
    service = make("services", slug="s", name=words, description=HOSTILE, team=team)["slug"]
    make("services", slug="s2", name=f"2{words}", team=team, depends_on=[service])
    make("runbooks", service=service, title=HOSTILE, body=HOSTILE)
    mitigation = make(
        "mitigations", slug="m", service=service, name=words, steps=HOSTILE, command=HOSTILE, risk=HOSTILE,
        undo=HOSTILE,
    )  # fmt: skip
    make("deploys", service=service, version=words, author=words, source=words[:40])
    source = make("sources", name=words, kind="generic", service=service)
    make("checks", name=words, service=service, url="https://a.example/")
    make("heartbeats", name=words, service=service, period_seconds=60)
    make("metrics/annotations", day="2024-01-22", label=words, service=service)
    make("silences", matchers=[{"label": "a", "op": "=", "value": HOSTILE}], reason=HOSTILE, until=soon)
    number = make(
        "incidents", title=HOSTILE, summary=HOSTILE, services=[service], severity="SEV2", declare=True
    )["number"]
    here = f"incidents/{number}"
    make(f"{here}/roles", role="incident_commander", user=me, brief=HOSTILE)
    make(f"{here}/notes", text=HOSTILE, kind="cause_identified")
    make(f"{here}/notes", text=HOSTILE, kind="action_taken", by=words)
    make(f"{here}/updates", text=HOSTILE)
    make(f"{here}/scope", users_affected=5, note=HOSTILE)
    make(f"{here}/mitigations", mitigation=mitigation.get("id") or mitigation.get("pk"))
    make(f"{here}/severity", severity="SEV1", reason=HOSTILE)
    make("reports", service=service, text=HOSTILE, title=HOSTILE)
    component = make("status/components", name=words, description=HOSTILE, services=[service])
    body = {"override": "words", "body": HOSTILE}
    about = [{"id": component.get("public_id") or component.get("id"), "status": "major_outage"}]
    make("status/incidents", title=HOSTILE, components=about, impact="critical", **body)
    until = soon + timedelta(hours=1)
    make("status/maintenances", title=HOSTILE, scheduled_for=soon, scheduled_until=until, body=HOSTILE)
    make(f"{here}/mitigate", text=HOSTILE)
    make(f"{here}/resolve", text=HOSTILE)
    return {"source": source, "number": number, "service": service}


def pages(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Every address of the house but the API and the admin."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern).lstrip("^")
        if path.startswith(("api/", "admin/")):
            continue
        if isinstance(pattern, URLResolver):
            yield from pages(pattern, path)
        elif isinstance(pattern, URLPattern):
            yield path


def filled(path: str, **values: Any) -> str:
    """The address with values in its places; numbers are 1 unless given."""
    path = re.sub(r"\(\?P<\w+>[^)]*\)", "x", path)
    path = re.sub(r"<(?:(\w+):)?(\w+)>", lambda m: str(values.get(m[2], 1 if m[1] == "int" else "x")), path)
    return "/" + path.replace("^", "").rstrip("$").replace("\\Z", "")
