"""Addresses below `/status/`: the forms of subscribers, then the files of the published folder."""

from django.urls import path, re_path

from statuspage import public_views

app_name = "status"
urlpatterns = [
    path("subscribe/", public_views.subscribe, name="subscribe"),
    path("subscribe/confirm/<str:token>/", public_views.confirm, name="confirm"),
    path("subscribe/manage/<str:token>/", public_views.manage, name="manage"),
    path("subscribe/unsubscribe/<str:token>/", public_views.unsubscribe, name="unsubscribe"),
    path("", public_views.serve, name="site"),
    re_path(r"^(?P<path>.+)$", public_views.serve, name="file"),
]
