"""Who Slack people are here: an admin may look, and unlink somebody."""

from django.contrib import admin
from django.http import HttpRequest

from chatops.models import ChatUser


@admin.register(ChatUser)
class ChatUserAdmin(admin.ModelAdmin):
    list_display = ["user", "team_id", "slack_id", "checked_at"]
    list_select_related = ["user"]
    search_fields = ["user__name", "user__email", "slack_id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ChatUser | None = None) -> bool:
        return False
