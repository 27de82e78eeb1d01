"""The pages of a document: the library, the editor, its table, and the fragments other pages load."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.actors import web
from accounts.models import Role, User
from catalog.models import Service
from incidents import presence, searching
from incidents.models import RoomVisit, SearchText, Severity
from incidents.views import others_here, reader
from lib.doors import is_fragment
from lib.refusal import Refused
from postmortems import carrying, editing, facts, picking, recurring, tabling, tagging, writing
from postmortems.forms import (
    ActionForm,
    CommentForm,
    FilterForm,
    PeopleForm,
    SectionForm,
    SettleForm,
    picked,
)
from postmortems.kinds import TEXTS, Section, TagKind
from postmortems.models import ActionItem, Postmortem, TimelineRow, day_of

PER_PAGE = 50
_SEARCHED = (SearchText.Kind.INCIDENT, SearchText.Kind.POSTMORTEM)


def find(request: HttpRequest, pk: int) -> Postmortem:
    """The document, if its incident may be known to the reader."""
    rows = Postmortem.objects.visible_to(request.user).select_related(  # type: ignore[arg-type]
        "incident__service__team", "incident__severity", "incident__acknowledged_by"
    )
    return get_object_or_404(rows, pk=pk)


def frame(request: HttpRequest) -> dict[str, Any]:
    """What every page of this room needs to know of its reader."""
    return {"nav": "postmortems", "user_may_write": web(request).is_at_least(Role.RESPONDER)}


@require_GET
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """The library: what we learned, newest first."""
    form = FilterForm(request.GET)
    rows = Postmortem.objects.visible_to(request.user)  # type: ignore[arg-type]
    rows = rows.select_related("incident__service__team", "incident__severity").prefetch_related("authors")
    asked = form.cleaned_data if form.is_valid() else {}
    if asked.get("q"):
        rows = rows.filter(search(asked["q"]))
    if asked.get("status"):
        rows = rows.filter(status=asked["status"])
    if asked.get("service"):
        rows = rows.filter(incident__service_rows__service__slug=asked["service"])
    if asked.get("severity"):
        rows = rows.filter(incident__severity__name=asked["severity"])
    if asked.get("tag"):
        rows = rows.filter(pk__in=tagging.tagged(asked["tag"]))
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.order_by("-pk").distinct()[: PER_PAGE + 1])
    context = {
        **frame(request),
        "form": form,
        "asked": asked,
        "rows": found[:PER_PAGE],
        "next": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
        "tags": tagging.known(request.user),  # type: ignore[arg-type]
        "services": Service.objects.order_by("name"),
        "severities": Severity.objects.all(),
    }
    return render(request, "postmortems/index.html", context)


def search(words: str) -> Q:
    """Every word somewhere in the document, its title, its table, its tags or its actions.

    Sections and title are found by the index of search; of a row per line, only short ones are read.
    """
    found = Q()
    for word in words.split()[:8]:
        texts = searching.holding(word, kinds=_SEARCHED)
        found &= (
            Q(incident__in=texts.values("incident"))
            | Q(pk__in=ActionItem.objects.filter(title__icontains=word).values("postmortem"))
            | Q(pk__in=TimelineRow.objects.filter(words__icontains=word).values("postmortem"))
            | Q(pk__in=tagging.tagged(word.lower()))
        )
    return found


@require_GET
@login_required
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return show(request, find(request, pk))


@require_GET
@login_required
def here(request: HttpRequest, pk: int) -> HttpResponse:
    """Who else has the document open, asked every ten seconds; 204 while it is who the page knows of."""
    incident = find(request, pk).incident
    presence.enter(incident, reader(request), RoomVisit.Page.POSTMORTEM)
    return others_here(request, incident, reverse("postmortems:here", args=[pk]), RoomVisit.Page.POSTMORTEM)


def show(request: HttpRequest, postmortem: Postmortem, *, status: int = 200, **extra: Any) -> HttpResponse:
    """The editor; ``extra`` overrides what it shows, such as a form with errors."""
    incident = postmortem.incident
    parts = extra.pop("parts", None) or editing.parts(postmortem)
    promised = list(postmortem.actions.select_related("owner").order_by("status", "due", "pk"))
    author_ids = set(postmortem.authors.values_list("pk", flat=True))
    context = {
        **frame(request),
        "postmortem": postmortem,
        "incident": incident,
        "parts": parts,
        "duration": facts.impact(incident),
        "rows": [row for row in postmortem.rows.all() if row.shown],
        "day": day_of(incident.impact_began_at, postmortem.zone),
        "actions": promised,
        "ownerless": any(one.is_owed and not (one.owner_id and one.due) for one in promised),
        "conditions": facts.conditions(incident),
        "reviews": postmortem.reviews.select_related("user"),
        "tags": [(kind, ", ".join(words)) for kind, words in _tags(postmortem)],
        "comments": postmortem.comments.select_related("by"),
        "people": User.objects.people(),
        "author_ids": author_ids,
        "is_author": request.user.pk in author_ids,
        "asides": postmortem.revisions.filter(number=None).count(),
        "recurring": recurring.of_incident(incident),
        "left": carrying.left(incident),
        "action_form": ActionForm(),
        "comment_form": CommentForm(),
        **extra,
    }
    return render(request, "postmortems/detail.html", context, status=status)


@require_POST
@login_required
def section(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Save one section: by itself while somebody writes, or with the button."""
    postmortem = find(request, pk)
    if key not in TEXTS:
        return HttpResponse(status=404)
    form = SectionForm(request.POST)
    text, base = request.POST.get("text", ""), 0
    saved, error = None, ""
    if form.is_valid():
        text, base = form.cleaned_data["text"], form.cleaned_data["base"]
        try:
            saved = writing.save_section(pk, actor=web(request), section=key, text=text, base=base)
        except Refused as refusal:
            error = refusal.message
    else:
        error = str(next(iter(form.errors.values()))[0])
    conflict = saved if saved and saved.theirs else None
    version = saved.version if saved and not conflict else base
    part = editing.part(
        Section(key), text, version=version or 0, reading=editing.read_with(postmortem), conflict=conflict,
        is_saved=saved is not None and not conflict, error=error,
    )  # fmt: skip
    if is_fragment(request):
        context = {**frame(request), "part": part, "postmortem": postmortem, "is_part": True}
        return render(request, "postmortems/_state.html", context, status=422 if error else 200)
    if saved and not conflict:
        return redirect(f"{postmortem.get_absolute_url()}#s-{key}")
    parts = {**editing.parts(find(request, pk)), key: part}
    return show(request, find(request, pk), status=409 if conflict else 422, parts=parts)


@require_POST
@login_required
def keep(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """ "Keep mine": the margin marks these words of the section no more."""
    postmortem = find(request, pk)
    done = say(
        request,
        lambda: writing.keep_words(pk, actor=web(request), section=key, words=request.POST.get("words", "")),
    )
    # The mark goes from the margin; the box that somebody writes in stays as it is.
    if done and is_fragment(request):
        return HttpResponse("")
    return redirect(f"{postmortem.get_absolute_url()}#s-{key}")


@require_POST
@login_required
def settle(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """End a conflict with mine, or with both texts."""
    postmortem = find(request, pk)
    form = SettleForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    mine, how, text = (form.cleaned_data[name] for name in ("mine", "how", "text"))
    say(request, lambda: writing.settle(pk, actor=web(request), revision_id=mine, how=how, text=text))
    # The box has to show what is true now, so the page is read again.
    if is_fragment(request):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect(f"{postmortem.get_absolute_url()}#s-{key}")


@require_http_methods(["GET", "POST"])
@login_required
def picker(request: HttpRequest, pk: int) -> HttpResponse:
    """Which events stand in the table, in which words, with rows of one's own."""
    postmortem = find(request, pk)
    error, lines, theirs = "", picking.choices(postmortem), None
    base: int | None = writing.version(postmortem, Section.TIMELINE)
    if request.method == "POST":
        try:
            sent, base = picked(postmortem, request.POST)
            saved = tabling.save_timeline(pk, actor=web(request), lines=sent, base=base)
            if saved.theirs is None:
                return redirect(f"{postmortem.get_absolute_url()}#s-timeline")
            theirs, base = saved, saved.version
            error = _("Somebody saved the table meanwhile. Theirs stands below; save again to keep yours.")
            lines = picking.merged(lines, sent)
        except Refused as refusal:
            error = refusal.message
    context = {
        **frame(request),
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "lines": lines,
        "base": base,
        "error": error,
        "theirs": theirs,
        "own": ["new-1", "new-2", "new-3"],
    }
    return render(request, "postmortems/picker.html", context, status=422 if error else 200)


def _tags(postmortem: Postmortem) -> list[tuple[TagKind, list[str]]]:
    return [(TagKind(kind), words) for kind, words in tagging.of(postmortem).items()]


@require_POST
@login_required
def tags(request: HttpRequest, pk: int) -> HttpResponse:
    """Cause, factors and mitigations as words, with commas between."""
    postmortem = find(request, pk)
    sent = {kind: request.POST[kind].split(",") for kind in TagKind.values if kind in request.POST}
    say(request, lambda: tagging.set_tags(pk, actor=web(request), tags=sent))
    return redirect(f"{postmortem.get_absolute_url()}#tags")


@require_POST
@login_required
def authors(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem, form = find(request, pk), PeopleForm(request.POST)
    if form.is_valid():
        say(request, lambda: writing.set_authors(pk, actor=web(request), user_ids=form.ids))
    else:
        messages.error(request, _("Name at least one author."))
    return redirect(postmortem)


@require_POST
@login_required
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem, form = find(request, pk), CommentForm(request.POST)
    if not form.is_valid():
        return show(request, postmortem, status=422, comment_form=form)
    asked = form.cleaned_data
    say(
        request,
        lambda: writing.comment(pk, actor=web(request), text=asked["text"], section=asked["section"]),
    )
    return redirect(f"{postmortem.get_absolute_url()}#comments")


def say(request: HttpRequest, verb: Any, done: str = "") -> bool:
    """Say a verb of a form that has no fields to blame; its refusal is shown on the next page."""
    try:
        verb()
    except Refused as refusal:
        messages.error(request, refusal.message)
        return False
    if done:
        messages.success(request, done)
    return True
