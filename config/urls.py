"""Every address of the house."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import health, views
from metrics import views as metrics
from notifications import bounce_views, push_views

handler400 = "config.views.not_understood"
handler500 = "config.views.broken"

PAGES = {
    "": "incidents.urls",
    "oncall/": "oncall.urls",
    "detection/": "detection.urls",
    "catalog/": "catalog.urls",
    "postmortems/": "postmortems.urls",
    "actions/": "postmortems.action_urls",
    "manage/status/": "statuspage.urls",
    "status/": "statuspage.public_urls",
    "notifications/": "notifications.urls",
    "slack/": "chatops.urls",
    "phone/": "chatops.phone_urls",
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.now, name="now"),
    path("start/", views.guide, name="guide"),
    path("acknowledge/<int:number>/", views.acknowledge, name="acknowledge"),
    path("catalog/<slug:slug>/now/", views.service_now, name="service_now"),
    path("search/", views.search, name="search"),
    path("sw.js", push_views.worker),
    path("manifest.webmanifest", push_views.manifest),
    path("favicon.ico", views.favicon),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("promises", health.promises),
    path("mail/bounces/", bounce_views.bounce, name="mail_bounces"),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/", include("config.api")),
    path("metrics", metrics.prometheus),
    path("metrics/", include("metrics.urls")),
    *(path(prefix, include(urls)) for prefix, urls in PAGES.items()),
    path("", include("detection.intake_urls")),
    path("admin/", admin.site.urls),
]
