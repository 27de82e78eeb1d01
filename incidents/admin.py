"""The severity matrix is edited here; history is only read here, and private incidents not even that."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts import actors
from accounts.models import User
from incidents import applying, hidden, lifecycle, matrix
from incidents.models import ImpactRule, Incident, Role, Severity, SeverityVersion, TimelineEvent
from incidents.policy import Policy
from incidents.severity import check, check_deletable, check_ranks
from lib.refusal import Invalid, Refused


class SeverityForm(forms.ModelForm):
    """Checks what the rule would refuse, so that the sentence stands beside the field."""

    class Meta:
        model = Severity
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        others = Severity.objects.exclude(pk=self.instance.pk).values_list("rank", flat=True)
        try:
            check_ranks([*others, given["rank"]])
            columns = {name: given[name] for name in Policy.__dataclass_fields__ if name != "required_roles"}
            check(Policy(required_roles=tuple(role.slug for role in given["required_roles"]), **columns))
        except Invalid as refusal:
            self.add_error(refusal.field if refusal.field in self.fields else None, refusal.message)
        return given


class VersionInline(admin.TabularInline):
    model = SeverityVersion
    fields = ["number", "made_at", "made_by", "policy"]  # type: ignore[assignment]
    readonly_fields = ["number", "made_at", "made_by", "policy"]
    extra = 0
    can_delete = False
    verbose_name_plural = _("history")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Severity)
class SeverityAdmin(admin.ModelAdmin):
    """The matrix: every saved change is a new version, kept with who and when."""

    form = SeverityForm
    list_display = ["rank", "name", "user_impact", "response_words", "pages", "internal_update_every"]
    list_display_links = ["name"]
    filter_horizontal = ["required_roles"]
    inlines = [VersionInline]
    actions = ["apply_to_open"]

    def save_model(self, request: HttpRequest, obj: Severity, form: Any, change: bool) -> None:
        columns = {name: form.cleaned_data[name] for name in form.cleaned_data}
        actor = actors.web(request)
        saved = (
            matrix.change(obj.pk, actor=actor, **columns) if change else matrix.add(actor=actor, **columns)
        )
        obj.pk = saved.pk
        obj._state.adding = False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the verb has written the chairs together with the row and its version."""
        for formset in formsets:
            formset.save(commit=False)  # The history is only shown; the admin's log asks what it changed.

    def has_delete_permission(self, request: HttpRequest, obj: Severity | None = None) -> bool:
        return super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        to_delete, counts, needed, protected = super().get_deleted_objects(objs, request)
        # Versions belong to the severity and go with it; what really keeps it is said in a sentence.
        protected, needed = [], set()
        for severity in objs:
            try:
                check_deletable(severity)
            except Refused as refusal:
                protected.append(refusal.message)
        return to_delete, counts, needed, protected

    def delete_model(self, request: HttpRequest, obj: Severity) -> None:
        matrix.remove(obj.pk, actor=actors.web(request))

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Severity]") -> None:
        for severity in queryset.order_by("-rank"):
            matrix.remove(severity.pk, actor=actors.web(request))

    @admin.action(description=_("Apply to open incidents"))
    def apply_to_open(self, request: HttpRequest, queryset: "QuerySet[Severity]") -> TemplateResponse | None:
        """Show what the newest versions would do to running incidents; once confirmed, do it."""
        actor = actors.web(request)
        open_ones = Incident.objects.visible_to(cast(User, request.user)).open()
        newest = {severity.pk: severity.current.pk for severity in queryset}
        rows = [
            one
            for one in open_ones.filter(severity__in=queryset)
            if one.severity_version_id != newest[one.severity_id]
        ]
        if "confirm" in request.POST:
            moved = [lifecycle.apply_policy(one.pk, actor=actor).reference for one in rows]
            said = ", ".join(moved) or _("no open incident")
            messages.success(request, _("Applied to: %(said)s.") % {"said": said})
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Apply to open incidents"),
            "opts": self.opts,
            "severities": queryset,
            "previews": [applying.preview(one.pk, actor=actor) for one in rows],
        }
        return TemplateResponse(request, "admin/incidents/apply_preview.html", context)


@admin.register(ImpactRule)
class ImpactRuleAdmin(admin.ModelAdmin):
    list_display = ["breakage", "reach", "severity"]
    list_editable = ["severity"]
    list_filter = ["breakage", "reach"]

    def has_delete_permission(self, request: HttpRequest, obj: ImpactRule | None = None) -> bool:
        """A matrix has no holes: a cell changes, it does not go."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: ImpactRule | None = None) -> list[str]:
        return ["breakage", "reach"] if obj else []


@admin.register(Role)
class RoleAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "position", "duty"]
    list_editable = ["position"]

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> list[str]:
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        if obj is not None:
            try:
                matrix.check_role_deletable(obj)
            except Refused:
                return False
        return super().has_delete_permission(request, obj)


class Window(admin.ModelAdmin):
    """A window, not a door: history is written only through the lifecycle."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Incident)
class IncidentAdmin(Window):
    list_display = ["number", "title", "service", "severity", "status", "detected_at"]
    list_filter = ["status", "severity", "service"]
    list_select_related = ["service", "severity"]
    search_fields = ["title"]
    date_hierarchy = "detected_at"
    # Neighbours may be private; the room shows those that its reader may see.
    exclude = ["parent", "related", "merged_into"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Incident]":
        return Incident.objects.visible_to(cast(User, request.user))


@admin.register(TimelineEvent)
class TimelineEventAdmin(Window):
    list_display = ["incident", "number", "kind", "at", "actor_label", "text"]
    list_filter = ["kind"]
    list_select_related = ["incident"]
    exclude = ["data"]
    readonly_fields = ["facts"]

    @admin.display(description=_("data"))
    def facts(self, event: TimelineEvent) -> str:
        return str(hidden.masked(event.data, hidden.private_among([event])))

    def get_queryset(self, request: HttpRequest) -> "QuerySet[TimelineEvent]":
        visible = Incident.objects.visible_to(cast(User, request.user))
        return super().get_queryset(request).filter(incident__in=visible)
