"""Rows edited in Django's admin whose changes have no verb of their own: each one stands in the audit log."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts import actors, audit


class Audited(admin.ModelAdmin):  # type: ignore[type-arg]
    """Writes added, changed and deleted rows to the audit log, in the transaction of the change."""

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """The only place where Django shows the form and the rows below it together."""
        inner = [one for formset in formsets or () for one in formset.forms if one.has_changed()]
        shown = [form, *inner]
        request._before, request._after = (  # type: ignore[attr-defined]
            {} if add else _told(shown, lambda one, name: one.initial.get(name)),
            _told(shown, lambda one, name: getattr(one, "cleaned_data", {}).get(name)),
        )
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._note(request, obj, "added")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._note(request, obj, "changed")
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset:
            self._note(request, row, "deleted")
        return super().log_deletions(request, queryset)

    def _note(self, request: HttpRequest, obj: Any, what: str) -> None:
        before, after = getattr(request, "_before", {}), getattr(request, "_after", {})
        audit.note(actors.web(request), f"{obj._meta.model_name}.{what}", obj, before=before, after=after)


def _told(shown: list[Any], read: Any) -> dict[str, str]:
    """Each changed field, under the name of its row where it is not the row itself."""
    told = {}
    for place, one in enumerate(shown):
        row = "" if place == 0 else f"{one.instance._meta.model_name} {place}: "
        for name in one.changed_data:
            told[row + name] = str(read(one, name))
    return told
