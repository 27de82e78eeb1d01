"""The status page's part of an incident's room: the draft, its lint and preview, and what was published."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import web
from incidents.models import Incident
from lib.doors import answer, do, is_fragment, page
from lib.refusal import Refused
from statuspage import following, publishing, wording
from statuspage.forms import NoticeForm, SkipForm
from statuspage.models import Notice


def _incident(request: HttpRequest, number: int) -> Incident:
    rows = Incident.objects.visible_to(request.user)  # type: ignore[arg-type]
    return get_object_or_404(rows, number=number)


def _open_notice(incident: Incident) -> Notice | None:
    return incident.public_notices.filter(resolved_at=None, withdrawn_at=None).first()


def _form(incident: Incident, notice: Notice | None, data: Any = None) -> NoticeForm:
    affected = following.affected(incident) if notice is None else ()
    initial = {"title": wording.draft_title(affected)} if notice is None else {}
    initial["status"] = following.next_word(incident, notice)
    return NoticeForm(data, notice=notice, affected=affected, initial=initial)


def may_publish(request: HttpRequest, incident: Incident | None) -> str:
    """Nothing, or the sentence that says why not: for buttons that explain themselves."""
    try:
        publishing.may_publish(web(request), incident)
    except Refused as refusal:
        return refusal.message
    return ""


@require_GET
@login_required
def panel(request: HttpRequest, number: int) -> HttpResponse:
    """What the public is told of this incident."""
    return _show(request, _incident(request, number))


def _show(
    request: HttpRequest,
    incident: Incident,
    *,
    form: NoticeForm | None = None,
    skip_form: SkipForm | None = None,
) -> HttpResponse:
    notice = _open_notice(incident)
    shown = form or _form(incident, notice)
    context = {
        "nav": "incidents",
        "incident": incident,
        "notice": notice,
        "past": incident.public_notices.filter(is_draft=False).exclude(resolved_at=None),
        "form": shown,
        "skip_form": skip_form or SkipForm(),
        "due_at": following.public_clock_due_at(incident),
        "refused": may_publish(request, incident),
        "is_never_public": incident.is_private or incident.is_drill,
        "unmapped": []
        if any(row.value() for row in shown.component_fields)
        else following.unmapped(incident),
        **_reading(shown),
    }
    bound = skip_form if skip_form is not None and skip_form.is_bound else form
    return answer(request, "statuspage/panel.html", "panel", context, form=bound)


def _chosen(form: NoticeForm) -> list[str]:
    return [field.value() for field in form.component_fields]


def _reading(form: NoticeForm) -> dict[str, Any]:
    """The lint and the preview of what is in the form now."""
    title, body = str(form["title"].value() or ""), str(form["body"].value() or "")
    texts = [text.replace("\x00", "")[:5000] for text in (title, body)]
    return {"marks": wording.lint(*texts), "preview_title": texts[0], "preview_body": texts[1]}


@require_POST
@login_required
def lint(request: HttpRequest, number: int) -> HttpResponse:
    """Marks and preview while one writes; keeps nothing."""
    incident = _incident(request, number)
    form = _form(incident, _open_notice(incident), request.POST)
    return page(request, "statuspage/panel.html#lint", {"form": form, **_reading(form)})


def _done(request: HttpRequest, incident: Incident) -> HttpResponse:
    return _show(request, incident) if is_fragment(request) else redirect(incident.get_absolute_url())


@require_POST
@login_required
def publish(request: HttpRequest, number: int) -> HttpResponse:
    """The draft, or the next update, goes out."""
    incident = _incident(request, number)
    notice = _open_notice(incident)
    form = _form(incident, notice, request.POST)

    def verb() -> None:
        said = form.cleaned_data
        words = {"body": said["body"], "status": said["status"], "components": form.statuses}
        actor = web(request)
        if notice is not None:
            publishing.post_update(notice.pk, actor=actor, title=said["title"], override=form.reason, **words)
        else:
            publishing.open_notice(
                actor=actor, title=said["title"], incident_id=incident.pk, override=form.reason, **words
            )

    return _done(request, incident) if do(request, form, verb) else _show(request, incident, form=form)


@require_POST
@login_required
def save(request: HttpRequest, number: int) -> HttpResponse:
    """Keep the draft; nobody outside sees it."""
    incident = _incident(request, number)
    notice = get_object_or_404(Notice, incident=incident, is_draft=True)
    form = _form(incident, notice, request.POST)

    def verb() -> None:
        said = form.cleaned_data
        publishing.save_draft(
            notice.pk, actor=web(request), title=said["title"], body=said["body"], components=form.statuses
        )

    return _done(request, incident) if do(request, form, verb) else _show(request, incident, form=form)


@require_POST
@login_required
def skip(request: HttpRequest, number: int) -> HttpResponse:
    """No public notice is needed, with a reason."""
    incident = _incident(request, number)
    form = SkipForm(request.POST)

    def verb() -> None:
        publishing.skip(incident.pk, actor=web(request), reason=form.cleaned_data["reason"])

    if do(request, form, verb):
        incident.refresh_from_db()
        return _done(request, incident)
    return _show(request, incident, skip_form=form)
