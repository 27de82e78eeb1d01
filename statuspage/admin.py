"""Settings of the page are edited here; what was told to the public is only read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from statuspage import changes
from statuspage.models import Notice, NoticeUpdate, Page, Publication


@admin.register(Page)
class PageAdmin(admin.ModelAdmin):
    """One row: the name, the address, the zone, and how the 90 days count."""

    list_display = ["name", "address", "time_zone"]

    def save_model(self, request: HttpRequest, obj: Page, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        changes.touch()  # The admin saves in a transaction of its own.

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly:
    """History is read here and written only by its verbs."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class UpdateInline(ReadOnly, admin.TabularInline):
    model = NoticeUpdate
    fields = ["at", "status", "body", "by_label", "override_reason", "override_words"]
    extra = 0


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["title", "status", "impact", "is_draft", "started_at", "resolved_at"]
    list_filter = ["status", "is_draft"]
    search_fields = ["title"]
    fields = ["title", "status", "impact", "is_draft", "started_at", "published_at", "resolved_at"]
    inlines = [UpdateInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        # A notice of an incident that became private is not for every admin.
        return super().get_queryset(request).exclude(incident__is_private=True)


@admin.register(Publication)
class PublicationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "number", "files", "took", "digest"]
