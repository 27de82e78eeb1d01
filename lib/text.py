"""Text at the doors: NUL and lone surrogates are refused, because PostgreSQL cannot store them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from rest_framework import serializers

from lib.refusal import Invalid

_SENTENCE = "The text holds a character that cannot be stored (a NUL or half of a surrogate pair)."


def is_storable(value: str) -> bool:
    """Can both databases store it? A NUL fails on PostgreSQL, a lone surrogate on both."""
    return "\x00" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def clean(value: str, max_length: int | None = None, *, field: str | None = None) -> str:
    """The text with line ends made ``\\n`` and outer space removed.

    Raises:
        Invalid: it cannot be stored, or is longer than ``max_length`` characters.
    """
    if not is_storable(value):
        raise Invalid(_SENTENCE, code="bad_text", field=field)
    tidy = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if max_length is not None and len(tidy) > max_length:
        raise Invalid(f"The text is longer than {max_length} characters.", code="too_long", field=field)
    return tidy


def check_storable(value: Any) -> None:
    """A validator for form and serializer fields."""
    if isinstance(value, str) and not is_storable(value):
        raise ValidationError(_SENTENCE, code="bad_text")


class CleanCharField(forms.CharField):
    """A form's text field that refuses what cannot be stored."""

    default_validators = [check_storable]


class CleanTextField(serializers.CharField):
    """A serializer's text field that refuses what cannot be stored."""

    def to_internal_value(self, data: Any) -> str:
        value: str = super().to_internal_value(data)
        if not is_storable(value):
            raise serializers.ValidationError(_SENTENCE, code="bad_text")
        return value.replace("\r\n", "\n")
