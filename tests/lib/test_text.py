"""Text at the doors."""

import pytest
from django import forms
from rest_framework import serializers

from lib.refusal import Invalid
from lib.text import CleanCharField, CleanTextField, clean


@pytest.mark.parametrize("bad", ["a\x00b", "a\ud800b", "\udfff"])
def test_what_postgresql_cannot_store_is_refused_at_every_door(bad):
    class Form(forms.Form):
        text = CleanCharField()

    class Serializer(serializers.Serializer):
        text = CleanTextField()

    with pytest.raises(Invalid):
        clean(bad)
    assert "text" in Form({"text": bad}).errors
    assert not Serializer(data={"text": bad}).is_valid()


def test_text_is_tidied_and_bounded():
    assert clean("  a\r\nb\r ") == "a\nb"
    with pytest.raises(Invalid, match="longer than 3"):
        clean("abcd", 3)


def test_a_smile_beyond_the_basic_plane_stays():
    assert clean("🙂") == "🙂"
