"""Purging an incident that others point to."""

from django.core.management import call_command

from incidents import lifecycle, merging, retention
from incidents.models import Incident, TimelineEvent
from tests.incidents.conftest import fresh


def test_an_incident_with_duplicates_and_children_can_be_purged(opened, act, root, alice):
    target, duplicate, child = opened(), opened(title="The same again"), opened(title="What it caused")
    lifecycle.merge(duplicate.pk, actor=act(alice), into=target.pk)
    merging.link(child.pk, actor=act(alice), parent=target.pk)
    retention.purge(fresh(target), actor=act(root))

    assert not Incident.objects.filter(pk=target.pk).exists()
    assert not TimelineEvent.objects.filter(incident=target.pk).exists()
    assert (fresh(duplicate).status, fresh(duplicate).merged_into) == ("merged", None)
    assert fresh(child).parent is None
    call_command("verify_timeline")
