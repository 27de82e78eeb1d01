"""`manage.py test [pytest arguments]`; manage.py itself goes there without Django."""

from typing import Any

from django.core.management.base import BaseCommand

from config import testrun


class Command(BaseCommand):
    help = "Run the tests with pytest; every argument is pytest's."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        testrun.main(argv[2:])

    def handle(self, *args: Any, **options: Any) -> None:
        testrun.main([])
