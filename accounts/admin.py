"""People and tokens in Django's admin: rights are changed through the rules, history is only read."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django import forms
from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest

from accounts import actors, erasing, people, tokens
from accounts.models import ApiToken, AuditEntry, User
from lib.refusal import Refused

# Signing in to the admin is signing in: the same limits, the same second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "Tocsin"
admin.site.index_title = "Settings"


class PersonForm(forms.ModelForm):
    """A refused change is shown beside the form and not after it."""

    class Meta:
        model = User
        fields = ["email", "name", "role", "time_zone", "shortcuts_enabled", "is_active"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        falls = self.instance.pk and (cleaned.get("role") != "admin" or not cleaned.get("is_active"))
        if falls and User.objects.get(pk=self.instance.pk).role == "admin":
            others = User.objects.filter(role="admin", is_active=True).exclude(pk=self.instance.pk)
            if not others.exists():
                raise forms.ValidationError("This is the only admin. Make somebody else an admin first.")
        return cleaned


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Roles are given here; each change stands in the audit log."""

    form = PersonForm
    list_display = ["email", "name", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["email", "name"]
    readonly_fields = ["email", "last_login", "date_joined"]
    fields = [
        "email",
        "name",
        "role",
        "time_zone",
        "shortcuts_enabled",
        "is_active",
        "last_login",
        "date_joined",
    ]
    actions = ["erase"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        # People are invited (/accounts/people/), so that they choose their own password.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in form.changed_data}
        people.change(obj.pk, actor=actors.web(request), **fields)

    @admin.action(description="Erase for good (GDPR): empties the person, keeps “former user”")
    def erase(self, request: HttpRequest, queryset: Any) -> None:
        for user in queryset:
            try:
                erasing.erase(user.pk, actor=actors.web(request))
            except Refused as refusal:
                messages.error(request, refusal.message)
            else:
                messages.success(request, f"Person {user.pk} is erased.")


class Window(admin.ModelAdmin):
    """History: read here, written only by the rules."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(Window):
    list_display = [
        "name",
        "user",
        "prefix",
        "scope",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ]
    list_filter = ["scope", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__email", "prefix"]
    exclude = ["digest"]
    actions = ["revoke"]

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        for token in queryset:
            tokens.revoke(token.pk, actor=actors.web(request))
        messages.success(request, "Revoked.")


@admin.register(AuditEntry)
class AuditEntryAdmin(Window):
    list_display = ["at", "actor_label", "via", "action", "target"]
    list_filter = ["action", "via"]
    search_fields = ["actor_label", "target", "action"]
    date_hierarchy = "at"
