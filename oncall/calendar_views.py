"""Calendar links, the calendars behind them, and the import of shifts from a file."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts import actors
from accounts.models import Role, User
from lib import doors
from lib.refusal import Missing, Refused
from oncall import calendars as rules
from oncall import importing
from oncall.models import CalendarLink, Schedule


class ImportForm(forms.Form):
    """A file first; what it said is kept in the page until somebody says yes to the preview."""

    schedule = forms.ModelChoiceField(
        Schedule.objects.all(), label=gettext_lazy("Schedule"), empty_label=None
    )
    file = forms.FileField(
        label=gettext_lazy("File (.ics)"),
        required=False,
        help_text=gettext_lazy("Each event is one shift. An attendee or the title says whose."),
        widget=forms.FileInput(attrs={"accept": ".ics,text/calendar"}),
    )
    ics = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)

    def clean(self) -> dict[str, Any]:
        data = cast(dict[str, Any], super().clean())
        if upload := data.get("file"):
            if upload.size > importing.MAX_BYTES:
                self.add_error("file", _("That is more than 500 kB. Import a few months at a time."))
            else:
                data["ics"] = upload.read().decode("utf-8", "replace")
        elif not data.get("ics"):
            self.add_error("file", _("Choose a file."))
        return data


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


def _show(request: HttpRequest, fresh: str = "") -> HttpResponse:
    links = CalendarLink.objects.filter(user=_me(request)).select_related("schedule")
    known = {link.schedule_id: link for link in links}
    choices = [(None, known.get(None)), *((row, known.get(row.pk)) for row in Schedule.objects.all())]
    context = {
        "nav": "oncall",
        "fresh": fresh,
        "choices": choices,
        "is_manager": _me(request).is_at_least(Role.MANAGER),
    }
    return doors.page(request, "oncall/calendars.html", context)


@never_cache
@login_required
@require_GET
def calendars(request: HttpRequest) -> HttpResponse:
    """My calendar links: one for my shifts, one for each schedule."""
    return _show(request)


@never_cache
@login_required
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """A new link, shown in this answer and never again."""
    asked = request.POST.get("schedule", "")
    try:
        _link, token = rules.make(
            actors.web(request), schedule_id=int(asked) if asked.isascii() and asked.isdigit() else None
        )
    except (Missing, OverflowError):
        messages.error(request, _("There is no such schedule."))
        return redirect("oncall:calendars")
    return _show(request, settings.BASE_URL + reverse("oncall:calendar_feed", args=[token]))


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a link."""
    try:
        rules.revoke(pk, actor=actors.web(request))
        messages.success(request, _("The link is off. Whatever read it gets no answer any more."))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("oncall:calendars")


@never_cache
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """What a calendar program reads; the address is the whole right."""
    try:
        text = rules.feed(token)
    except Missing as missing:
        return HttpResponse(f"{missing.message}\n", status=404, content_type="text/plain; charset=utf-8")
    answer = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="on-call.ics"'
    return answer


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_shifts(request: HttpRequest) -> HttpResponse:
    """First what an import would do, then the import."""
    if not _me(request).is_at_least(Role.MANAGER):
        messages.error(request, _("Shifts are imported by managers."))
        return redirect("oncall:calendars")
    form = ImportForm(request.POST or None, request.FILES or None)
    rows: list[importing.Row] = []
    is_sure = "confirm" in request.POST

    def say() -> None:
        verb = importing.take if is_sure else importing.preview
        data = form.cleaned_data
        rows.extend(verb(data["schedule"].pk, data["ics"], actor=actors.web(request)))

    done = request.method == "POST" and doors.do(request, form, say)
    if done and is_sure:
        count = sum(row.verdict == "new" for row in rows)
        messages.success(request, _("%(n)d shifts were added as overrides.") % {"n": count})
        return redirect("oncall:index")
    context = {
        "nav": "oncall",
        "form": form,
        "rows": rows,
        "ics": form.cleaned_data["ics"] if done else "",
        "fresh": sum(row.verdict == "new" for row in rows),
        "problems": sum(bool(row.problem) for row in rows),
    }
    status = 422 if request.method == "POST" and not done else 200
    return doors.page(request, "oncall/import.html", context, status=status)
