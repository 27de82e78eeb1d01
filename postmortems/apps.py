"""Postmortems: how Django finds this room."""

from importlib import import_module

from django.apps import AppConfig


class PostmortemsConfig(AppConfig):
    name = "postmortems"
    verbose_name = "Postmortems"

    def ready(self) -> None:
        from incidents.questions import ask
        from postmortems import verbs

        # Registers what this room hears of.
        import_module("postmortems.handlers")
        ask.verbs.append(verbs.of)
