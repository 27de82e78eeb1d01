"""The catalog's settings in the admin. What has a history (deploys) is read here and written elsewhere."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog import graph
from catalog.models import Deploy, Membership, Mitigation, Runbook, Service, Team


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0


class RunbookInline(admin.TabularInline):
    model = Runbook
    extra = 0
    fields = ["title", "url"]


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "time_zone"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]


class ServiceAdminForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Service
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        closing = graph.circle(self.instance.pk, [lower.pk for lower in values.get("depends_on") or []])
        if closing:
            raise ValidationError({"depends_on": _("The service would depend on itself through these.")})
        others = Service.objects.exclude(pk=self.instance.pk or 0)
        if (
            not values.get("is_catch_all")
            and self.instance.pk
            and not others.filter(is_catch_all=True).exists()
        ):
            raise ValidationError({"is_catch_all": _("Make another service the catch-all first.")})
        return values


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin):
    form = ServiceAdminForm
    list_display = ["name", "slug", "team", "tier", "is_catch_all", "is_active"]
    list_filter = ["team", "tier", "is_active"]
    list_select_related = ["team"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    filter_horizontal = ["depends_on"]
    inlines = [RunbookInline]

    def has_delete_permission(self, request: HttpRequest, obj: Service | None = None) -> bool:
        # History tells of services; "in use" is switched off instead.
        return False


@admin.register(Mitigation)
class MitigationAdmin(admin.ModelAdmin):
    list_display = ["name", "service", "position"]
    list_filter = ["service"]
    list_select_related = ["service"]
    search_fields = ["name", "slug"]


@admin.register(Runbook)
class RunbookAdmin(admin.ModelAdmin):
    list_display = ["title", "service", "url"]
    list_select_related = ["service"]
    search_fields = ["title"]


@admin.register(Deploy)
class DeployAdmin(admin.ModelAdmin):
    """A window, not a door."""

    list_display = ["service", "version", "kind", "at", "author", "source"]
    list_filter = ["kind", "service"]
    list_select_related = ["service"]
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Deploy | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Deploy | None = None) -> bool:
        return False
