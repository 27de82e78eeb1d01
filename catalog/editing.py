"""The catalog's pages for admins, and a team's people for its managers: one form, one verb."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import actors
from catalog import writing
from catalog.forms import MitigationForm, RunbookForm, ServiceForm, TeamForm, TeamPeopleForm
from catalog.models import Mitigation, Runbook, Service, Team
from catalog.views import may_edit
from lib import doors
from lib.refusal import Refused


def _edit(
    request: HttpRequest,
    form: BaseForm,
    verb: Callable[[], Any],
    *,
    title: str,
    back: str,
    remove: str = "",
    allowed: bool | None = None,
) -> HttpResponse:
    """Show the form; on POST say the verb and go back to what was changed."""
    if not (may_edit(request) if allowed is None else allowed):
        raise PermissionDenied
    if request.method == "POST" and doors.do(request, form, verb):
        messages.success(request, _("Saved."))
        return redirect(back)
    context = {"nav": "catalog", "form": form, "title": title, "back": back, "remove": remove}
    return doors.page(request, "catalog/edit.html", context, 422 if form.errors else 200)


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@login_required
def service(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Add a service, or change one."""
    row = get_object_or_404(Service, slug=slug) if slug else None
    form = ServiceForm(_data(request), instance=get_object_or_404(Service, slug=slug) if slug else None)

    def verb() -> Service:
        return writing.save_service(row.pk if row else None, actor=actors.web(request), **form.cleaned_data)

    title = _("Change %(name)s") % {"name": row} if row else _("Add a service")
    back = form.cleaned_data["slug"] if form.is_bound and form.is_valid() else slug
    return _edit(
        request, form, verb, title=title,
        back=reverse("catalog:detail", args=[back]) if back else reverse("catalog:index"),
    )  # fmt: skip


@login_required
def team(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Add a team, or change one; its own managers change who is in it."""
    row = get_object_or_404(Team, slug=slug) if slug else None
    allowed = may_edit(request) or (row is not None and writing.manages(actors.web(request), row))
    shape = TeamForm if may_edit(request) else TeamPeopleForm
    form = shape(_data(request), instance=get_object_or_404(Team, slug=slug) if slug else None)

    def verb() -> Team:
        values = dict(form.cleaned_data)
        return writing.save_team(
            row.pk if row else None, actor=actors.web(request), people=values.pop("members"), **values
        )

    title = _("Change %(name)s") % {"name": row} if row else _("Add a team")
    back = form.cleaned_data.get("slug", slug) if form.is_bound and form.is_valid() else slug
    return _edit(
        request, form, verb, title=title, allowed=allowed,
        back=reverse("catalog:team", args=[back]) if back else reverse("catalog:index"),
    )  # fmt: skip


@login_required
def runbook(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """Add a runbook to a service, or change one."""
    owner = get_object_or_404(Service, slug=slug)
    row = get_object_or_404(Runbook, pk=pk, service=owner) if pk else Runbook(service=owner)
    form = RunbookForm(_data(request), instance=row)

    def verb() -> Runbook:
        return writing.save_runbook(pk, actor=actors.web(request), service=owner, **form.cleaned_data)

    title = _("Change the runbook") if pk else _("Add a runbook to %(name)s") % {"name": owner}
    remove = reverse("catalog:runbook_delete", args=[slug, pk]) if pk else ""
    return _edit(request, form, verb, title=title, back=owner.get_absolute_url(), remove=remove)


@login_required
def mitigation(request: HttpRequest, slug: str = "", pk: int | None = None) -> HttpResponse:
    """Add a mitigation, for one service or for all, or change one."""
    owner = get_object_or_404(Service, slug=slug) if slug else None
    row = get_object_or_404(Mitigation, pk=pk) if pk else Mitigation(service=owner)
    form = MitigationForm(_data(request), instance=row)

    def verb() -> Mitigation:
        values: dict[str, Any] = dict(form.cleaned_data)
        if not pk:
            values["service"] = owner
        return writing.save_mitigation(pk, actor=actors.web(request), **values)

    home = owner or row.service
    title = _("Change %(name)s") % {"name": row.name} if pk else _("Add a mitigation")
    back = home.get_absolute_url() if home else reverse("catalog:index")
    remove = reverse("catalog:mitigation_delete", args=[pk]) if pk else ""
    return _edit(request, form, verb, title=title, back=back, remove=remove)


@login_required
@require_POST
def delete_runbook(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Remove a runbook."""
    row = get_object_or_404(Runbook.objects.select_related("service"), pk=pk, service__slug=slug)
    return _delete(request, row, row.service.get_absolute_url())


@login_required
@require_POST
def delete_mitigation(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a mitigation that no timeline tells of."""
    row = get_object_or_404(Mitigation.objects.select_related("service"), pk=pk)
    return _delete(request, row, row.service.get_absolute_url() if row.service else reverse("catalog:index"))


def _delete(request: HttpRequest, row: models.Model, back: str) -> HttpResponse:
    name = str(row)
    try:
        writing.delete(row, actor=actors.web(request))  # type: ignore[arg-type]
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(name)s is removed.") % {"name": name})
    return redirect(back)
