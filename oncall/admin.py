"""Schedules and policies are edited here too; runs and pages are only read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.audited import Audited
from incidents.models import Incident
from oncall.drill_models import DrillPlan, DrillTurn
from oncall.models import (
    Coverage,
    Layer,
    LayerMember,
    ManagementCoverage,
    Override,
    Page,
    PageRun,
    Policy,
    RoleCoverage,
    Schedule,
    Step,
    Target,
)
from oncall.storm_models import StormPolicy


class Shown:
    """Rotations are looked at here and changed on their page, which keeps what was true before."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class LayerInline(Shown, admin.TabularInline):
    model = Layer
    extra = 0


class MemberInline(Shown, admin.TabularInline):
    model = LayerMember
    extra = 0


class StepInline(admin.TabularInline):
    model = Step
    extra = 0
    show_change_link = True


class TargetInline(admin.TabularInline):
    model = Target
    extra = 1


class PageInline(admin.TabularInline):
    model = Page
    extra = 0
    can_delete = False
    readonly_fields = ["user", "step", "status", "created_at", "answered_at"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Schedule)
class ScheduleAdmin(Audited):
    list_display = ["name", "team", "time_zone"]
    list_select_related = ["team"]
    readonly_fields = ["time_zone"]
    inlines = [LayerInline]


@admin.register(Layer)
class LayerAdmin(Shown, Audited):
    list_display = ["schedule", "name", "position", "days", "hand_over"]
    list_select_related = ["schedule"]
    inlines = [MemberInline]


@admin.register(Override)
class OverrideAdmin(Audited):
    list_display = ["schedule", "user", "start", "end", "note"]
    list_select_related = ["schedule", "user"]


@admin.register(Policy)
class PolicyAdmin(Audited):
    list_display = ["name", "team", "repeat", "round_length", "is_default", "is_for_management"]
    list_select_related = ["team"]
    inlines = [StepInline]


@admin.register(Step)
class StepAdmin(Audited):
    list_display = ["policy", "position", "delay"]
    list_select_related = ["policy"]
    inlines = [TargetInline]


@admin.register(Coverage)
class CoverageAdmin(Audited):
    list_display = ["service", "policy"]
    list_select_related = ["service", "policy"]


@admin.register(ManagementCoverage)
class ManagementCoverageAdmin(Audited):
    list_display = ["team", "policy"]
    list_select_related = ["team", "policy"]


@admin.register(RoleCoverage)
class RoleCoverageAdmin(Audited):
    """Who is paged when a chair stays empty past its clock."""

    list_display = ["role", "schedule"]
    list_select_related = ["role", "schedule"]


@admin.register(PageRun)
class PageRunAdmin(admin.ModelAdmin):
    """A window, not a door. Runs of private incidents are for their people."""

    list_display = ["started_at", "incident", "policy_name", "reason", "status", "acknowledged_by"]
    list_filter = ["status", "reason"]
    list_select_related = ["incident", "acknowledged_by"]
    inlines = [PageInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PageRun]:
        seen = Incident.objects.visible_to(request.user)  # type: ignore[arg-type]
        return super().get_queryset(request).filter(incident__in=seen)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(StormPolicy)
class StormPolicyAdmin(Audited, admin.ModelAdmin):
    """One row: over how many pages, within which time, become a bundle."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not StormPolicy.objects.exists()

    def save_model(self, request: HttpRequest, obj: StormPolicy, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


class TurnInline(Shown, admin.TabularInline):
    model = DrillTurn
    extra = 0
    exclude = ["incident"]


@admin.register(DrillPlan)
class DrillPlanAdmin(Shown, Audited):
    """Looked at here and planned on their page, which checks the times."""

    list_display = ["name", "team", "service", "cron", "time_zone", "is_paused", "next_at"]
    list_select_related = ["team", "service"]
    inlines = [TurnInline]
