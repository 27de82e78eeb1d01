"""Notifications: how Django finds this room."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        import notifications.handlers  # noqa: F401
