"""Addresses of documents, under /postmortems/."""

from django.urls import path

from postmortems import action_views, document_views, panel_views, views

app_name = "postmortems"
urlpatterns = [
    path("", views.index, name="index"),
    path("now/", panel_views.now, name="now"),
    path("again/", panel_views.again, name="again"),
    path("panel/<int:number>/", panel_views.panel, name="panel"),
    path("incident/<int:number>/", panel_views.of, name="of"),
    path("incident/<int:number>/open/", panel_views.open_by_hand, name="open"),
    path("incident/<int:number>/waive/", panel_views.waive, name="waive"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/here/", views.here, name="here"),
    path("<int:pk>/sections/<slug:key>/", views.section, name="section"),
    path("<int:pk>/sections/<slug:key>/settle/", views.settle, name="settle"),
    path("<int:pk>/sections/<slug:key>/keep/", views.keep, name="keep"),
    path("<int:pk>/timeline/", views.picker, name="picker"),
    path("<int:pk>/authors/", views.authors, name="authors"),
    path("<int:pk>/comments/", views.comment, name="comment"),
    path("<int:pk>/actions/", action_views.create, name="add_action"),
    path("<int:pk>/tasks/", action_views.carry, name="carry"),
    path("<int:pk>/history/", document_views.history, name="history"),
    path("<int:pk>/history/<int:revision>/restore/", document_views.restore, name="restore"),
    path("<int:pk>/preview/", document_views.preview, name="preview"),
    path("<int:pk>/export.md", document_views.export, {"form": "md"}, name="export_md"),
    path("<int:pk>/export.html", document_views.export, {"form": "html"}, name="export_html"),
    path("<int:pk>/import/", document_views.take_in, name="import"),
    path("<int:pk>/review/", document_views.ask, name="ask"),
    path("<int:pk>/mark/", document_views.mark, name="mark"),
    path("<int:pk>/publish/", document_views.publish, name="publish"),
    path("<int:pk>/public/choose/", document_views.choose, name="choose"),
    path("<int:pk>/tags/", views.tags, name="tags"),
    path("<int:pk>/public/", document_views.public, name="public"),
]
