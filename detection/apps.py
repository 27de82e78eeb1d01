"""Detection: how Django finds this room."""

from importlib import import_module

from django.apps import AppConfig


class DetectionConfig(AppConfig):
    name = "detection"
    verbose_name = "Detection"

    def ready(self) -> None:
        import_module("detection.handlers")
        extras = import_module("catalog.extras")
        voices = import_module("detection.voices")
        extras.add_service_field(
            "reports_page",
            voices.pages,
            voices.let_page,
            "Whether five reporters without sign-in within ten minutes page the on-call (off by default).",
            is_flag=True,
        )
