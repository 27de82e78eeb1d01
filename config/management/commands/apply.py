"""Configuration as code: a file is made true, or shown with what it would change."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.ascode import applying
from lib.refusal import Refused


class Command(BaseCommand):
    help = "Add and change what a configuration file says, all of it or nothing. Deletes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a YAML file, or - for what is piped in")
        parser.add_argument("--dry-run", action="store_true", help="show the differences, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = applying.apply(
                _text(options["file"]), actor=applying.configuration_file(), is_trial=options["dry_run"]
            )
        except Refused as refusal:
            raise CommandError(f"{refusal.message}\nNothing was changed.") from refusal
        for line in outcome.lines():
            self.stdout.write(line)
        if not outcome.changes:
            self.stdout.write("Nothing to change: everything is as the file says.")
            return
        verb = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{outcome.added} {verb}added, {outcome.changed} {verb}changed, {outcome.same} as the file says."
        )
        if options["dry_run"]:
            self.stdout.write("Nothing was changed: this was a dry run.")


def _text(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as wrong:
        raise CommandError(f"{name} cannot be read: {wrong.strerror}.") from wrong
    except UnicodeDecodeError as wrong:
        raise CommandError(f"{name} is not a text in UTF-8.") from wrong
