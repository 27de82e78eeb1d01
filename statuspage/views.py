"""The internal pages of the status page: what is shown, what is drafted, what is planned, who follows."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.actors import Actor, web
from accounts.models import Role
from incidents.models import Incident
from lib.doors import do
from lib.refusal import Refused
from statuspage import components, planning, publishing, reading, writing
from statuspage.changes import page, site
from statuspage.forms import (
    ComponentForm,
    GroupForm,
    MaintenanceForm,
    MaintenanceUpdateForm,
    NoticeForm,
    StatusForm,
)
from statuspage.models import Component, ComponentGroup, Maintenance, Notice, Publication, Subscriber
from statuspage.panel_views import may_publish

NAV = {"nav": "statuspage"}


def _notices(request: HttpRequest) -> QuerySet[Notice]:
    """Notices, but for those of incidents that the reader may not know of."""
    visible = Incident.objects.visible_to(request.user)  # type: ignore[arg-type]
    return Notice.objects.filter(Q(incident=None) | Q(incident__in=visible)).select_related("incident")


@require_GET
@login_required
def manage(request: HttpRequest) -> HttpResponse:
    """Everything about the public page at a glance."""
    shown = reading.shown_statuses()
    listed = list(
        Component.objects.filter(retired_at=None).select_related("group").prefetch_related("services")
    )
    for component in listed:
        component.shown = shown[component.pk]  # type: ignore[attr-defined]
        component.status_form = StatusForm(  # type: ignore[attr-defined]
            initial={"status": component.status}, auto_id=f"id_%s_{component.pk}"
        )
    notices = _notices(request)
    followers = Subscriber.objects.filter(unsubscribed_at=None)
    context = {
        **NAV,
        "page": page(),
        "site": site(),
        "components": listed,
        "groups": ComponentGroup.objects.all(),
        "drafts": notices.filter(is_draft=True),
        "open_notices": notices.filter(is_draft=False, resolved_at=None, withdrawn_at=None),
        "past": notices.filter(is_draft=False, resolved_at__isnull=False)[:10],
        "coming": Maintenance.objects.filter(completed_at=None).prefetch_related("components"),
        "confirmed": followers.filter(confirmed_at__isnull=False).count(),
        "waiting": followers.filter(confirmed_at=None).count(),
        "last": Publication.objects.first(),
        "may_manage": web(request).is_at_least(Role.MANAGER),
        "may_configure": web(request).is_at_least(Role.ADMIN),
        "may_write": web(request).is_at_least(Role.RESPONDER),
        "is_written": (writing.root() / "current").exists(),
    }
    return render(request, "statuspage/manage.html", context)


@require_POST
@login_required
def publish_now(request: HttpRequest) -> HttpResponse:
    """Write the site without waiting."""
    if not web(request).is_at_least(Role.RESPONDER):
        messages.error(request, _("Publishing is for responders."))
    elif writing.publish(force=True):
        messages.success(request, _("The page was written just now."))
    else:
        messages.info(request, _("It is being written right now."))
    return redirect("statuspage:manage")


def _needs(request: HttpRequest, role: Role) -> Actor:
    """Who asks, if of this role: a form is not shown to who may not send it."""
    actor = web(request)
    if not actor.is_at_least(role):
        raise PermissionDenied
    return actor


def _edit(
    request: HttpRequest, form: Any, title: str, button: str, *, hint: str = "", **context: Any
) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    more = {**NAV, "form": form, "title": title, "button": button, "hint": hint, **context}
    return render(request, "statuspage/edit.html", more, status=status)


@require_http_methods(["GET", "POST"])
@login_required
def component(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make a component, or change one."""
    actor = _needs(request, Role.ADMIN)
    row = get_object_or_404(Component, pk=pk) if pk else None
    initial: dict[str, Any] = {"start_date": now().date()}
    if row is not None:
        initial = {name: getattr(row, name) for name in ComponentForm.base_fields if name != "services"}
        initial["services"] = row.services.all()
    form = ComponentForm(request.POST or None, initial=initial)

    def verb() -> None:
        said = {**form.cleaned_data}
        if row is None:
            components.add(actor=actor, **said)
        else:
            components.change(row.pk, actor=actor, **said)

    if request.method == "POST" and do(request, form, verb):
        return redirect("statuspage:manage")
    title = row.name if row else _("New component")
    return _edit(request, form, title, _("Save component"), component=row)


@require_POST
@login_required
def component_status(request: HttpRequest, pk: int) -> HttpResponse:
    """Set a status by hand."""
    form = StatusForm(request.POST)
    row = get_object_or_404(Component, pk=pk)
    if not do(
        request,
        form,
        lambda: components.set_status(row.pk, actor=web(request), status=form.cleaned_data["status"]),
    ):
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("statuspage:manage")


@require_POST
@login_required
def component_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a component off the page."""
    row = get_object_or_404(Component, pk=pk)
    return _said(request, lambda: components.retire(row.pk, actor=web(request)))


def _said(request: HttpRequest, verb: Any) -> HttpResponse:
    try:
        verb()
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("statuspage:manage")


@require_http_methods(["GET", "POST"])
@login_required
def group(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make a group, or change one."""
    _needs(request, Role.ADMIN)
    row = get_object_or_404(ComponentGroup, pk=pk) if pk else None
    initial = {name: getattr(row, name) for name in GroupForm.base_fields} if row else {}
    form = GroupForm(request.POST or None, initial=initial)

    def verb() -> None:
        components.save_group(actor=web(request), group_id=row.pk if row else None, **form.cleaned_data)

    if request.method == "POST" and do(request, form, verb):
        return redirect("statuspage:manage")
    return _edit(request, form, row.name if row else _("New group"), _("Save group"), group=row)


@require_POST
@login_required
def group_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a heading; its components stay."""
    row = get_object_or_404(ComponentGroup, pk=pk)
    return _said(request, lambda: components.remove_group(row.pk, actor=web(request)))


@require_http_methods(["GET", "POST"])
@login_required
def notice_new(request: HttpRequest) -> HttpResponse:
    """A notice without an incident."""
    form = NoticeForm(request.POST or None)

    def verb() -> None:
        said = form.cleaned_data
        publishing.open_notice(
            actor=web(request),
            title=said["title"],
            body=said["body"],
            status=said["status"],
            components=form.statuses,
            override=form.reason,
        )

    if request.method == "POST" and do(request, form, verb):
        return redirect("statuspage:manage")
    return _edit(request, form, _("Tell the public"), _("Publish"), hint=may_publish(request, None))


@require_http_methods(["GET", "POST"])
@login_required
def notice(request: HttpRequest, public_id: str) -> HttpResponse:
    """A notice with its updates, and the form for the next one."""
    row = get_object_or_404(_notices(request).prefetch_related("updates"), public_id=public_id)
    form = NoticeForm(request.POST or None, notice=row)

    def verb() -> None:
        said = form.cleaned_data
        publishing.post_update(
            row.pk,
            actor=web(request),
            title=said["title"],
            body=said["body"],
            status=said["status"],
            components=form.statuses,
            override=form.reason,
        )

    if request.method == "POST" and do(request, form, verb):
        return redirect("statuspage:notice", row.public_id)
    button = _("Publish") if row.is_draft else _("Post update")
    return _edit(request, form, row.title, button, hint=may_publish(request, row.incident), notice=row)


@require_POST
@login_required
def notice_discard(request: HttpRequest, public_id: str) -> HttpResponse:
    """Throw a draft away."""
    row = get_object_or_404(_notices(request), public_id=public_id)
    return _said(request, lambda: publishing.discard(row.pk, actor=web(request)))


@require_http_methods(["GET", "POST"])
@login_required
def maintenance_new(request: HttpRequest) -> HttpResponse:
    """Announce a maintenance."""
    _needs(request, Role.MANAGER)
    form = MaintenanceForm(request.POST or None)

    def verb() -> None:
        planning.schedule(actor=web(request), **form.cleaned_data)

    if request.method == "POST" and do(request, form, verb):
        return redirect("statuspage:manage")
    return _edit(request, form, _("Announce maintenance"), _("Announce"))


@require_http_methods(["GET", "POST"])
@login_required
def maintenance(request: HttpRequest, public_id: str) -> HttpResponse:
    """A maintenance with its updates, and the form for the next one."""
    rows = Maintenance.objects.prefetch_related(Prefetch("components"), "updates")
    row = get_object_or_404(rows, public_id=public_id)
    form = MaintenanceUpdateForm(request.POST or None, initial={"status": row.status})

    def verb() -> None:
        planning.post_update(row.pk, actor=web(request), **form.cleaned_data)

    if request.method == "POST" and do(request, form, verb):
        return redirect("statuspage:maintenance", row.public_id)
    hint = "" if web(request).is_at_least(Role.MANAGER) else _("Managers say the next word here.")
    return _edit(request, form, row.title, _("Post update"), hint=hint, maintenance=row)
