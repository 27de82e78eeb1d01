"""The pages around a document: history, review, publishing, what leaves and what comes in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.actors import web
from incidents import permissions
from lib.doors import do
from lib.plainwords import allowed, lint
from lib.refusal import Refused
from postmortems import editing, exchange, projection, publishing, reviewing, writing
from postmortems.forms import ImportForm, MarkForm, PeopleForm, PublicTextForm
from postmortems.kinds import PublicPart, Section, Visibility
from postmortems.models import Postmortem
from postmortems.views import find, frame, say


@require_GET
@login_required
def history(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = find(request, pk)
    asked = request.GET.get("section", Section.SUMMARY)
    section = Section(asked) if asked in Section.values else Section.SUMMARY
    context = {
        **frame(request),
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "section": section,
        "sections": Section,
        "steps": editing.history(postmortem, section),
        "may_restore": section != Section.TIMELINE,
    }
    return render(request, "postmortems/history.html", context)


@require_POST
@login_required
def restore(request: HttpRequest, pk: int, revision: int) -> HttpResponse:
    postmortem = find(request, pk)
    say(
        request,
        lambda: writing.restore(pk, actor=web(request), revision_id=revision),
        _("That text stands in the document again. What it replaced is kept here."),
    )
    return redirect(postmortem)


@require_GET
@login_required
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The document as it is read, and printed."""
    postmortem = find(request, pk)
    context = {
        **frame(request),
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "text": exchange.raised(exchange.to_markdown(postmortem)),
    }
    return render(request, "postmortems/preview.html", context)


@require_GET
@login_required
def export(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The document as a file: ``md`` or ``html``."""
    postmortem = find(request, pk)
    if form == "md":
        body, kind = exchange.to_markdown(postmortem), "text/markdown; charset=utf-8"
    else:
        body, kind = str(exchange.to_html(postmortem)), "text/html; charset=utf-8"
    name = f"{postmortem.incident.reference}-{slugify(postmortem.incident.title)[:60] or 'postmortem'}.{form}"
    return HttpResponse(
        body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_http_methods(["GET", "POST"])
@login_required
def take_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Import a document in the template's shape."""
    postmortem = find(request, pk)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_bound and form.is_valid():
        try:
            done = exchange.from_markdown(pk, actor=web(request), text=form.cleaned_data["text"])
            for note in done.notes:
                messages.warning(request, note)
            messages.success(
                request, _("The document was taken over. What was there before is in the history.")
            )
            return redirect(postmortem)
        except Refused as refusal:
            form.add_error("text", refusal.message)
    context = {
        **frame(request),
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "form": form,
    }
    return render(request, "postmortems/import.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem, form = find(request, pk), PeopleForm(request.POST)
    if form.is_valid():
        say(
            request,
            lambda: reviewing.ask(pk, actor=web(request), user_ids=form.ids),
            _("They are told. Publishing does not have to wait for them."),
        )
    else:
        messages.error(request, _("Choose who should read it."))
    return redirect(f"{postmortem.get_absolute_url()}#review")


@require_POST
@login_required
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem, form = find(request, pk), MarkForm(request.POST)
    if form.is_valid():
        asked = form.cleaned_data
        say(
            request,
            lambda: reviewing.mark(pk, actor=web(request), mark=asked["mark"], note=asked["note"]),
            _("Thank you. Your mark stands beside the document."),
        )
    else:
        messages.error(request, _("Say whether it looks right or needs changes."))
    return redirect(f"{postmortem.get_absolute_url()}#review")


@require_POST
@login_required
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Inside, or outside after the public text was approved."""
    postmortem = find(request, pk)
    visibility = request.POST.get("visibility", Visibility.INTERNAL)
    seen_at = parse_datetime(request.POST.get("seen", ""))
    say(
        request,
        lambda: publishing.publish(pk, actor=web(request), visibility=visibility, seen_at=seen_at),
        _("Published. The incident's timeline says so."),
    )
    return redirect("postmortems:public", pk) if visibility == Visibility.PUBLIC else redirect(postmortem)


@require_http_methods(["GET", "POST"])
@login_required
def public(request: HttpRequest, pk: int) -> HttpResponse:
    """The text the public would read: written by one, approved by another."""
    postmortem = find(request, pk)
    text = postmortem.public_text or projection.project(postmortem)
    if request.GET.get("fill"):
        text = projection.project(postmortem)
    form = PublicTextForm(request.POST if request.method == "POST" else None, initial={"text": text})
    if form.is_bound and do(
        request,
        form,
        lambda: publishing.write_public(pk, actor=web(request), text=form.cleaned_data["text"]),
    ):
        messages.success(request, _("Kept. Nothing is public yet: somebody has to approve it."))
        return redirect("postmortems:public", pk)
    shown = request.POST.get("text", text) if form.is_bound else text
    context = {
        **frame(request),
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "form": form,
        "text": shown,
        "shown": exchange.raised(postmortem.public_text),
        "marks": lint(shown, names=editing.names(), internal=_insiders(postmortem), allow=allowed()),
        "leaks": projection.leaks(postmortem, shown),
        "parts": PublicPart,
        "chosen": projection.parts_of(postmortem),
        "may_publish": _may_publish(request, postmortem),
        "is_own": postmortem.public_text_by_id == request.user.pk,
    }
    return render(request, "postmortems/public.html", context, status=422 if form.errors else 200)


def _insiders(postmortem: Postmortem) -> list[str]:
    """The service's own name, where it is none that a customer would say: "auth-service", not "checkout"."""
    slug = postmortem.incident.service.slug
    return [slug] if any(char in "-_" or char.isdigit() for char in slug) else []


@require_POST
@login_required
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Which parts the public may read, and which words never; fills the text from the document."""
    find(request, pk)
    parts, masks = request.POST.getlist("parts"), request.POST.get("masks", "")
    say(
        request,
        lambda: projection.choose(pk, actor=web(request), parts=parts, masks=masks.splitlines()),
        _("Filled from the document. Read it, change what you like, then keep it."),
    )
    return redirect(f"{reverse('postmortems:public', args=[pk])}?fill=1")


def _may_publish(request: HttpRequest, postmortem: Postmortem) -> bool:
    try:
        permissions.may(web(request), "publish", postmortem.incident)
    except Refused:
        return False
    return not postmortem.incident.is_private
