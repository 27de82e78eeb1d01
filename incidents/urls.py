"""The responder's addresses."""

from django.urls import path

from incidents import lists, past, views

app_name = "incidents"
urlpatterns = [
    path("incidents/", lists.index, name="list"),
    path("incidents/export.csv", lists.export, name="export"),
    path("incidents/declare/", lists.declare, name="declare"),
    path("incidents/declare/past/", past.enter, name="past"),
    path("incidents/<int:number>/", views.detail, name="detail"),
    path("incidents/<int:number>/live/<int:after>/", views.live, name="live"),
    path("incidents/<int:number>/here/", views.here, name="here"),
    path("incidents/<int:number>/in-short/", views.in_short, name="in_short"),
    path("incidents/<int:number>/document.<slug:shape>", views.document, name="document"),
    path("incidents/<int:number>/verbs/", views.verbs, name="verbs"),
    path("incidents/<int:number>/lint/", views.lint, name="lint"),
    path("incidents/<int:number>/glass/", views.break_glass, name="glass"),
    path("incidents/<int:number>/do/<slug:name>/", views.say, name="say"),
    path("handbook/", lists.handbook, name="handbook"),
    path("handbook/severities/", lists.severities, name="severities"),
]
