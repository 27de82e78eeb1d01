"""The pages of action items: board, list, one item."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.actors import web
from accounts.models import User
from catalog.models import Team
from lib.doors import do, is_fragment
from lib.refusal import Refused
from postmortems import actions, boards, carrying, completion
from postmortems.forms import ActionFilterForm, ActionForm, ActionStatusForm, BulkForm
from postmortems.kinds import ActionKind, ActionStatus, Priority
from postmortems.models import ActionItem
from postmortems.views import find, frame, show


def _find(request: HttpRequest, pk: int) -> ActionItem:
    rows = ActionItem.objects.visible_to(request.user)  # type: ignore[arg-type]
    return get_object_or_404(
        rows.select_related("owner", "postmortem__incident__service__team", "postmortem__incident__severity"),
        pk=pk,
    )


@require_GET
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Everything that was promised, the most overdue first."""
    form = ActionFilterForm(request.GET)
    form.is_valid()
    user = web(request).user
    assert user is not None, "login_required"
    owner = form.cleaned_data.get("owner", "")
    owner_id = user.pk if owner == "me" else int(owner) if owner.isdecimal() else None
    is_board = form.cleaned_data.get("view") == "board"
    statuses = list(ActionStatus) if is_board and not form.cleaned_data.get("status") else form.statuses
    rows = boards.actions_for(
        user,
        statuses=statuses,
        owner_id=owner_id,
        team=form.cleaned_data.get("team", ""),
        kind=form.cleaned_data.get("kind", ""),
        words=form.cleaned_data.get("q", ""),
    )
    found = list(rows[: boards.LIMIT])
    context = {
        **frame(request),
        "nav": "actions",
        "actions": found,
        "late": sum(one.is_overdue for one in found),
        "columns": boards.columns(found, statuses) if is_board else [],
        "is_board": is_board,
        "asked": form.cleaned_data,
        "statuses": ActionStatus,
        "teams": Team.objects.order_by("name"),
        "people": User.objects.people(),
        "priorities": Priority,
        "kinds": ActionKind,
        "completion": boards.completion(user),
        "here": request.get_full_path(),
    }
    return render(request, "postmortems/actions.html", context)


@require_POST
@login_required
def bulk(request: HttpRequest) -> HttpResponse:
    """The same change on every action that was ticked: all of them, or none."""
    form = BulkForm(request.POST)
    back = redirect(_back(request, "actions:index"))
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return back
    # Ids of others' private incidents are no different from ids that never were.
    seen = ActionItem.objects.visible_to(request.user).filter(pk__in=form.ids)  # type: ignore[arg-type]
    if seen.count() != len(form.ids):
        messages.error(request, _("One of these actions is not there any more. Nothing was changed."))
        return back
    try:
        count = actions.update_many(form.ids, actor=web(request), **form.given)
    except Refused as refusal:
        messages.error(request, _("Nothing was changed: %(why)s") % {"why": refusal.message})
        return back
    messages.success(
        request,
        ngettext("%(count)s action changed.", "%(count)s actions changed.", count) % {"count": count},
    )
    return back


@require_GET
@login_required
def report(request: HttpRequest) -> HttpResponse:
    """Are promises kept? By team and month."""
    user = web(request).user
    assert user is not None, "login_required"
    context = {**frame(request), "nav": "actions", "report": completion.report(user)}
    return render(request, "postmortems/report.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One action, with everything that can be changed of it."""
    action = _find(request, pk)
    form = ActionForm(request.POST) if request.method == "POST" else ActionForm.of(action)
    if form.is_bound and do(request, form, lambda: actions.update(pk, actor=web(request), **form.given)):
        messages.success(request, _("Saved."))
        return redirect(_back(request, action.postmortem.get_absolute_url() + "#actions"))
    context = {
        **frame(request),
        "nav": "actions",
        "action": action,
        "incident": action.postmortem.incident,
        "form": form,
        "next": request.GET.get("next", ""),
        "changes": action.changes.select_related("by")[:30],
    }
    return render(request, "postmortems/action.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Another state, from the list or the board."""
    _find(request, pk)
    form, error = ActionStatusForm(request.POST), ""
    if not form.is_valid():
        error = _("Choose one of the states.")
    else:
        try:
            actions.update(pk, actor=web(request), status=form.cleaned_data["status"])
        except Refused as refusal:
            error = refusal.message
    if is_fragment(request) and request.GET.get("part") == "row":
        context = {
            **frame(request),
            "action": _find(request, pk),
            "statuses": ActionStatus,
            "error": error,
            "here": "/actions/",
        }
        return render(request, "postmortems/_action_row.html", context, status=422 if error else 200)
    if error:
        messages.error(request, error)
    return redirect(_back(request, "actions:index"))


@require_POST
@login_required
def create(request: HttpRequest, pk: int) -> HttpResponse:
    """A new action of a document."""
    postmortem, form = find(request, pk), ActionForm(request.POST)
    if do(request, form, lambda: actions.create(pk, actor=web(request), **form.given)):
        return redirect(f"{postmortem.get_absolute_url()}#actions")
    return show(request, postmortem, status=422, action_form=form)


@require_POST
@login_required
def carry(request: HttpRequest, pk: int) -> HttpResponse:
    """Open tasks of the room become action items: the one that was clicked, or all."""
    postmortem = find(request, pk)
    task = request.POST.get("task", "")
    task_ids = [int(task)] if task.isascii() and task.isdigit() and len(task) < 19 else None
    try:
        made = carrying.carry(pk, actor=web(request), task_ids=None if task == "all" else task_ids or [0])
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        words = ngettext(
            "%(count)s task is an action item now.", "%(count)s tasks are action items now.", len(made)
        )
        messages.success(request, words % {"count": len(made)})
    return redirect(f"{postmortem.get_absolute_url()}#actions")


def _back(request: HttpRequest, default: str) -> str:
    """Where the person came from, if that is a page of ours."""
    asked = request.POST.get("next", "")
    if asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}):
        return asked
    return default
