"""`manage.py demo`: a lifelike year for an empty house. Nothing is ever sent."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime
from django.utils.timezone import now

from accounts.models import User
from config import defaults, firstadmin
from config.demo import year
from incidents.models import Incident


class Command(BaseCommand):
    help = "Fill an empty installation with a deterministic, lifelike year of incidents. Sends nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until", default="", help="where the year ends, an ISO instant (now)")
        parser.add_argument("--weeks", type=int, default=year.WEEKS, help=f"how long it is ({year.WEEKS})")

    def handle(self, *args: Any, **options: Any) -> None:
        end = parse_datetime(options["until"]) if options["until"] else now()
        if end is None or end.tzinfo is None or end > now():
            raise CommandError("--until takes an instant of the past, for example 2026-11-23T13:11:18Z.")
        # Who installed is there already; anybody or anything else is somebody's work.
        if Incident.objects.exists() or User.objects.count() > 1:
            raise CommandError("People or incidents are here already. The demo only fills an empty house.")
        admin, _ = firstadmin.ensure()
        defaults.install(admin)
        year.play(admin, end=end, weeks=options["weeks"])
        count = Incident.objects.count()
        self.stdout.write(
            f"A year is told: {count} incidents. Nothing was sent, and all its people are invented."
        )
