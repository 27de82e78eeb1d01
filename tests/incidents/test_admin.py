"""The severity matrix in the real admin pages: what cannot be kept is refused with a sentence."""

from datetime import timedelta

import pytest
from django.urls import reverse

from incidents import lifecycle
from incidents.models import ImpactRule, Incident, Role, Severity
from tests.incidents.conftest import NOON, due, fresh


@pytest.fixture
def admin(client, root):
    client.force_login(root)
    return client


def form_of(admin, severity=None):
    """What the browser would send: the page's own form, field by field."""
    url = reverse("admin:incidents_severity_change", args=[severity.pk]) if severity else _add()
    answer = admin.get(url)
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    words = {}
    for name, field in form.fields.items():
        value = form[name].value()
        if isinstance(value, bool):
            words |= {name: "on"} if value else {}
        elif isinstance(value, list):
            words[name] = [getattr(one, "pk", one) for one in value]
        elif value is not None:
            words[name] = field.prepare_value(value)
    for formset in answer.context["inline_admin_formsets"]:
        for name, value in formset.formset.management_form.initial.items():
            words[f"{formset.formset.prefix}-{name}"] = value
        for inner in formset.formset.initial_forms:
            words[inner.add_prefix("id")] = inner.instance.pk
            words[inner.add_prefix("severity")] = severity.pk
    return url, words


def _add():
    return reverse("admin:incidents_severity_add")


def test_a_change_is_a_new_version_with_who_and_when(admin, sev, root):
    url, words = form_of(admin, sev[1])
    assert admin.post(url, {**words, "internal_update_every": "00:20:00"}).status_code == 302

    version = sev[1].versions.first()
    assert (version.number, version.made_by) == (2, root)
    assert version.policy["internal_update_every"] == 1200
    assert b"1200" in admin.get(url).content


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"internal_update_every": "0"}, "a minute or more"),
        ({"internal_update_every": "9999999 00:00:00"}, "a year at most"),
        ({"rank": "9"}, "without a gap"),
        ({"public_first_reminder": "00:10:00"}, "reminder has to come before"),
        ({"postmortem_business_days": "900"}, "a year at most"),
        ({"postmortem_business_days": ""}, "how many business days"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(admin, sev, change, sentence):
    url, words = form_of(admin, sev[1])
    answer = admin.post(url, {**words, **change})

    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert sev[1].versions.count() == 1


def test_a_fifth_severity_can_be_added_and_removed(admin, sev):
    url, words = form_of(admin)
    filled = {**words, "rank": "5", "name": "SEV5", "user_impact": "None", "example": "A typo"}
    filled |= {"response_words": "Some day", "response_kind": "next_sprint", "pages": "never"}
    answer = admin.post(url, filled)
    assert answer.status_code == 302, answer.context["errors"]
    made = Severity.objects.get(name="SEV5")
    assert made.current.number == 1

    gone = reverse("admin:incidents_severity_delete", args=[made.pk])
    assert admin.post(gone, {"post": "yes"}).status_code == 302
    assert not Severity.objects.filter(name="SEV5").exists()


def test_a_severity_in_use_stays(admin, sev, opened):
    opened(rank=4)
    url = reverse("admin:incidents_severity_delete", args=[sev[4].pk])

    assert "is in use" in admin.get(url).content.decode()
    admin.post(url, {"post": "yes"})
    assert Severity.objects.filter(pk=sev[4].pk).exists()


def test_applying_to_open_incidents_is_shown_before_it_is_done(admin, sev, opened):
    incident = opened(declare=True)
    url, words = form_of(admin, sev[1])
    admin.post(url, {**words, "internal_update_every": "00:10:00"})
    events = incident.timeline.count()
    chosen = {"action": "apply_to_open", "_selected_action": [sev[1].pk]}
    listing = reverse("admin:incidents_severity_changelist")

    page = admin.post(listing, chosen).content.decode()
    assert incident.reference in page and "14:15" in page and "14:10" in page
    assert incident.timeline.count() == events
    assert due(incident, "internal_update").due_at == NOON + timedelta(minutes=15)

    admin.post(listing, {**chosen, "confirm": "yes"})
    assert due(incident, "internal_update").due_at == NOON + timedelta(minutes=10)
    assert fresh(incident).timeline.last().kind == "policy_applied"


def test_a_cell_of_the_impact_matrix_changes_but_does_not_go(admin, sev):
    rule = ImpactRule.objects.first()
    assert admin.post(reverse("admin:incidents_impactrule_delete", args=[rule.pk])).status_code == 403
    url = reverse("admin:incidents_impactrule_change", args=[rule.pk])
    assert admin.post(url, {"severity": sev[3].pk}).status_code == 302
    rule.refresh_from_db()
    assert rule.severity == sev[3]


def test_a_chair_that_a_severity_demands_stays(admin):
    comms = Role.objects.get(slug="comms_lead")

    assert admin.post(reverse("admin:incidents_role_delete", args=[comms.pk])).status_code == 403


def test_history_is_read_only_and_private_ones_are_not_shown(admin, opened, alice, act):
    secret = opened(is_private=True, actor=act(alice), title="Laptop with keys stolen")
    shown = opened()

    listing = admin.get(reverse("admin:incidents_incident_changelist")).content
    assert b"Laptop" not in listing and shown.title.encode() in listing
    events = admin.get(reverse("admin:incidents_timelineevent_changelist") + "?q=").content
    assert b"Laptop" not in events
    assert admin.get(reverse("admin:incidents_incident_change", args=[secret.pk])).status_code != 200
    assert admin.post(reverse("admin:incidents_incident_delete", args=[shown.pk])).status_code == 403
    assert Incident.objects.filter(pk=shown.pk).exists()
    lifecycle.acknowledge(shown.pk, actor=act(alice))
