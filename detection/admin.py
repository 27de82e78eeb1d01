"""Settings-like rows are edited here; alerts and what was received are only read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from detection.models import Alert, Settings, Silence


@admin.register(Settings)
class SettingsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """One row: it can be changed, not doubled."""

    list_display = ["__str__", "is_report_public"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not Settings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Settings, form: Any, change: Any) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Alert)
class AlertAdmin(ReadOnly):
    list_display = ["summary", "source", "service", "status", "count", "last_seen_at"]
    list_filter = ["status", "source"]
    list_select_related = ["source", "service"]
    search_fields = ["summary", "dedup_key"]

    def get_queryset(self, request: HttpRequest) -> Any:
        user: Any = request.user
        rows: Any = super().get_queryset(request)
        return rows.visible_to(user)


@admin.register(Silence)
class SilenceAdmin(ReadOnly):
    list_display = ["words", "reason", "until", "created_by"]
    list_select_related = ["created_by"]
