"""What every HTMX view does: check the form, say one verb, show what is true afterwards."""

from collections.abc import Callable
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lib.refusal import Invalid, Refused


def is_fragment(request: HttpRequest) -> bool:
    """Did htmx ask for a part of the page (and not for the whole page through a boosted link)?"""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def do[T](request: HttpRequest, form: BaseForm, verb: Callable[[], T]) -> bool:
    """Say the verb if the form is in shape; a refusal becomes an error of the form.

    ``verb`` takes nothing, so it reads ``form.cleaned_data`` only after the check.
    """
    if not form.is_valid():
        return False
    try:
        verb()
    except Refused as refusal:
        field = refusal.field if isinstance(refusal, Invalid) and refusal.field in form.fields else None
        form.add_error(field, refusal.message)
        return False
    return True


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A whole page, or the named part of one (``room/page.html#part``)."""
    return render(request, template, context or {}, status=status)


def answer(
    request: HttpRequest,
    template: str,
    part: str,
    context: dict[str, Any] | None = None,
    *,
    form: BaseForm | None = None,
) -> HttpResponse:
    """The part for htmx, the whole page for everybody else; 422 while the form has errors."""
    status = 422 if form is not None and form.is_bound and form.errors else 200
    name = f"{template}#{part}" if is_fragment(request) else template
    return render(request, name, context or {}, status=status)


def download(name: str, kind: str, body: bytes) -> HttpResponse:
    """A file to keep; never shown in place, because people wrote what is in it."""
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
