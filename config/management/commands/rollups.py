"""`manage.py rollups`: the figures by month, counted anew or checked."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from metrics import proving, rollups


class Command(BaseCommand):
    help = "Count the figures by month anew, or check them against the incidents."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; end with 1 on a difference")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            self.stdout.write(f"Counted {rollups.rebuild()} incidents anew.")
            return
        wrong = 0
        for difference in proving.differences():
            wrong += 1
            self.stderr.write(difference)
        if wrong:
            raise CommandError(
                f"{wrong} differences; without --check everything is counted anew.", returncode=1
            )
        self.stdout.write("The figures by month are those of the incidents.")
