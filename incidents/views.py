"""The incident's room: the page, its live parts, and one view that says every verb of `doorways.DOORS`."""

from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import get_current_timezone_name
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actors
from accounts.models import Role as Rank
from accounts.models import User
from incidents import (
    acknowledging,
    afteraction,
    forms,
    mitigating,
    newest,
    offering,
    palette,
    people,
    presence,
    recap,
    room,
)
from incidents import live as livepart
from incidents.doorways import DOORS
from incidents.models import Incident, RoomVisit
from incidents.seen import Seen
from lib import doors, plainwords
from lib.choices import share_choices

# Verbs that move rows of a list; the page around them stays.
_TICKS = ("step", "task-end", "task-give")
_CHAIRS = ("take", "leave", "alone", "volunteer", "withdraw")
# Said in a hurry: they stand open beside the mitigations, and not among all actions.
_VITAL = ("mitigate", "resolve", "reopen")
_BUTTONS = ("acknowledge", "declare", "close", "try", "outcome", *_CHAIRS, *_TICKS)


def reader(request: HttpRequest) -> User:
    return cast(User, request.user)


def find(request: HttpRequest, number: int) -> Incident:
    """The incident, if the reader may know of it; else 404."""
    try:
        return livepart.loaded(Incident.objects.visible_to(reader(request)), number=number)
    except Incident.DoesNotExist:
        raise Http404 from None


def _offers(incident: Incident, user: User, bound: forms.VerbForm | None, name: str) -> list[dict[str, Any]]:
    names = offering.folded(incident, actors.person(user))
    return [_offer(incident, user, one, bound if one == name else None) for one in names]


def _offer(incident: Incident, user: User, name: str, bound: forms.VerbForm | None = None) -> dict[str, Any]:
    door = DOORS[name]
    form = bound or door.form(incident=incident, user=user, auto_id=f"{name}-%s")
    return {"name": name, "form": form, "button": door.button, "hint": door.hint, "open": bound is not None}


def _runners(shared: dict[str, list[Any]]) -> list[User]:
    people = forms.responders()
    return shared.get(str(people.query)) or list(people)


def context_of(
    request: HttpRequest, incident: Incident, *, bound: forms.VerbForm | None = None, name: str = ""
) -> dict[str, Any]:
    """Everything the room shows."""
    user = reader(request)
    may_act = user.is_at_least(Rank.RESPONDER)
    seen = Seen(incident)
    context = livepart.context_of(incident, may_act=may_act, window=livepart.Window.of(request), seen=seen)
    offers = _offers(incident, user, bound, name)
    chair = _offer(incident, user, "chair", bound if name == "chair" else None) if may_act else None
    task = _offer(incident, user, "task", bound if name == "task" else None) if may_act else None
    shared = share_choices(offer["form"] for offer in [*offers, chair, task] if offer)
    writes_updates = may_act and incident.status not in livepart.DONE
    has_acts = incident.is_open or incident.mitigated_at
    vital = [offer for offer in offers if offer["name"] in _VITAL] if has_acts else []
    folded = {offer["name"] for offer in offers} | ({"task", "chair"} if may_act else set())
    is_shown = name in folded or (name == "update" and writes_updates)
    return {
        **context,
        **room.around(incident, user, seen),
        "nav": "incidents",
        "may_act": may_act,
        "offers": [offer for offer in offers if offer not in vital],
        "vital": vital,
        "open_at": request.GET.get("runbook", ""),
        "update": _offer(incident, user, "update", bound if name == "update" else None)
        if writes_updates
        else None,
        "task": task,
        "chair": chair,
        # Beside its form, if the page has it; else (a button, or the reader may not any more) above all.
        "refusal": bound if name in _BUTTONS or not is_shown else None,
        "outcomes": [choice for choice in mitigating.Outcome.choices if choice[0] != "started"],
        "runners": _runners(shared) if may_act else [],
    }


@require_GET
@login_required
def detail(request: HttpRequest, number: int) -> HttpResponse:
    """The room. A private incident is nothing at all to others; an admin may break the glass."""
    try:
        incident = find(request, number)
    except Http404:
        if (
            reader(request).is_at_least(Rank.ADMIN)
            and Incident.objects.filter(number=number, is_private=True).exists()
        ):  # visible_to: the glass itself
            return render(request, "incidents/glass.html", {"number": number, "nav": "incidents"}, status=403)
        raise
    return render(request, "incidents/detail.html", context_of(request, incident))


@require_GET
@login_required
def live(request: HttpRequest, number: int, after: int) -> HttpResponse:
    """Polled every two seconds; 204 while nothing is new since event ``after``; 286 ends the polling."""
    try:
        known = newest.of(reader(request), number)
        if known.last <= after:
            return HttpResponse(status=204)
        part, is_over = livepart.answer(request, known.incident_id, known.last)
    except Incident.DoesNotExist:
        # Or it was made private, or purged, between the two.
        raise Http404 from None
    return HttpResponse(part, status=286 if is_over else 200)


@require_GET
@login_required
def here(request: HttpRequest, number: int) -> HttpResponse:
    """Who else is in the room, asked every ten seconds; 204 while it is who the page knows of."""
    incident, user = find(request, number), reader(request)
    presence.enter(incident, user)
    return others_here(request, incident, reverse("incidents:here", args=[number]))


def others_here(
    request: HttpRequest, incident: Incident, address: str, page: str = RoomVisit.Page.ROOM
) -> HttpResponse:
    """Who else has the page open; ``address`` asks again; 204 while it is who the page knows of."""
    others = [one for one in presence.here(incident, page) if one.pk != reader(request).pk]
    known = ".".join(str(one.pk) for one in others)
    if "known" in request.GET and request.GET["known"] == known:
        return HttpResponse(status=204)
    return render(request, "incidents/_here.html", {"address": address, "others": others, "known": known})


@require_http_methods(["GET", "POST"])
@login_required
def say(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """One verb of the room: check the form, say it, show what is true."""
    door = DOORS.get(name)
    if door is None:
        raise Http404
    incident = find(request, number)
    if request.method == "GET":
        return redirect(incident)
    form = door.form(request.POST, incident=incident, user=reader(request), auto_id=f"{name}-%s")
    actor = actors.web(request)
    said: list[Any] = []
    if doors.do(request, form, lambda: said.append(door.verb(incident.pk, actor=actor, **door.words(form)))):
        rest = said[0].rest if isinstance(said[0], acknowledging.Said) else ""
        if rest:
            messages.warning(request, rest)
            if doors.is_fragment(request):
                # The sentence stands at the top of the page, outside of what the room swaps.
                return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        if name == "step" and not doors.is_fragment(request):
            return redirect(_open_at(incident, form.cleaned_data["runbook"]))
        if doors.is_fragment(request):
            gone = not Incident.objects.visible_to(reader(request)).filter(pk=incident.pk).exists()
            return _after(request, number, name) if not gone else redirect("incidents:list")
        return redirect(incident)
    return _refused(request, number, name, form)


def _open_at(incident: Incident, runbook: int) -> str:
    """The room with this runbook lying open, without a script too."""
    return f"{incident.get_absolute_url()}?runbook={runbook}#boxes-{runbook}"


def _after(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """The form, empty again, and whatever the verb has changed around it."""
    incident = find(request, number)
    context = context_of(request, incident)
    if name == "update":
        return render(request, "incidents/detail.html#after_update", context)
    if name in _TICKS:
        # Only what a tick moves: the runbook stays open where one reads it.
        return render(request, "incidents/detail.html#live", context)
    return render(request, "incidents/detail.html#room", context)


def _refused(request: HttpRequest, number: int, name: str, form: forms.VerbForm) -> HttpResponse:
    incident = find(request, number)
    form.incident = incident
    context = context_of(request, incident, bound=form, name=name)
    part = "incidents/detail.html#room" if doors.is_fragment(request) else "incidents/detail.html"
    if name == "update" and context["update"] and doors.is_fragment(request):
        part = "incidents/detail.html#compose"
    return render(request, part, context, status=422)


@require_GET
@login_required
def document(request: HttpRequest, number: int, shape: str) -> HttpResponse:
    """The room on paper, as Markdown or PDF."""
    if shape not in afteraction.SHAPES:
        raise Http404
    return doors.download(*afteraction.file_of(find(request, number), shape))


@require_GET
@login_required
def in_short(request: HttpRequest, number: int) -> HttpResponse:
    """The incident in a few sentences, to read out or to paste."""
    incident = find(request, number)
    # As all times of the page: in the reader's zone. On paper and by the API it is the team's.
    zone = ZoneInfo(get_current_timezone_name())
    part = "incidents/in_short.html" + ("#short" if doors.is_fragment(request) else "")
    return render(
        request, part, {"nav": "incidents", "incident": incident, "sentences": recap.of(incident, zone)}
    )


@require_GET
@login_required
def verbs(request: HttpRequest, number: int) -> JsonResponse:
    """What the reader may do here now, for the command palette."""
    return JsonResponse({"verbs": palette.of(find(request, number), actors.web(request))})


@require_POST
@login_required
def lint(request: HttpRequest, number: int) -> HttpResponse:
    """Marks words as one types: blame and speculation. Never blocks."""
    find(request, number)
    text = request.POST.get("text", "")[:4000]
    marks = plainwords.lint(text, rules=("blame", "speculation"), allow=plainwords.allowed())
    return render(request, "incidents/_lint.html", {"marks": marks, "text": text})


@require_POST
@login_required
def break_glass(request: HttpRequest, number: int) -> HttpResponse:
    """An admin enters a private incident; its people see who and why."""
    incident = Incident.objects.filter(number=number, is_private=True).first()  # visible_to: the glass itself
    if incident is None or not reader(request).is_at_least(Rank.ADMIN):
        raise Http404
    form = forms.ReasonForm(request.POST, incident=incident, user=reader(request))
    actor = actors.web(request)
    if doors.do(
        request, form, lambda: people.break_in(incident.pk, actor=actor, reason=form.cleaned_data["reason"])
    ):
        return redirect(incident)
    return render(
        request, "incidents/glass.html", {"number": number, "form": form, "nav": "incidents"}, status=422
    )
