"""A window, not a door: documents and their actions are read here and written on their own pages."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from postmortems.models import ActionItem, Postmortem


class Window(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Postmortem)
class PostmortemAdmin(Window):
    list_display = ["__str__", "status", "visibility", "due_at", "published_at"]
    list_filter = ["status", "visibility"]
    list_select_related = ["incident"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Postmortem]:
        # Admins, too, see private incidents only as their people.
        return Postmortem.objects.visible_to(request.user)  # type: ignore[arg-type]


@admin.register(ActionItem)
class ActionItemAdmin(Window):
    list_display = ["title", "owner", "due", "status", "kind"]
    list_filter = ["status", "kind"]
    list_select_related = ["owner"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ActionItem]:
        return ActionItem.objects.visible_to(request.user)  # type: ignore[arg-type]
