"""`manage.py publish_status`: write the status site now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from statuspage import writing


class Command(BaseCommand):
    help = "Writes the public status site now and swaps it in."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = writing.publish(force=True)
        except OSError as error:
            raise CommandError(f"The site could not be written to {writing.root()}: {error}") from error
        if written:
            self.stdout.write(f"Written to {writing.root() / 'current'}.")
        else:
            self.stdout.write("Another publisher is writing the site right now; it will include everything.")
