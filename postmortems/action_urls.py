"""Addresses of action items, under /actions/."""

from django.urls import path

from postmortems import action_views

app_name = "actions"
urlpatterns = [
    path("", action_views.index, name="index"),
    path("bulk/", action_views.bulk, name="bulk"),
    path("report/", action_views.report, name="report"),
    path("<int:pk>/", action_views.detail, name="detail"),
    path("<int:pk>/move/", action_views.move, name="move"),
]
