"""Forms beside each other that offer the same rows read them once."""

from collections.abc import Iterable
from typing import Any

from django import forms


def share_choices(several: Iterable[forms.Form]) -> dict[str, list[Any]]:
    """Let the fields of these forms that choose from the same rows share one reading of them.

    Django asks the database for each field, and again each time a widget looks whether it has choices.
    Returns the rows by their query, for whoever needs the same ones beside the forms.
    """
    known: dict[str, list[Any]] = {}
    for form in several:
        for field in form.fields.values():
            if not isinstance(field, forms.ModelChoiceField) or isinstance(field.widget, forms.HiddenInput):
                continue
            rows: Any = field.queryset
            key = str(rows.query)
            if key not in known:
                known[key] = list(rows)
            choices: Any = field.choices
            empty = [] if field.empty_label is None else [("", field.empty_label)]
            field.widget.choices = empty + [choices.choice(row) for row in known[key]]  # type: ignore[attr-defined]
    return known
