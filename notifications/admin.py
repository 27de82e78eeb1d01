"""Other systems are set up here; messages are only read, and sent again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.models import Incident
from notifications import canary, contacts, delivery
from notifications.models import ContactMethod, Delivery, DeliveryAttempt, OutgoingWebhook


class AttemptInline(admin.TabularInline):
    model = DeliveryAttempt
    extra = 0
    can_delete = False
    readonly_fields = ["number", "at", "outcome", "note"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):
    """A window with one action: send again. What was said of private incidents is not shown."""

    list_display = ["created_at", "word", "channel", "address", "recipient", "state", "error"]
    list_filter = ["word", "channel", ("failed_at", admin.EmptyFieldListFilter), "created_at"]
    list_select_related = ["recipient", "incident"]
    search_fields = ["address", "subject"]
    exclude = ["data", "html"]
    inlines = [AttemptInline]
    actions = ["send_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        seen = Incident.objects.visible_to(request.user)  # type: ignore[arg-type]
        rows = super().get_queryset(request)
        return rows.filter(incident=None) | rows.filter(incident__in=seen)

    @admin.action(description=gettext_lazy("Send again"))
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        count = delivery.try_again(queryset.exclude(word="page").values_list("pk", flat=True))
        messages.info(request, _("%(count)d messages are on their way again.") % {"count": count})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(OutgoingWebhook)
class OutgoingWebhookAdmin(admin.ModelAdmin):
    """The secret is made here and shown when the row is opened; saving again keeps it."""

    list_display = ["name", "url", "is_active", "disabled_at", "disabled_reason"]
    readonly_fields = ["secret", "old_secret", "disabled_at", "disabled_reason"]
    actions = ["new_secret"]

    def save_model(self, request: HttpRequest, obj: OutgoingWebhook, form: Any, change: bool) -> None:
        obj.secret = obj.secret or contacts.new_secret()
        if obj.is_active:
            obj.disabled_at, obj.disabled_reason = None, ""
        super().save_model(request, obj, form, change)

    @admin.action(description=gettext_lazy("New secret (the old one goes on signing beside it)"))
    def new_secret(self, request: HttpRequest, queryset: QuerySet[OutgoingWebhook]) -> None:
        for hook in queryset:
            hook.old_secret, hook.secret = hook.secret, contacts.new_secret()
            hook.save(update_fields=["old_secret", "secret"])
        messages.info(
            request, _("Give the new secret to the receiver, then make one more to retire the old.")
        )


class CanaryFilter(admin.SimpleListFilter):
    title = gettext_lazy("weekly test")
    parameter_name = "canary"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("silent", _("not answered"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ContactMethod]) -> QuerySet[ContactMethod]:
        return queryset.filter(canary.silent()) if self.value() == "silent" else queryset


@admin.register(ContactMethod)
class ContactMethodAdmin(admin.ModelAdmin):
    list_display = [
        "user",
        "kind",
        "address",
        "verified_at",
        "trouble",
        "trouble_at",
        "canary_asked_at",
        "canary_heard_at",
    ]
    list_filter = ["kind", ("trouble", admin.EmptyFieldListFilter), CanaryFilter]
    list_select_related = ["user"]
    readonly_fields = ["verified_at", "trouble", "trouble_at", "canary_asked_at", "canary_heard_at"]
    search_fields = ["address", "user__email"]
