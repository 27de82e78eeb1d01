"""The status page in the REST API: components, public incidents, maintenance, subscribers."""

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actors
from accounts.models import Role
from catalog.models import Service
from incidents.models import Incident
from lib.drf import NewestFirst
from lib.refusal import Invalid
from lib.text import CleanTextField
from statuspage import components, planning, publishing, reading, subscribing
from statuspage.kinds import ComponentStatus, Impact, MaintenanceStatus, NoticeStatus
from statuspage.models import (
    Component,
    Maintenance,
    MaintenanceUpdate,
    Notice,
    NoticeComponent,
    NoticeUpdate,
    Subscriber,
)

Values = dict[str, Any]


class ComponentSerializer(serializers.Serializer):
    """A component; ``status`` is what the public sees, writing it sets it by hand."""

    id = serializers.CharField(source="public_id", read_only=True)
    name = CleanTextField(max_length=80)
    description = CleanTextField(max_length=300, required=False, allow_blank=True)
    group = CleanTextField(max_length=80, required=False, allow_null=True, help_text="Made when it is new.")
    services = serializers.SlugRelatedField(
        slug_field="slug", many=True, required=False, queryset=Service.objects.all()
    )
    status = serializers.ChoiceField(ComponentStatus.choices, required=False)
    position = serializers.IntegerField(required=False, min_value=0, max_value=9999)
    showcase = serializers.BooleanField(required=False)
    only_show_if_degraded = serializers.BooleanField(required=False)
    start_date = serializers.DateField(required=False)

    def to_representation(self, instance: Component) -> Values:
        data = super().to_representation(instance)
        shown = self.context.get("shown") or reading.shown_statuses()
        return {
            **data,
            "group": instance.group.name if instance.group else None,
            "status": shown[instance.pk],
        }


class SaidSerializer(serializers.Serializer):
    """What is said of one component."""

    id = CleanTextField(max_length=12)
    status = serializers.ChoiceField(ComponentStatus.choices)

    def to_representation(self, instance: NoticeComponent) -> Values:
        return {"id": instance.component.public_id, "status": instance.status}


class NumberField(serializers.IntegerField):
    """An internal incident by its number."""

    def to_representation(self, value: Any) -> int:
        return int(value.number)


class UpdateSerializer(serializers.Serializer):
    """One word to the public."""

    id = serializers.CharField(source="public_id", read_only=True)
    status = serializers.ChoiceField(NoticeStatus.choices)
    body = CleanTextField(max_length=publishing.MAX_BODY)
    at = serializers.DateTimeField(read_only=True)
    components = SaidSerializer(many=True, required=False, write_only=True)
    title = CleanTextField(max_length=150, required=False, write_only=True)
    override = CleanTextField(
        max_length=300, required=False, write_only=True, help_text="Why a marked word may stand."
    )


@extend_schema_serializer(component_name="PublicIncident")
class NoticeSerializer(serializers.Serializer):
    """A public incident; ``body`` is its first update, ``incident`` the number of the internal one."""

    id = serializers.CharField(source="public_id", read_only=True)
    title = CleanTextField(max_length=150)
    status = serializers.ChoiceField(NoticeStatus.choices, required=False)
    impact = serializers.ChoiceField(Impact.choices, required=False, help_text="Else it is computed.")
    components = SaidSerializer(many=True, required=False, source="component_rows")
    body = CleanTextField(max_length=publishing.MAX_BODY, write_only=True)
    override = CleanTextField(max_length=300, required=False, write_only=True)
    incident = NumberField(required=False, allow_null=True, min_value=1, max_value=2**62)
    is_draft = serializers.BooleanField(read_only=True)
    started_at = serializers.DateTimeField(required=False)
    published_at = serializers.DateTimeField(read_only=True, allow_null=True)
    resolved_at = serializers.DateTimeField(read_only=True, allow_null=True)
    next_update_at = serializers.DateTimeField(read_only=True, allow_null=True)
    updates = UpdateSerializer(many=True, read_only=True)


class MaintenanceUpdateSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id", read_only=True)
    status = serializers.ChoiceField(MaintenanceStatus.choices)
    body = CleanTextField(max_length=5000)
    at = serializers.DateTimeField(read_only=True)


class MaintenanceSerializer(serializers.Serializer):
    """Work that is announced; it begins and ends by the clock."""

    id = serializers.CharField(source="public_id", read_only=True)
    title = CleanTextField(max_length=150)
    status = serializers.ChoiceField(MaintenanceStatus.choices, read_only=True)
    scheduled_for = serializers.DateTimeField()
    scheduled_until = serializers.DateTimeField()
    body = CleanTextField(max_length=5000, write_only=True)
    components = serializers.SlugRelatedField(
        slug_field="public_id", many=True, required=False, queryset=Component.objects.filter(retired_at=None)
    )
    muted_services = serializers.SlugRelatedField(
        slug_field="slug",
        many=True,
        required=False,
        queryset=Service.objects.filter(is_active=True),
        help_text="Services for which nobody is paged until its end.",
    )
    updates = MaintenanceUpdateSerializer(many=True, read_only=True)


class SubscriberSerializer(serializers.Serializer):
    """Who follows by mail. A new one is asked by mail first."""

    id = serializers.CharField(source="public_id", read_only=True)
    email = CleanTextField(max_length=254)
    components = serializers.SlugRelatedField(
        slug_field="public_id", many=True, required=False, queryset=Component.objects.filter(retired_at=None)
    )
    created_at = serializers.DateTimeField(read_only=True)
    confirmed_at = serializers.DateTimeField(read_only=True, allow_null=True)
    unsubscribed_at = serializers.DateTimeField(read_only=True, allow_null=True)


def _statuses(said: list[Values] | None) -> dict[int, str] | None:
    """What the caller said of components, by their keys."""
    if said is None:
        return None
    ids = {entry["id"]: entry["status"] for entry in said}
    known = dict(Component.objects.filter(public_id__in=ids, retired_at=None).values_list("public_id", "pk"))
    if missing := sorted(set(ids) - set(known)):
        raise Invalid(f"There is no component “{missing[0]}”.", field="components")
    return {known[public_id]: status for public_id, status in ids.items()}


class Reading(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):  # type: ignore[type-arg]
    """Read by everybody who is signed in; moved by verbs."""

    pagination_class = NewestFirst
    lookup_field = "public_id"
    lookup_value_regex = "[A-Za-z0-9_-]{1,12}"

    def said(self, request: Request, serializer: type[serializers.Serializer], **more: Any) -> Values:
        shape = serializer(data=request.data, **more)
        shape.is_valid(raise_exception=True)
        return dict(shape.validated_data)


class ComponentViewSet(Reading):
    """Components of the status page, with the status that the public sees.

    Admins make and change them; managers set their ``status`` by hand (PATCH with nothing else).
    """

    queryset = Component.objects.filter(retired_at=None).select_related("group").prefetch_related("services")
    serializer_class = ComponentSerializer
    required_role = Role.ADMIN
    required_roles = {"partial_update": Role.MANAGER}

    def get_serializer_context(self) -> Values:
        # The schema is drawn at import time, where no database may be asked.
        shown = {} if getattr(self, "swagger_fake_view", False) else reading.shown_statuses()
        return {**super().get_serializer_context(), "shown": shown}

    def _save(self, request: Request, row: Component | None) -> Response:
        values = self.said(request, ComponentSerializer, instance=row, partial=row is not None)
        actor, status, slot = actors.api(request), values.pop("status", None), values.pop("group", ...)
        if slot is not ...:
            values["group"] = components.group_named(slot, actor=actor) if slot else None
        saved = row or components.add(actor=actor, **values)
        if row and values:
            components.change(row.pk, actor=actor, **values)
        if status:
            components.set_status(saved.pk, actor=actor, status=status)
        fresh = self.get_queryset().get(pk=saved.pk)
        return Response(self.get_serializer(fresh).data, status=200 if row else 201)

    @extend_schema(responses={201: ComponentSerializer})
    def create(self, request: Request) -> Response:
        return self._save(request, None)

    def partial_update(self, request: Request, public_id: str) -> Response:
        return self._save(request, self.get_object())

    def destroy(self, request: Request, public_id: str) -> Response:
        components.retire(self.get_object().pk, actor=actors.api(request))
        return Response(status=204)


class NoticeViewSet(Reading):
    """Public incidents. POST publishes at once; ``updates/`` says the next word, ``resolved`` ends it."""

    queryset = Notice.objects.select_related("incident").prefetch_related(
        "updates", "component_rows__component"
    )
    serializer_class = NoticeSerializer

    def get_queryset(self) -> QuerySet[Notice]:
        visible = Incident.objects.visible_to(self.request.user)  # type: ignore[arg-type]
        return super().get_queryset().filter(Q(incident=None) | Q(incident__in=visible))

    @extend_schema(responses={201: NoticeSerializer})
    def create(self, request: Request) -> Response:
        values = self.said(request, NoticeSerializer)
        number, said = values.pop("incident", None), _statuses(values.pop("component_rows", None))
        incident_id = None
        if number is not None:
            visible = Incident.objects.visible_to(request.user)  # type: ignore[arg-type]
            found = visible.filter(number=number).first()
            if found is None:
                raise Invalid(f"There is no incident {number}.", field="incident")
            incident_id = found.pk
        notice = publishing.open_notice(
            actor=actors.api(request), components=said or {}, incident_id=incident_id, **values
        )
        return Response(self.get_serializer(self.get_queryset().get(pk=notice.pk)).data, status=201)

    @extend_schema(methods=["GET"], responses=UpdateSerializer(many=True), filters=False)
    @extend_schema(methods=["POST"], request=UpdateSerializer, responses={201: UpdateSerializer})
    @action(detail=True, methods=["get", "post"], pagination_class=None, serializer_class=UpdateSerializer)
    def updates(self, request: Request, public_id: str) -> Response:
        """What the public was told; POST says the next word (a draft goes out by it)."""
        notice = self.get_object()
        if request.method == "GET":
            return Response(UpdateSerializer(notice.updates.all(), many=True).data)
        values = self.said(request, UpdateSerializer)
        said = _statuses(values.pop("components", None))
        update: NoticeUpdate = publishing.post_update(
            notice.pk, actor=actors.api(request), components=said, **values
        )
        return Response(UpdateSerializer(update).data, status=201)


class MaintenanceViewSet(Reading):
    """Announced work."""

    queryset = Maintenance.objects.prefetch_related("updates", "components")
    serializer_class = MaintenanceSerializer
    required_role = Role.MANAGER

    @extend_schema(responses={201: MaintenanceSerializer})
    def create(self, request: Request) -> Response:
        work = planning.schedule(actor=actors.api(request), **self.said(request, MaintenanceSerializer))
        return Response(self.get_serializer(self.get_queryset().get(pk=work.pk)).data, status=201)

    @extend_schema(
        methods=["POST"], request=MaintenanceUpdateSerializer, responses={201: MaintenanceUpdateSerializer}
    )
    @action(detail=True, methods=["post"], serializer_class=MaintenanceUpdateSerializer)
    def updates(self, request: Request, public_id: str) -> Response:
        """The next word; ``completed`` before it began calls it off."""
        work = get_object_or_404(Maintenance, public_id=public_id)
        said = self.said(request, MaintenanceUpdateSerializer)
        update: MaintenanceUpdate = planning.post_update(work.pk, actor=actors.api(request), **said)
        return Response(MaintenanceUpdateSerializer(update).data, status=201)


class SubscriberViewSet(Reading):
    """Addresses that follow by mail: for managers only, and a new one has to say yes by mail."""

    queryset = Subscriber.objects.prefetch_related("components")
    serializer_class = SubscriberSerializer
    required_role = Role.MANAGER
    read_role = Role.MANAGER

    @extend_schema(request=SubscriberSerializer, responses={202: None})
    def create(self, request: Request) -> Response:
        values = self.said(request, SubscriberSerializer)
        chosen = [component.public_id for component in values.get("components", [])]
        subscribing.ask(values["email"], component_ids=chosen)
        return Response(status=202)


routes = [
    ("status/components", ComponentViewSet, "status-component"),
    ("status/incidents", NoticeViewSet, "status-incident"),
    ("status/maintenances", MaintenanceViewSet, "status-maintenance"),
    ("status/subscribers", SubscriberViewSet, "status-subscriber"),
]
