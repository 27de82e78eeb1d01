"""`manage.py up` never comes here with its supervisor: manage.py starts that without Django."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config import supervisor


class Command(BaseCommand):
    help = "Start Tocsin here: web, worker, beat and watch in one terminal. Ctrl-C stops all."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        supervisor.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        raise SystemExit(supervisor.run(options["host"], options["port"], is_demo=options["demo"]))
