"""The catalog's addresses. Words used here are refused as short names of services."""

from django.urls import path

from catalog import editing, views

app_name = "catalog"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", editing.service, name="new"),
    path("teams/new/", editing.team, name="team_new"),
    path("teams/<slug:slug>/", views.team, name="team"),
    path("teams/<slug:slug>/edit/", editing.team, name="team_edit"),
    path("mitigations/new/", editing.mitigation, name="mitigation_new"),
    path("mitigations/<int:pk>/edit/", editing.mitigation, name="mitigation_edit"),
    path("mitigations/<int:pk>/delete/", editing.delete_mitigation, name="mitigation_delete"),
    path("<slug:slug>/", views.detail, name="detail"),
    path("<slug:slug>/edit/", editing.service, name="edit"),
    path("<slug:slug>/deploys/", views.note_deploy, name="deploys"),
    path("<slug:slug>/mitigations/new/", editing.mitigation, name="service_mitigation_new"),
    path("<slug:slug>/runbooks/new/", editing.runbook, name="runbook_new"),
    path("<slug:slug>/runbooks/<int:pk>/", views.runbook, name="runbook"),
    path("<slug:slug>/runbooks/<int:pk>/edit/", editing.runbook, name="runbook_edit"),
    path("<slug:slug>/runbooks/<int:pk>/delete/", editing.delete_runbook, name="runbook_delete"),
]
