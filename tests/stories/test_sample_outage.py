"""The template's outage, minute by minute: 14:00 alert … 14:25 restored, and what was learned."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from incidents import lifecycle, notes, replay, roles
from incidents.kinds import Status
from metrics.five import summarise
from metrics.measures import Measure
from metrics.selection import Selection
from oncall.models import Page, PageRun
from postmortems import actions, exchange, publishing, writing
from postmortems.models import Postmortem
from statuspage import publishing as public
from tests.stories.conftest import MONDAY_14, only, person

MIN = timedelta(minutes=1)
SAMPLE = Path(__file__).parents[1] / "postmortems" / "sample.md"


def read(settings, name: str) -> str:
    return (settings.STATUS_DIR / "current" / name).read_text()


def sample_with(words: dict[str, str]) -> str:
    """The template's sample with what only people can write put in its place."""
    text = SAMPLE.read_text(encoding="utf-8")
    for asked, written in words.items():
        assert text.count(asked) == 1, asked
        text = text.replace(asked, written)
    return text


def test_the_sample_outage(night, house, alert, mail_to, settings):
    # 14:00 Alert fired for elevated error rate.
    alert("Elevated error rate", severity="critical")
    night.settle()
    incident = only()
    assert (incident.status, incident.severity.name) == (Status.TRIAGE, "SEV1")
    assert (incident.detected_at, incident.source) == (MONDAY_14, "monitoring_alert")
    assert [page.user for page in Page.objects.all()] == [house.alice]
    assert len(mail_to(house.alice)) == 1 and "SEV1" in mail_to(house.alice)[0]
    assert incident.deadlines.get(kind="response").due_at == MONDAY_14 + 5 * MIN

    # 14:03 On-call acknowledged: nobody else is woken.
    night.minute(14, 3)
    lifecycle.acknowledge(incident.pk, actor=person(house.alice))
    night.minute(14, 5)
    assert PageRun.objects.get().status == "acknowledged"
    assert mail_to(house.bob) == []

    # 14:05 Scope, declaration, chairs.
    lifecycle.set_scope(incident.pk, actor=person(house.alice), users_affected=5000)
    lifecycle.declare(incident.pk, actor=person(house.alice))
    roles.take(incident.pk, actor=person(house.ivan), role_slug="incident_commander")
    roles.take(incident.pk, actor=person(house.alice), role_slug="technical_lead")
    roles.take(incident.pk, actor=person(house.cleo), role_slug="comms_lead")
    night.settle()
    incident = only()
    assert incident.channel_name == "inc-20240122-checkout"
    assert not incident.deadlines.filter(kind="roles", stopped_at=None).exists()
    assert incident.deadlines.get(kind="public_first").due_at == MONDAY_14 + 15 * MIN

    # 14:10 The public hears, from the draft that is waiting.
    night.minute(14, 10)
    notice = incident.public_notices.get()
    assert notice.is_draft
    public.post_update(
        notice.pk,
        actor=person(house.cleo),
        status="investigating",
        title="Checkout is failing",
        body="Since 14:00 UTC some customers cannot pay. We are working on it and write again by 14:40.",
        components={house.shop.pk: "major_outage"},
    )
    night.settle()
    site = json.loads(read(settings, "api/v2/summary.json"))
    assert site["status"]["indicator"] != "none"
    assert "cannot pay" in read(settings, "index.html")
    assert incident.deadlines.get(kind="public_update", stopped_at=None).due_at == MONDAY_14 + 40 * MIN

    # 14:12 The team hears; 14:15 the cause is known; 14:20 the rollback begins.
    night.minute(14, 12)
    lifecycle.post_update(incident.pk, actor=person(house.cleo), text="Comparing with the last deploy.")
    night.minute(14, 15)
    notes.add_note(incident.pk, actor=person(house.alice), text="bad deploy", kind="cause_identified")
    night.minute(14, 20)
    notes.add_note(incident.pk, actor=person(house.alice), text="Rollback initiated", kind="action_taken")

    # 14:25 Service restored.
    night.minute(14, 25)
    lifecycle.mitigate(
        incident.pk,
        actor=person(house.ivan),
        text="Service restored",
        started_at=MONDAY_14,
        provenance="measured",
    )
    alert("Elevated error rate", status="resolved")
    public.post_update(
        notice.pk,
        actor=person(house.cleo),
        status="monitoring",
        body="Payments work again since 14:25 UTC. We keep watching and write again by 14:55.",
    )
    night.settle()
    night.minute(14, 50)
    lifecycle.resolve(incident.pk, actor=person(house.ivan), text="v812 stays until the fix is tested")
    public.post_update(
        notice.pk,
        actor=person(house.cleo),
        status="resolved",
        body="Payments have worked without errors since 14:25 UTC.",
        components={house.shop.pk: "operational"},
    )
    night.settle()
    incident = only()
    assert (incident.status, incident.mitigated_at) == (Status.RESOLVED, MONDAY_14 + 25 * MIN)
    assert json.loads(read(settings, "api/v2/summary.json"))["status"]["indicator"] == "none"
    assert not incident.timeline.filter(kind="deadline_missed").exists()
    assert mail_to(house.mona) == []

    # What was learned.
    with pytest.raises(Exception, match="postmortem"):
        lifecycle.close(incident.pk, actor=person(house.ivan))
    postmortem = Postmortem.objects.get(incident=incident)
    assert list(postmortem.authors.all()) == [house.ivan]
    said = {
        "summary": "A release broke checkout for 25 minutes. About 5,000 customers could not pay.",
        "root_cause": "The release sent an empty currency.",
        "contributing_factors": "No canary deployment\nThe alert had been noisy",
        "went_well": "Detection was fast (3 min from alert to ack)\nRunbook was accurate",
        "went_poorly": "No canary deployment caught this\nAlert was too noisy, delayed response",
        "revenue_impact": "~$X",
    }
    for section, text in said.items():
        writing.save_section(postmortem.pk, actor=person(house.ivan), section=section, text=text)
    writing.set_authors(postmortem.pk, actor=person(house.ivan), user_ids=[house.alice.pk])
    for title, owner, due in (
        ("Add canary deployment step", house.alice, date(2024, 2, 1)),
        ("Tune alert threshold", house.bob, date(2024, 1, 25)),
    ):
        actions.create(postmortem.pk, actor=person(house.ivan), title=title, owner_id=owner.pk, due=due)
    publishing.publish(postmortem.pk, actor=person(house.ivan))
    markdown = exchange.to_markdown(Postmortem.objects.get(pk=postmortem.pk))
    assert markdown == sample_with(
        {
            "Checkout errors after deploy": "Elevated error rate",
            "[2-3 sentence summary of what happened, impact, and resolution]": said["summary"],
            "[Describe the technical root cause]": said["root_cause"],
            "[Factor 1]": "No canary deployment",
            "[Factor 2]": "The alert had been noisy",
        }
    )
    lifecycle.close(incident.pk, actor=person(house.ivan))

    # The five figures.
    figures = summarise(Selection())
    assert figures[Measure.MTTD].mean == timedelta(0)
    assert figures[Measure.MTTA].mean == 3 * MIN
    assert figures[Measure.MTTM].mean == 25 * MIN
    assert figures[Measure.MTTR].mean == 50 * MIN
    assert figures[Measure.MTBF].count == 0
    assert [str(one) for one in replay.check_all()] == []
