"""Chat: how Django finds this room."""

from importlib import import_module

from django.apps import AppConfig


class ChatopsConfig(AppConfig):
    name = "chatops"
    verbose_name = "Chat"

    def ready(self) -> None:
        import_module("accounts.erasing").also.append(import_module("chatops.people").forget)
        import_module("chatops.handlers")
