"""Addresses of the figures."""

from django.urls import path

from metrics import views

app_name = "metrics"
urlpatterns = [
    path("", views.index, name="index"),
    path("incidents.csv", views.incidents_csv, name="csv"),
    path("tables/<slug:name>.<slug:form>", views.table, name="table"),
    path("review.<slug:form>", views.review_table, name="review_table"),
    path("marks/", views.marks, name="marks"),
    path("marks/<int:pk>/remove/", views.unmark, name="unmark"),
    path("review/", views.review, name="review"),
    path("<slug:measure>/", views.detail, name="detail"),
]
