"""Addresses of the contact methods."""

from django.urls import path

from notifications import push_views, views

app_name = "notifications"
urlpatterns = [
    path("contacts/", views.contacts, name="contacts"),
    path("contacts/add/", views.add, name="add"),
    path("contacts/test/", views.test, name="test"),
    path("contacts/test/end/", views.end_test, name="end_test"),
    path("contacts/weekly/", views.weekly, name="weekly"),
    path("contacts/awake/", views.awake, name="awake"),
    path("contacts/quiet/", views.rest, name="rest"),
    path("contacts/rules/add/", views.add_rule, name="add_rule"),
    path("contacts/rules/<int:pk>/remove/", views.remove_rule, name="remove_rule"),
    path("contacts/<int:pk>/test/", views.test_one, name="test_one"),
    path("contacts/<int:pk>/confirm/", views.confirm, name="confirm"),
    path("contacts/<int:pk>/remove/", views.remove, name="remove"),
    path("contacts/<int:pk>/up/", views.move_up, name="move_up"),
    path("contacts/<int:pk>/down/", views.move_down, name="move_down"),
    path("contacts/<int:pk>/proof/", views.send_proof, name="send_proof"),
    path("push/on/", push_views.subscribe, name="push_on"),
    path("push/off/", push_views.unsubscribe, name="push_off"),
    path("heard/<str:token>/", views.heard, name="heard"),
    path("prove/<str:token>/", views.prove, name="prove"),
]
