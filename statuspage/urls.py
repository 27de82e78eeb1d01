"""Addresses below `/manage/status/`: the internal pages of the status page."""

from django.urls import path

from statuspage import panel_views, views

app_name = "statuspage"
urlpatterns = [
    path("", views.manage, name="manage"),
    path("publish/", views.publish_now, name="publish_now"),
    path("components/new/", views.component, name="component_new"),
    path("components/<int:pk>/", views.component, name="component"),
    path("components/<int:pk>/status/", views.component_status, name="component_status"),
    path("components/<int:pk>/retire/", views.component_retire, name="component_retire"),
    path("groups/new/", views.group, name="group_new"),
    path("groups/<int:pk>/", views.group, name="group"),
    path("groups/<int:pk>/remove/", views.group_remove, name="group_remove"),
    path("notices/new/", views.notice_new, name="notice_new"),
    path("notices/<str:public_id>/", views.notice, name="notice"),
    path("notices/<str:public_id>/discard/", views.notice_discard, name="notice_discard"),
    path("maintenance/new/", views.maintenance_new, name="maintenance_new"),
    path("maintenance/<str:public_id>/", views.maintenance, name="maintenance"),
    path("panel/<int:number>/", panel_views.panel, name="panel"),
    path("panel/<int:number>/lint/", panel_views.lint, name="lint"),
    path("panel/<int:number>/publish/", panel_views.publish, name="publish"),
    path("panel/<int:number>/save/", panel_views.save, name="save"),
    path("panel/<int:number>/skip/", panel_views.skip, name="skip"),
]
