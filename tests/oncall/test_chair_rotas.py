"""Rotas of chairs by page and by API: one verb, kept by managers, written into the audit log."""

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import tokens
from accounts.actors import person
from accounts.models import AuditEntry
from incidents.models import Role
from lib.refusal import Forbidden, Missing
from oncall import chair_rotas
from oncall.models import RoleCoverage, Schedule

pytestmark = pytest.mark.django_db
URL = "/api/v1/chair-rotas/"


@pytest.fixture
def api():
    def client(user):
        scope = "admin" if user.role == "manager" else "write"
        _row, plain = tokens.issue(user, name="t", scope=scope)
        one = APIClient()
        one.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
        return one

    return client


@pytest.fixture
def manager(mona):
    mona.role = "manager"
    mona.save()
    return mona


def test_the_page_keeps_and_ends_them(checkout, client, manager):
    primary = Schedule.objects.get(name="Primary")
    client.force_login(manager)
    url = reverse("oncall:chairs")
    assert "Comms Lead" in client.get(url).content.decode()

    assert client.post(url, {"comms_lead": primary.pk}).status_code == 302
    assert RoleCoverage.objects.get().schedule == primary
    assert f'value="{primary.pk}" selected' in client.get(url).content.decode()
    assert client.post(url, {"comms_lead": 9_999}).status_code == 422
    assert RoleCoverage.objects.get().schedule == primary
    client.post(url, {"comms_lead": ""})
    assert not RoleCoverage.objects.exists()
    assert AuditEntry.objects.filter(action="chair_rota.saved").count() == 2


def test_who_is_no_manager_is_sent_back(checkout, client, alice):
    client.force_login(alice)
    answer = client.post(reverse("oncall:chairs"), {"comms_lead": Schedule.objects.first().pk})
    assert answer["Location"] == reverse("oncall:index") and not RoleCoverage.objects.exists()
    with pytest.raises(Forbidden):
        chair_rotas.cover("comms_lead", None, actor=person(alice))


def test_the_api_lists_sets_and_ends_them(checkout, api, manager, alice):
    primary = Schedule.objects.get(name="Primary")
    said = api(manager).put(f"{URL}comms_lead/", {"schedule": primary.pk}, format="json")
    assert said.json() == {"role": "comms_lead", "name": "Comms Lead", "schedule": primary.pk}
    assert [row["schedule"] for row in api(alice).get(URL).json()].count(primary.pk) == 1
    assert len(api(alice).get(URL).json()) == Role.objects.count()

    assert api(alice).put(f"{URL}comms_lead/", {"schedule": None}, format="json").status_code == 403
    assert api(manager).put(f"{URL}comms_lead/", {"schedule": 10**6}, format="json").status_code == 404
    assert api(manager).put(f"{URL}no_chair/", {"schedule": None}, format="json").status_code == 404
    assert api(manager).put(f"{URL}comms_lead/", {"schedule": "x"}, format="json").status_code == 400
    assert RoleCoverage.objects.get().schedule == primary
    assert api(manager).put(f"{URL}comms_lead/", {"schedule": None}, format="json").json()["schedule"] is None


def test_a_chair_that_is_not_there_is_refused(checkout, manager):
    with pytest.raises(Missing):
        chair_rotas.cover("nobody", None, actor=person(manager))
