"""Addresses at the root: what machines call, and the public report form."""

from django.urls import path

from detection import receive, report_views

urlpatterns = [
    path("v2/enqueue", receive.enqueue),
    path("v2/change/enqueue", receive.enqueue_change),
    path("generic/2010-04-15/create_event.json", receive.create_event),
    path("in/<str:key>/<str:name>", receive.tool),
    path("in/<str:key>/<str:name>/", receive.tool),
    path("ping/<str:token>", receive.ping),
    path("ping/<str:token>/<str:word>", receive.ping),
    path("report/", report_views.report_public, name="report"),
]
