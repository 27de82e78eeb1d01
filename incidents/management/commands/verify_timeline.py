"""``manage.py verify_timeline``: replays and checks every timeline; exit 1 on any difference."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents import replay
from incidents.models import Incident


class Command(BaseCommand):
    help = "Replay and check every timeline."

    def handle(self, *args: Any, **options: Any) -> None:
        differences = 0
        for difference in replay.check_all():
            differences += 1
            self.stderr.write(str(difference))
        count = Incident.objects.count()
        if differences:
            raise CommandError(f"{differences} differences in {count} timelines.", returncode=1)
        self.stdout.write(f"{count} timelines hold.")
