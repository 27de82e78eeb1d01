"""What a new catalog holds: a team, a service that catches everything, and six ways to stop the pain."""

from typing import Any

from django.db import transaction

from catalog.models import Mitigation, Service, Team

CATCH_ALL = "everything-else"
MITIGATIONS: list[dict[str, Any]] = [
    {
        "slug": "rollback",
        "name": "Roll back the last deploy",
        "steps": "1. Look at the recent changes: which version ran before the pain began?\n"
        "2. Run the command and watch the rollout until it is done.\n"
        "3. Check that the indicator recovers; then log the outcome.",
        "command": "kubectl rollout undo deployment/<name>",
        "parameters": {"name": ""},
        "risk": "A database migration of the newer version may not fit the older code.",
        "undo": "Deploy the newer version again.",
    },
    {
        "slug": "feature-flag-off",
        "name": "Switch the feature flag off",
        "steps": "1. Find the flag that guards the failing path.\n"
        "2. Switch it off for everybody.\n"
        "3. Check that errors stop within the time the flag takes to spread.",
        "command": "",
        "parameters": {},
        "risk": "Users lose the feature; half-finished work inside it may need care.",
        "undo": "Switch the flag on again.",
    },
    {
        "slug": "scale-up",
        "name": "Scale up horizontally",
        "steps": "1. Check that more copies help: is the limit CPU, memory or connections of this service?\n"
        "2. Run the command, then watch saturation and latency.",
        "command": "kubectl scale deployment/<name> --replicas=<replicas>",
        "parameters": {"name": "", "replicas": "6"},
        "risk": "More copies mean more connections to what stands below, which may be the real limit.",
        "undo": "Scale back to the former number.",
    },
    {
        "slug": "fail-over",
        "name": "Fail over to the backup region",
        "steps": "1. Check that the backup region is healthy and its data is fresh.\n"
        "2. Redirect traffic to it.\n"
        "3. Watch error rate and replication lag.",
        "command": "",
        "parameters": {},
        "risk": "Writes that were not replicated yet are missing; the backup may be smaller.",
        "undo": "Redirect traffic back once the first region is healthy and caught up.",
    },
    {
        "slug": "shed-load",
        "name": "Rate-limit or shed load",
        "steps": "1. Find what can wait: batch jobs, crawlers, the heaviest clients.\n"
        "2. Limit or refuse it at the edge, with 429 or 503 and Retry-After.\n"
        "3. Watch whether the important traffic recovers.",
        "command": "",
        "parameters": {},
        "risk": "Some users are refused on purpose; say so on the status page.",
        "undo": "Lift the limit step by step.",
    },
    {
        "slug": "restore-backup",
        "name": "Restore from backup",
        "steps": "1. Stop writes to the damaged data.\n"
        "2. Choose the last good backup and restore it beside the damaged one.\n"
        "3. Check the restored data, then switch over. Keep the damaged copy.",
        "command": "",
        "parameters": {},
        "risk": "Everything written after the backup is lost unless it can be replayed.",
        "undo": "Switch back to the kept copy.",
    },
]


@transaction.atomic
def install() -> None:
    """Create what is missing and touch nothing that is there."""
    if not Service.objects.filter(is_catch_all=True).exists():
        team = Team.objects.order_by("pk").first() or Team.objects.create(slug="everyone", name="Everyone")
        Service.objects.update_or_create(
            slug=CATCH_ALL,
            defaults={"is_catch_all": True, "is_active": True},
            create_defaults={
                "name": "Everything else",
                "description": "Catches every alert and report that no other service claims.",
                "team": team,
                "is_catch_all": True,
            },
        )
    for position, values in enumerate(MITIGATIONS):
        Mitigation.objects.get_or_create(
            slug=values["slug"], service=None, defaults={**values, "position": position}
        )
