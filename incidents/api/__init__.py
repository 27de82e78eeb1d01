"""The REST door of incidents: shapes, verbs in `rooms`, search in `finds`, the matrix in `matrix`."""

from rest_framework.viewsets import GenericViewSet

from incidents.api.finds import SearchViewSet
from incidents.api.matrix import ImpactViewSet, RoleViewSet, SeverityViewSet
from incidents.api.rooms import IncidentViewSet

routes: list[tuple[str, type[GenericViewSet], str]] = [
    ("incidents", IncidentViewSet, "incidents"),
    ("search", SearchViewSet, "search"),
    ("severities", SeverityViewSet, "severities"),
    ("impact-rules", ImpactViewSet, "impact-rules"),
    ("roles", RoleViewSet, "roles"),
]
