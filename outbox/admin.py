"""The outbox in the admin: read it, and try again; nothing else."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from outbox import delivery
from outbox.models import OPEN, BrokenPromise, Message, MessageQuerySet, SweepRun


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("owed", _("owed")), ("abandoned", _("given up")), ("delivered", _("delivered"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "owed":
            return queryset.filter(OPEN)
        if self.value() == "abandoned":
            return queryset.exclude(abandoned_at=None)
        if self.value() == "delivered":
            return queryset.exclude(delivered_at=None)
        return queryset


class ReadOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Message)
class MessageAdmin(ReadOnly):
    """A window with one handle: what was given up can be tried again."""

    list_display = ["id", "topic", "handler", "stream", "shown_state", "attempts", "due_at", "note"]
    list_filter = [StateFilter, "queue", "handler"]
    search_fields = ["topic", "key", "stream"]
    ordering = ["-pk"]
    actions = ["try_again"]

    @admin.display(description=_("state"))
    def shown_state(self, message: Message) -> SafeString | str:
        if message.abandoned_at:
            return format_html('<strong class="errornote">{}</strong>', message.state)
        return message.state

    @admin.action(description=_("Try again"), permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: MessageQuerySet) -> None:
        count = delivery.try_again(queryset.values_list("pk", flat=True))
        said = ngettext("%(n)d message is tried again now.", "%(n)d messages are tried again now.", count)
        self.message_user(request, said % {"n": count})


@admin.register(SweepRun)
class SweepRunAdmin(ReadOnly):
    list_display = ["name", "last_started_at", "last_finished_at", "failed_at", "last_error"]


@admin.register(BrokenPromise)
class BrokenPromiseAdmin(ReadOnly):
    list_display = ["what", "reason", "began_at", "ended_at", "told_at", "end_told_at"]
    list_filter = ["what"]
