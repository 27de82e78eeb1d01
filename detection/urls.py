"""Addresses of detection, below /detection/."""

from django.urls import path

from detection import report_views, views, watch_views

app_name = "detection"
urlpatterns = [
    path("", views.index, name="index"),
    path("now/", report_views.now_fragment, name="now"),
    path("panel/<int:number>/", report_views.panel, name="panel"),
    path("sources/new/", views.source_new, name="source_new"),
    path("sources/<int:pk>/", views.source, name="source"),
    path("sources/<int:pk>/key/", views.source_key, name="source_key"),
    path("sources/<int:pk>/switch/", views.source_switch, name="source_switch"),
    path("sources/<int:pk>/test/", views.source_test, name="source_test"),
    path("sources/<int:pk>/rules/", views.rule_new, name="rule_new"),
    path("sources/<int:pk>/rules/<int:rule>/remove/", views.rule_remove, name="rule_remove"),
    path("alerts/", views.alert_list, name="alerts"),
    path("alerts/<int:pk>/", views.alert, name="alert"),
    path("alerts/<int:pk>/resolve/", views.alert_resolve, name="alert_resolve"),
    path("silences/", views.silence_list, name="silences"),
    path("silences/<int:pk>/end/", views.silence_end, name="silence_end"),
    path("checks/new/", watch_views.check_new, name="check_new"),
    path("checks/<int:pk>/", watch_views.check, name="check"),
    path("checks/<int:pk>/edit/", watch_views.check_edit, name="check_edit"),
    path("checks/<int:pk>/pause/", watch_views.check_pause, name="check_pause"),
    path("heartbeats/new/", watch_views.heartbeat_new, name="heartbeat_new"),
    path("heartbeats/<int:pk>/", watch_views.heartbeat, name="heartbeat"),
    path("heartbeats/<int:pk>/edit/", watch_views.heartbeat_edit, name="heartbeat_edit"),
    path("heartbeats/<int:pk>/pause/", watch_views.heartbeat_pause, name="heartbeat_pause"),
    path("heartbeats/<int:pk>/address/", watch_views.heartbeat_token, name="heartbeat_token"),
    path("report/settings/", report_views.report_settings, name="report_settings"),
    path("report/", report_views.report_internal, name="report"),
]
