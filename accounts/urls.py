"""Addresses of the account pages; signing in and the second factor are allauth's, beside these."""

from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("tokens/", views.token_list, name="tokens"),
    path("tokens/<int:pk>/revoke/", views.token_revoke, name="token_revoke"),
    path("people/", views.people_list, name="people"),
    path("people/<int:pk>/invite/", views.invite_again, name="invite_again"),
    path("invited/<str:token>/", views.invited, name="invited"),
    path("audit/", views.audit_log, name="audit"),
]
