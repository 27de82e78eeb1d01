"""Postmortems and action items in the REST API."""

from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.utils.timezone import localdate
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, renderers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import api
from accounts.models import Role, User
from incidents.api.shapes import TaskSerializer
from incidents.models import Incident
from lib.drf import NewestFirst
from postmortems import actions, carrying, exchange, opening, publishing, reviewing, tagging, writing
from postmortems.kinds import ActionStatus, Status
from postmortems.models import ActionItem, Postmortem
from postmortems.serializers import (
    ActionSerializer,
    CarriedSerializer,
    ImportedSerializer,
    MarkdownSerializer,
    MarkSerializer,
    OpenSerializer,
    PostmortemSerializer,
    PublicTextSerializer,
    PublishSerializer,
    ReviewersSerializer,
    SectionsSerializer,
    TagsSerializer,
    WaivedSerializer,
    WaiveSerializer,
    find_people,
)

ID = r"\d{1,18}"


class MarkdownRenderer(renderers.BaseRenderer):
    media_type = "text/markdown"
    format = "md"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        if isinstance(data, str):
            return data.encode()
        return renderers.JSONRenderer().render(data)


def asked(shape: type[Any], request: Request) -> Any:
    """The request in that shape, or a 400 that says what is wrong."""
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return given


def reader(request: Request) -> User:
    """The token's owner; the permission class lets nobody else come this far."""
    return cast(User, request.user)


def find_incident(request: Request, number: int) -> Incident:
    """By its number, if the asker may know of it."""
    incident = Incident.objects.visible_to(reader(request)).filter(number=number).first()
    if incident is None:
        raise Http404
    return incident


def _filter(name: str, about: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, description=about)


class PostmortemViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Documents: read them, write their sections, publish them."""

    queryset = Postmortem.objects.none()
    serializer_class = PostmortemSerializer
    pagination_class = NewestFirst
    lookup_value_regex = ID
    required_roles = {"waive": Role.MANAGER}

    def get_queryset(self) -> QuerySet[Postmortem]:
        rows = Postmortem.objects.visible_to(reader(self.request)).select_related(
            "incident__service__team", "incident__severity"
        )
        rows = rows.prefetch_related("authors", "rows", "actions__owner", "tags")
        given = self.request.query_params
        if (number := given.get("incident", "")).isdecimal():
            rows = rows.filter(incident__number=int(number[:18]))
        if (status := given.get("status")) in Status.values:
            rows = rows.filter(status=status)
        if service := given.get("service"):
            rows = rows.filter(incident__services__slug=service)
        if severity := given.get("severity"):
            rows = rows.filter(incident__severity__name=severity)
        if tag := given.get("tag"):
            rows = rows.filter(pk__in=tagging.tagged(tag))
        return rows

    def _fresh(self, pk: int, *, status: int = 200) -> Response:
        return Response(PostmortemSerializer(self.get_queryset().get(pk=pk)).data, status=status)

    @extend_schema(
        parameters=[
            _filter("incident", "The incident's number."),
            _filter("status", "draft, in_review or published."),
            _filter("service", "A service's slug."),
            _filter("severity", "A severity's name."),
            _filter("tag", "A tag of any kind."),
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Newest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=OpenSerializer, responses={201: PostmortemSerializer})
    def create(self, request: Request) -> Response:
        """Open one by hand for a resolved incident, or find the one there is; sections may come along."""
        given = asked(OpenSerializer, request)
        incident = find_incident(request, given.validated_data["incident"])
        postmortem = opening.open_by_hand(incident.pk, actor=api(request))
        texts = given.texts
        texts.pop("incident")
        self._write(request, postmortem.pk, given, texts)
        return self._fresh(postmortem.pk, status=201)

    @extend_schema(request=SectionsSerializer, responses=PostmortemSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Save some sections. 409 ``section_changed`` where one is no longer at the version you named."""
        postmortem, given = self.get_object(), asked(SectionsSerializer, request)
        self._write(request, postmortem.pk, given, given.texts)
        return self._fresh(postmortem.pk)

    def _write(self, request: Request, pk: int, given: Any, texts: dict[str, str]) -> None:
        authors = given.validated_data.get("authors")
        writing.save_sections(
            pk,
            actor=api(request),
            texts=texts,
            bases=given.validated_data.get("versions", {}),
            author_ids=find_people(authors, "authors") if authors is not None else None,
        )

    @extend_schema(
        methods=["GET"], responses={(200, "text/markdown"): OpenApiTypes.STR}, description="As Markdown."
    )
    @extend_schema(methods=["POST"], request=MarkdownSerializer, responses=ImportedSerializer)
    @action(
        detail=True,
        methods=["get", "post"],
        renderer_classes=[MarkdownRenderer, renderers.JSONRenderer],
        pagination_class=None,
    )
    def markdown(self, request: Request, pk: str) -> Response:
        """GET: the document in the template's shape. POST ``{markdown}``: take such a document in."""
        postmortem = self.get_object()
        if request.method == "GET":
            return Response(exchange.to_markdown(postmortem), content_type="text/markdown; charset=utf-8")
        text = asked(MarkdownSerializer, request).validated_data["markdown"]
        done = exchange.from_markdown(postmortem.pk, actor=api(request), text=text)
        body = {"notes": done.notes, "postmortem": self.get_queryset().get(pk=postmortem.pk)}
        return Response(ImportedSerializer(body).data, content_type="application/json")

    @extend_schema(request=PublishSerializer, responses=PostmortemSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        """Publish it ``internal`` (default), or ``public`` after somebody else wrote the public text."""
        postmortem, given = self.get_object(), asked(PublishSerializer, request)
        asked_for = given.validated_data
        publishing.publish(
            postmortem.pk,
            actor=api(request),
            visibility=asked_for["visibility"],
            seen_at=asked_for.get("seen_at"),
        )
        return self._fresh(postmortem.pk)

    @extend_schema(request=PublicTextSerializer, responses=PostmortemSerializer)
    @action(detail=True, methods=["post"], url_path="public-text")
    def public_text(self, request: Request, pk: str) -> Response:
        """Keep the text that the public would read; nothing goes out by this."""
        postmortem, given = self.get_object(), asked(PublicTextSerializer, request)
        publishing.write_public(postmortem.pk, actor=api(request), text=given.validated_data["text"])
        return self._fresh(postmortem.pk)

    @extend_schema(request=TagsSerializer, responses=PostmortemSerializer)
    @action(detail=True, methods=["put"])
    def tags(self, request: Request, pk: str) -> Response:
        """Replace the tags of the kinds that you name."""
        postmortem, given = self.get_object(), asked(TagsSerializer, request)
        tagging.set_tags(postmortem.pk, actor=api(request), tags=given.validated_data)
        return self._fresh(postmortem.pk)

    @extend_schema(methods=["GET"], responses=TaskSerializer(many=True))
    @extend_schema(methods=["POST"], request=CarriedSerializer, responses=ActionSerializer(many=True))
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def tasks(self, request: Request, pk: str) -> Response:
        """GET: open tasks of the room. POST ``{tasks}``: make action items of these, or of all."""
        postmortem = self.get_object()
        if request.method == "GET":
            return Response(TaskSerializer(carrying.left(postmortem.incident), many=True).data)
        ids = asked(CarriedSerializer, request).validated_data.get("tasks")
        made = carrying.carry(postmortem.pk, actor=api(request), task_ids=ids)
        return Response(ActionSerializer(made, many=True).data)

    @extend_schema(request=ReviewersSerializer, responses=PostmortemSerializer)
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: str) -> Response:
        """Ask people to read it."""
        postmortem, given = self.get_object(), asked(ReviewersSerializer, request)
        people = find_people(given.validated_data["reviewers"], "reviewers")
        reviewing.ask(postmortem.pk, actor=api(request), user_ids=people)
        return self._fresh(postmortem.pk)

    @extend_schema(request=MarkSerializer, responses=PostmortemSerializer)
    @action(detail=True, methods=["post"])
    def mark(self, request: Request, pk: str) -> Response:
        """Say that it looks right (``approved``) or needs ``changes``."""
        postmortem, given = self.get_object(), asked(MarkSerializer, request)
        reviewing.mark(postmortem.pk, actor=api(request), **given.validated_data)
        return self._fresh(postmortem.pk)

    @extend_schema(request=WaiveSerializer, responses=WaivedSerializer)
    @action(detail=False, methods=["post"], pagination_class=None)
    def waive(self, request: Request) -> Response:
        """A manager says that an incident needs no postmortem, and why."""
        given = asked(WaiveSerializer, request).validated_data
        incident = find_incident(request, given["incident"])
        waived = publishing.waive(incident.pk, actor=api(request), reason=given["reason"])
        body = {"incident": waived.number, "postmortem_waived_at": waived.postmortem_waived_at}
        return Response(WaivedSerializer(body).data)


class ActionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Action items across all incidents."""

    queryset = ActionItem.objects.none()
    serializer_class = ActionSerializer
    pagination_class = NewestFirst
    lookup_value_regex = ID

    def get_queryset(self) -> QuerySet[ActionItem]:
        rows = ActionItem.objects.visible_to(reader(self.request)).select_related(
            "owner", "postmortem__incident__service__team"
        )
        given = self.request.query_params
        if (status := given.get("status")) in ActionStatus.values:
            rows = rows.filter(status=status)
        if owner := given.get("owner"):
            rows = rows.filter(owner__email__iexact=owner)
        if team := given.get("team"):
            rows = rows.filter(postmortem__incident__service__team__slug=team)
        if (postmortem := given.get("postmortem", "")).isdecimal():
            rows = rows.filter(postmortem=int(postmortem[:18]))
        if given.get("overdue") == "true":
            rows = rows.overdue(localdate())
        return rows

    @extend_schema(
        parameters=[
            _filter("status", "open, in_progress, done or dropped."),
            _filter("owner", "An e-mail address."),
            _filter("team", "A team's slug."),
            _filter("postmortem", "A postmortem's id."),
            _filter("overdue", "true: only those that are late."),
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Newest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=ActionSerializer, responses={201: ActionSerializer})
    def create(self, request: Request) -> Response:
        """Promise a change."""
        given = asked(ActionSerializer, request)
        pk = given.validated_data["postmortem_id"]
        if not Postmortem.objects.visible_to(reader(request)).filter(pk=pk).exists():
            raise Http404
        made = actions.create(pk, actor=api(request), **given.given)
        return Response(ActionSerializer(self.get_queryset().get(pk=made.pk)).data, status=201)

    @extend_schema(request=ActionSerializer, responses=ActionSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change some fields; ``status: done`` ends the reminders."""
        found = self.get_object()
        given = ActionSerializer(found, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        actions.update(found.pk, actor=api(request), **given.given)
        return Response(ActionSerializer(self.get_queryset().get(pk=found.pk)).data)


routes = [
    ("postmortems", PostmortemViewSet, "postmortem"),
    ("actions", ActionViewSet, "action"),
]
