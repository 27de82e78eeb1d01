"""Status page: how Django finds this room."""

from importlib import import_module

from django.apps import AppConfig

from lib import plainwords


class StatuspageConfig(AppConfig):
    name = "statuspage"
    verbose_name = "Status page"

    def ready(self) -> None:
        import_module("statuspage.handlers")
        questions = import_module("incidents.questions")
        questions.ask.verbs.append(import_module("statuspage.verbs").of)
        plainwords.never_mark(import_module("statuspage.wording").allowed_words)
