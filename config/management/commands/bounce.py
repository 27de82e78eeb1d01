"""One mail that came back, from stdin: for a mail server's pipe on the same machine."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from notifications import bounces


class Command(BaseCommand):
    help = "Read a mail that came back, and mark the message that it is about as failed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", default="", help="The address that it came to.")

    def handle(self, *args: Any, **options: Any) -> None:
        raw = sys.stdin.buffer.read(bounces.MAX_BYTES)
        try:
            said = bounces.take(raw, recipient=options["to"])
        except DatabaseError as error:
            # EX_TEMPFAIL: the mail server keeps it and comes again.
            raise CommandError(f"The database does not answer: {error}", returncode=os.EX_TEMPFAIL) from error
        # Whatever it was, it is dealt with: a bounce of a bounce helps nobody.
        self.stdout.write(said)
