"""Forms beside each other that offer the same rows read them once."""

from collections.abc import Iterable
from typing import Any

from django import forms


def share_choices(several: Iterable[forms.Form]) -> None:
    """Let the fields of these forms that choose from the same rows share one reading of them.

    Django asks the database for each field, and again each time a widget looks whether it has choices.
    """
    known: dict[tuple[str, Any, Any, Any], list[Any]] = {}
    for form in several:
        for field in form.fields.values():
            if not isinstance(field, forms.ModelChoiceField) or isinstance(field.widget, forms.HiddenInput):
                continue
            rows: Any = field.queryset
            key = (str(rows.query), type(field), field.to_field_name, field.empty_label)
            if key not in known:
                choices: Any = field.choices
                known[key] = list(choices)
            field.widget.choices = known[key]  # type: ignore[attr-defined]
