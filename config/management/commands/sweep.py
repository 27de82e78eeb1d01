"""Every sweep once, in this process: for tests, cron, and whoever has no broker."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.sweeps import SWEEPS
from outbox import pulse


class Command(BaseCommand):
    help = "Run every sweep once, in this process."

    def handle(self, *args: Any, **options: Any) -> None:
        if pulse.is_clock_wrong():
            raise CommandError("This machine's clock and the database's are more than 5 seconds apart.")
        failed = []
        for sweep in SWEEPS:
            try:
                count = pulse.run(sweep.name, sweep.load()).count
            except Exception as error:
                failed.append(sweep.name)
                self.stderr.write(f"{sweep.name}: {type(error).__name__}: {error}")
            else:
                self.stdout.write(f"{sweep.name}: {count}")
        if failed:
            raise CommandError(f"{len(failed)} of {len(SWEEPS)} sweeps failed: {', '.join(failed)}.")
