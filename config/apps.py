"""Wiring: how Django finds the commands that name every room."""

from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "config"
    label = "wiring"
    verbose_name = "Wiring"

    def ready(self) -> None:
        from config import catalog_links

        catalog_links.connect()
