"""Everything a start needs: migrations, defaults, the first admin. Safe to run every time."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import User
from config import defaults, firstadmin


class Command(BaseCommand):
    help = "Migrate the database, install the defaults and make the first admin."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="fill an empty database with a lifelike year")

    def handle(self, *args: Any, **options: Any) -> None:
        executor = MigrationExecutor(connection)
        # Migrating costs a second even when there is nothing to do.
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)
        is_new = not User.objects.exists()
        admin, password = firstadmin.ensure()
        defaults.install(admin)
        if is_new:
            secret = password or "the password of TOCSIN_ADMIN_PASSWORD"
            self.stdout.write(f"Sign in as {admin.email} with {secret}")
            self.stdout.write("(this is shown only once; set another password after signing in)")
        if options["demo"]:
            if is_new:
                call_command("demo")
            else:
                self.stdout.write(f"{settings.DATA_DIR} has data already, so the demo is not added.")
