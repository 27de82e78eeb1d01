"""Addresses of the telephone door."""

from django.urls import path

from chatops import phone_views

app_name = "phone"
urlpatterns = [
    path("sms/", phone_views.sms, name="sms"),
    path("call/<str:token>/", phone_views.call, name="call"),
    path("keys/<str:token>/", phone_views.keys, name="keys"),
    path("status/<str:token>/", phone_views.status, name="status"),
]
