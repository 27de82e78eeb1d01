"""What a view answers: the page, the part, the refusal."""

import pytest
from django import forms
from django.test import RequestFactory

from lib.doors import answer, do
from lib.refusal import Invalid, Refused


class NoteForm(forms.Form):
    text = forms.CharField()


@pytest.fixture
def request_(rf: RequestFactory):
    return rf.post("/")


def test_the_verb_is_said_only_when_the_form_is_in_shape(request_):
    said = []

    assert not do(request_, NoteForm({"text": ""}), lambda: said.append(1))
    assert do(request_, NoteForm({"text": "x"}), lambda: said.append(1))
    assert said == [1]


def test_a_refusal_stands_in_the_form(request_):
    def refuse():
        raise Refused("closed", "It is closed.")

    def refuse_field():
        raise Invalid("Too long.", field="text")

    form, other = NoteForm({"text": "x"}), NoteForm({"text": "x"})
    assert not do(request_, form, refuse)
    assert form.non_field_errors() == ["It is closed."]
    assert not do(request_, other, refuse_field)
    assert other.errors["text"] == ["Too long."]


def test_a_fragment_is_answered_to_htmx_and_a_page_to_everybody_else(rf, settings):
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"t.html": "page {% partialdef part inline %}part{% endpartialdef %}"},
                    )
                ]
            },
        }
    ]
    bad = NoteForm({"text": ""})
    whole = answer(rf.get("/"), "t.html", "part", {})
    part = answer(rf.get("/", headers={"HX-Request": "true"}), "t.html", "part", {}, form=bad)
    boosted = answer(rf.get("/", headers={"HX-Request": "true", "HX-Boosted": "true"}), "t.html", "part", {})

    assert (whole.content, whole.status_code) == (b"page part", 200)
    assert (part.content, part.status_code) == (b"part", 422)
    assert boosted.content == b"page part"
