"""Configuration as code: print what `apply` takes, as it is now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.ascode import document
from lib.refusal import Refused


class Command(BaseCommand):
    help = "Print the configuration as the YAML that `apply` takes."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(document.export(), ending="")
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
