"""Metrics: how Django finds this room."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "metrics"
    verbose_name = "Metrics"

    def ready(self) -> None:
        from metrics import handlers  # noqa: F401 - registers what this room hears of
