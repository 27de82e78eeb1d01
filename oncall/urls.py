"""Addresses of the on-call pages."""

from django.urls import path

from oncall import answers, calendar_views, covers, drill_views, editing, load_views, taps, views

app_name = "oncall"
urlpatterns = [
    path("", views.index, name="index"),
    path("now/", views.here_and_now, name="now"),
    path("calendars/", calendar_views.calendars, name="calendars"),
    path("calendars/make/", calendar_views.make, name="calendar_make"),
    path("calendars/<int:pk>/revoke/", calendar_views.revoke, name="calendar_revoke"),
    path("calendar/<str:token>.ics", calendar_views.feed, name="calendar_feed"),
    path("load/", load_views.load, name="load"),
    path("load.csv", load_views.load_csv, name="load_csv"),
    path("import/", calendar_views.import_shifts, name="import"),
    path("override/", covers.override, name="override"),
    path("override/<int:pk>/end/", covers.end_override, name="end_override"),
    path("swap/", covers.swap, name="swap"),
    path("swap/<int:pk>/accept/", covers.accept, name="accept_swap"),
    path("swap/<int:pk>/decline/", covers.decline, name="decline_swap"),
    path("swap/<int:pk>/withdraw/", covers.withdraw, name="withdraw_swap"),
    path("chairs/", editing.chairs, name="chairs"),
    path("drills/", drill_views.index, name="drills"),
    path("drills/new/", drill_views.edit, name="drill_new"),
    path("drills/<int:pk>/", drill_views.drill, name="drill"),
    path("drills/<int:pk>/change/", drill_views.edit, name="drill_edit"),
    path("drills/<int:pk>/<slug:name>/", drill_views.act, name="drill_act"),
    path("schedules/new/", editing.schedule, name="schedule_new"),
    path("schedules/<int:pk>/", editing.schedule, name="schedule"),
    path("policies/new/", editing.policy, name="policy_new"),
    path("policies/<int:pk>/", editing.policy, name="policy"),
    path("policies/<int:pk>/simulation/", editing.simulation, name="simulation"),
    path("pages/<int:pk>/acknowledge/", answers.acknowledge, name="acknowledge"),
    path("pages/<int:pk>/escalate/", answers.escalate, name="escalate"),
    path("pages/<int:pk>/hand/", answers.hand_to, name="hand"),
    path("panel/<int:number>/", answers.panel, name="panel"),
    path("panel/<int:number>/page/", answers.page_somebody, name="page_somebody"),
    path("ack/<str:token>/", taps.one_tap, name="one_tap"),
    path("ack-all/<str:token>/", taps.bundle_tap, name="bundle_tap"),
]
