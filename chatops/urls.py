"""Addresses of the chat door."""

from django.urls import path

from chatops import views

app_name = "chatops"
urlpatterns = [
    path("commands", views.commands, name="commands"),
    path("interactive", views.interactive, name="interactive"),
    path("events", views.events, name="events"),
]
