"""``manage.py token EMAIL``: make an API token and print it, alone on a line.

A token never does more than its owner's role. Within that, ``read`` reads, ``write`` (the default) has a
responder's verbs, and ``admin`` is needed for whatever managers and admins alone may do: services, sources,
checks, heartbeats, teams, components, notices to the public, waiving.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import actors, tokens
from accounts.models import Scope, User
from lib.refusal import Refused


class Command(BaseCommand):
    help = (
        "Makes an API token for the person with this address and prints it, alone on a line. "
        "It never does more than the person's role."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--scope",
            choices=Scope.values,
            default=Scope.WRITE.value,
            help="read: reads. write (the default): a responder's verbs. "
            "admin: all that the role may, such as services, sources and other configuration.",
        )
        parser.add_argument("--name", default="made by manage.py token")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"], is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody active here has the address {options['email']}.")
        try:
            _, plaintext = tokens.issue(
                user, name=options["name"], scope=options["scope"], actor=actors.system("manage.py")
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(plaintext)
