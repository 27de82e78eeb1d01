"""Does every template compile? A tag that nobody has opened a page for would fail in front of somebody."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template import TemplateSyntaxError
from django.template.loader import get_template


class Command(BaseCommand):
    help = "Compile every template of the house."

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "templates"
        names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        wrong = [said for name in names if (said := self._compile(name))]
        for said in wrong:
            self.stderr.write(said)
        if wrong:
            raise CommandError(f"{len(wrong)} of {len(names)} templates do not compile.")
        self.stdout.write(f"{len(names)} templates compile.")

    def _compile(self, name: str) -> str:
        try:
            get_template(name)
        except (TemplateSyntaxError, UnicodeDecodeError) as error:
            return f"{name}: {error}"
        return ""
