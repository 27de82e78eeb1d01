"""Postmortems: how Django finds this room."""

from django.apps import AppConfig


class PostmortemsConfig(AppConfig):
    name = "postmortems"
    verbose_name = "Postmortems"

    def ready(self) -> None:
        from incidents.questions import ask
        from postmortems import (
            handlers,  # noqa: F401 - registers what this room hears of
            verbs,
        )

        ask.verbs.append(verbs.of)
