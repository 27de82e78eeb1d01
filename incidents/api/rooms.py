"""Read incidents, and move them with the verbs of `incidents.lifecycle` and its neighbours."""

from collections.abc import Callable
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actors
from accounts.models import Role, User
from catalog.models import Service, Team
from incidents import (
    afteraction,
    hidden,
    lifecycle,
    merging,
    mitigating,
    neighbours,
    notes,
    people,
    recap,
    roles,
    runbooks,
    scope,
    scoring,
    severity,
    todos,
    updates,
    volunteering,
)
from incidents.api import shapes
from incidents.finding import filtered
from incidents.models import Incident
from lib import doors
from lib.drf import NewestFirst, WhateverIsAsked
from lib.refusal import Invalid

NUMBER = r"[0-9]{1,15}"
_FILTERS = [
    OpenApiParameter(
        "status", str, description="One or more states, comma-separated; `open` for the first three."
    ),
    OpenApiParameter("severity", str, description="A severity's name."),
    OpenApiParameter("service", str, description="A service's slug."),
    OpenApiParameter("q", str, description="Words of the title, or a reference such as INC-41."),
    OpenApiParameter("since", str, description="Detected at or after (ISO 8601)."),
    OpenApiParameter("until", str, description="Detected before (ISO 8601)."),
]


_ROLE = OpenApiParameter("role", str, OpenApiParameter.PATH)


class TimelineOrder(NewestFirst):
    ordering = "number"


class IncidentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Incidents: read them, declare one, and say a verb to one."""

    serializer_class = shapes.IncidentSerializer
    lookup_field = "number"
    lookup_value_regex = NUMBER
    pagination_class = NewestFirst
    required_roles = {"create": Role.VIEWER, "declare": Role.VIEWER, "follow": Role.VIEWER}
    queryset = Incident.objects.none()

    def get_queryset(self) -> "QuerySet[Incident]":
        rows = Incident.objects.visible_to(cast(User, self.request.user)).select_related(
            "severity", "merged_into", "parent", "acknowledged_by"
        )
        rows = rows.prefetch_related("service_rows__service", "holdings__role", "holdings__user", "deadlines")
        return filtered(rows, self.request.query_params) if self.action == "list" else rows

    @extend_schema(parameters=_FILTERS)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Newest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=shapes.OpenSerializer, responses={201: shapes.IncidentSerializer})
    def create(self, request: Request) -> Response:
        """Open an incident; with `declare` it is declared at once, with `responding` acknowledged by you."""
        asked = self._asked(shapes.OpenSerializer)
        if name := asked.pop("severity", None):
            asked["severity"] = severity.named(name)
        asked["service_ids"] = [service.pk for service in asked.pop("services")]
        asked["participant_ids"] = [user.pk for user in asked.pop("participants", [])]
        over = asked.pop("retrospective", None)
        if over:
            asked["detected_at"] = over.pop("detected_at", None) or asked.get("started_at")
            asked["retrospective"] = lifecycle.Retrospective(**over)
        incident = lifecycle.open_incident(actor=actors.api(request), **asked)
        return self._show(incident, status=201)

    @action(detail=True, methods=["post"], serializer_class=shapes.EmptySerializer)
    @extend_schema(request=None, responses=shapes.IncidentSerializer)
    def acknowledge(self, request: Request, number: str) -> Response:
        """Somebody is on it: your pages for it stop."""
        return self._do(number, lifecycle.acknowledge)

    @extend_schema(request=shapes.DeclareSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def declare(self, request: Request, number: str) -> Response:
        """It is an incident: the channel gets its name and the clocks start."""
        return self._do(number, lifecycle.declare, **self._asked(shapes.DeclareSerializer))

    @extend_schema(request=shapes.ReasonSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, number: str) -> Response:
        """A false alarm: not counted, nothing more goes out."""
        return self._do(number, lifecycle.dismiss, **self._asked(shapes.ReasonSerializer))

    @extend_schema(request=shapes.SeverityChangeSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def severity(self, request: Request, number: str) -> Response:
        """Change the severity, with a reason."""
        asked = self._asked(shapes.SeverityChangeSerializer)
        asked["severity"] = severity.named(asked["severity"])
        return self._do(number, lifecycle.set_severity, **asked)

    @extend_schema(request=shapes.ScopeSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def scope(self, request: Request, number: str) -> Response:
        """Who is hurt, and which services."""
        return self._do(number, lifecycle.set_scope, **_ids(self._asked(shapes.ScopeSerializer)))

    @extend_schema(request=shapes.RoleChangeSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def roles(self, request: Request, number: str) -> Response:
        """Give a chair to somebody. 409 `separation` where one person may not hold both."""
        asked = self._asked(shapes.RoleChangeSerializer)
        user = asked.pop("user", None)
        return self._do(
            number, roles.take, role_slug=asked.pop("role"), user_id=user.pk if user else None, **asked
        )

    @extend_schema(
        request=None,
        responses=shapes.IncidentSerializer,
        parameters=[_ROLE],
    )
    @action(detail=True, methods=["delete"], url_path=r"roles/(?P<role>[-a-z0-9_]{1,40})")
    def step_down(self, request: Request, number: str, role: str) -> Response:
        """Leave a chair."""
        return self._do(number, roles.leave, role_slug=role)

    @extend_schema(methods=["GET"], responses=shapes.OfferSerializer(many=True), parameters=[_ROLE])
    @extend_schema(methods=["POST"], request=None, responses=shapes.IncidentSerializer, parameters=[_ROLE])
    @extend_schema(
        methods=["DELETE"],
        responses=shapes.IncidentSerializer,
        parameters=[
            _ROLE,
            OpenApiParameter("user", str, description="Whose offer, by e-mail address. Default: yours."),
        ],
    )
    @action(
        detail=True,
        methods=["get", "post", "delete"],
        url_path=r"roles/(?P<role>[-a-z0-9_]{1,40})/offers",
        pagination_class=None,
    )
    def offers(self, request: Request, number: str, role: str) -> Response:
        """Volunteers for an empty chair. POST: you can take it. 409 `separation` where you may not sit there.

        Whoever may assign seats one with `POST roles/`; DELETE withdraws.
        """
        if request.method == "POST":
            return self._do(number, volunteering.offer, role_slug=role)
        if request.method == "DELETE":
            user_id = _volunteer(request.query_params.get("user", ""))
            return self._do(number, volunteering.withdraw, role_slug=role, user_id=user_id)
        rows = volunteering.running(self.get_object(), role)
        return Response(shapes.OfferSerializer(rows, many=True).data)

    @extend_schema(request=shapes.AloneSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def alone(self, request: Request, number: str) -> Response:
        """ "I am alone": takes the chair, lifts hands-off for you, asks for help."""
        asked = self._asked(shapes.AloneSerializer)
        return self._do(number, roles.alone, role_slug=asked.pop("role"), **asked)

    @extend_schema(request=shapes.UpdateSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def updates(self, request: Request, number: str) -> Response:
        """Tell the team where things stand."""
        return self._do(number, lifecycle.post_update, **self._asked(shapes.UpdateSerializer))

    @extend_schema(request=shapes.SnoozeSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, number: str) -> Response:
        """Put the next update off, once, with a reason. 409 `late` once it is."""
        return self._do(number, updates.snooze, **self._asked(shapes.SnoozeSerializer))

    @extend_schema(request=shapes.EndSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def mitigate(self, request: Request, number: str) -> Response:
        """Users no longer hurt."""
        return self._do(number, lifecycle.mitigate, **self._asked(shapes.EndSerializer))

    @extend_schema(request=shapes.EndSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, number: str) -> Response:
        """The cause is gone."""
        return self._do(number, lifecycle.resolve, **self._asked(shapes.EndSerializer))

    @extend_schema(request=shapes.ReasonSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, number: str) -> Response:
        """Users hurt again; every clock restarts."""
        return self._do(number, lifecycle.reopen, **self._asked(shapes.ReasonSerializer))

    @extend_schema(request=None, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, number: str) -> Response:
        """Final. 409 while a postmortem is owed or the public notice is open."""
        return self._do(number, lifecycle.close)

    @extend_schema(request=shapes.MergeSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, number: str) -> Response:
        """This one is the same as that one."""
        target = self._other(self._asked(shapes.MergeSerializer)["into"])
        return self._do(number, lifecycle.merge, into=target.pk)

    @extend_schema(request=shapes.PageSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def page(self, request: Request, number: str) -> Response:
        """Page a person, a team or a service's on-call."""
        asked = self._asked(shapes.PageSerializer)
        kind, pk, name = find_target(asked["target"])
        return self._do(
            number, neighbours.ask_for_help, kind=kind, target_id=pk, target_name=name, reason=asked["reason"]
        )

    @extend_schema(request=shapes.NoteSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, number: str) -> Response:
        """A note, the cause once it is known, or an action and who took it."""
        return self._do(number, notes.add_note, **self._asked(shapes.NoteSerializer))

    @extend_schema(request=shapes.DetailsSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def details(self, request: Request, number: str) -> Response:
        """Correct title, services, start of impact or links."""
        return self._do(number, scope.change_details, **_ids(self._asked(shapes.DetailsSerializer)))

    @extend_schema(request=shapes.CorrectionSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def corrections(self, request: Request, number: str) -> Response:
        """The right time or words for an event that stands."""
        asked = self._asked(shapes.CorrectionSerializer)
        return self._do(number, notes.correct, event_number=asked.pop("event"), **asked)

    @extend_schema(
        request=shapes.ReasonSerializer,
        responses=shapes.IncidentSerializer,
        parameters=[OpenApiParameter("event", int, OpenApiParameter.PATH)],
    )
    @action(detail=True, methods=["post"], url_path=r"timeline/(?P<event>[0-9]{1,9})/redact")
    def redact(self, request: Request, number: str, event: str) -> Response:
        """Blank an event's words for good."""
        asked = self._asked(shapes.ReasonSerializer)
        return self._do(number, notes.redact, event_number=int(event), **asked)

    @extend_schema(request=shapes.LinkSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def links(self, request: Request, number: str) -> Response:
        """Put another incident beside this one."""
        asked = {word: self._other(other).pk for word, other in self._asked(shapes.LinkSerializer).items()}
        return self._do(number, merging.link, **asked)

    @extend_schema(request=shapes.MitigationSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def mitigations(self, request: Request, number: str) -> Response:
        """Start a mitigation of the catalogue, or say what came of it. 409 `hands_off` for a commander."""
        asked = self._asked(shapes.MitigationSerializer)
        by = asked.get("by")
        if "attempt" in asked:
            return self._do(number, mitigating.finish, attempt_id=asked["attempt"], outcome=asked["outcome"])
        return self._do(
            number, mitigating.start, mitigation_id=asked["mitigation"], by_id=by.pk if by else None
        )

    @extend_schema(methods=["GET"], responses=shapes.TaskSerializer(many=True))
    @extend_schema(methods=["POST"], request=shapes.TaskAskedSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def tasks(self, request: Request, number: str) -> Response:
        """What is to be done and by whom. POST a text for a new one, or an id with an outcome or an owner."""
        if request.method == "GET":
            rows = self.get_object().tasks.select_related("owner")
            return Response(shapes.TaskSerializer(rows, many=True).data)
        asked = self._asked(shapes.TaskAskedSerializer)
        owner = asked.get("owner")
        owner_id = owner.pk if owner else None
        if "text" in asked:
            return self._do(number, todos.add, text=asked["text"], owner_id=owner_id)
        if "outcome" in asked:
            return self._do(number, todos.end, task_id=asked["id"], outcome=asked["outcome"])
        return self._do(number, todos.give, task_id=asked["id"], owner_id=owner_id)

    @extend_schema(responses=shapes.OpenRunbookSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def runbooks(self, request: Request, number: str) -> Response:
        """The runbooks with boxes to tick of its services, and who ticked what."""
        return Response(shapes.OpenRunbookSerializer(runbooks.opened(self.get_object()), many=True).data)

    @extend_schema(request=shapes.StepSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"], url_path="runbook-steps")
    def runbook_steps(self, request: Request, number: str) -> Response:
        """A step of a runbook was done, or (`done: false`) was not after all."""
        asked = self._asked(shapes.StepSerializer)
        return self._do(
            number, runbooks.tick, runbook_id=asked["runbook"], step=asked["step"], is_done=asked["done"]
        )

    @extend_schema(request=None, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post", "delete"])
    def follow(self, request: Request, number: str) -> Response:
        """Be told of each update, and never paged for it. DELETE: no more."""
        return self._do(number, people.unfollow if request.method == "DELETE" else people.follow)

    @extend_schema(request=shapes.PersonSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"])
    def people(self, request: Request, number: str) -> Response:
        """Let one more person in."""
        return self._do(number, people.add, user_id=self._asked(shapes.PersonSerializer)["user"].pk)

    @extend_schema(request=shapes.ReasonSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"], url_path="make-private")
    def make_private(self, request: Request, number: str) -> Response:
        """Hide it from now on."""
        return self._do(number, people.make_private, **self._asked(shapes.ReasonSerializer))

    @extend_schema(request=shapes.ReasonSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"], url_path="make-public")
    def make_public(self, request: Request, number: str) -> Response:
        """Open it to everybody signed in. For managers."""
        return self._do(number, people.make_public, **self._asked(shapes.ReasonSerializer))

    @extend_schema(request=shapes.ReasonSerializer, responses=shapes.IncidentSerializer)
    @action(detail=True, methods=["post"], url_path="public-notice/skip")
    def skip_public(self, request: Request, number: str) -> Response:
        """ "No public notice needed", with a reason."""
        return self._do(number, neighbours.skip_public, **self._asked(shapes.ReasonSerializer))

    @extend_schema(responses=shapes.TimelineSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=TimelineOrder)
    def timeline(self, request: Request, number: str) -> Response:
        """What happened, in order."""
        incident = self.get_object()
        page = self.paginate_queryset(incident.timeline.select_related("actor")) or []
        context = {"private": hidden.private_among(page)}
        return self.get_paginated_response(shapes.TimelineSerializer(page, many=True, context=context).data)

    @extend_schema(responses=shapes.ScoreSerializer)
    @action(detail=True, methods=["get"])
    def score(self, request: Request, number: str) -> Response:
        """How a drill went: the first five minutes and the clocks. 409 while it runs, or if it is none."""
        return Response(shapes.ScoreSerializer(scoring.of(self.get_object())).data)

    @extend_schema(
        parameters=[OpenApiParameter("as", str, enum=["md", "pdf"], description="Markdown if not given.")],
        responses={(200, "text/markdown"): OpenApiTypes.STR, (200, "application/pdf"): OpenApiTypes.BINARY},
    )
    @action(detail=True, methods=["get"], content_negotiation_class=WhateverIsAsked)
    def document(self, request: Request, number: str) -> HttpResponse:
        """The room on paper: facts, chairs, promises, updates, mitigations, tasks, alerts, timeline."""
        shape = request.query_params.get("as", "md")
        if shape not in afteraction.SHAPES:
            raise Invalid("as is md or pdf.", field="as")
        return doors.download(*afteraction.file_of(self.get_object(), shape))

    @extend_schema(responses=shapes.RecapSerializer)
    @action(detail=True, methods=["get"])
    def recap(self, request: Request, number: str) -> Response:
        """The incident in short: facts of its timeline as sentences."""
        sentences = recap.of(self.get_object())
        return Response({"sentences": sentences, "text": " ".join(sentences)})

    def _asked(self, shape: type[Any]) -> dict[str, Any]:
        form = shape(data=self.request.data)
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def _other(self, number: int) -> Incident:
        return get_object_or_404(Incident.objects.visible_to(cast(User, self.request.user)), number=number)

    def _do(self, number: str, verb: Callable[..., Any], **words: Any) -> Response:
        """Say the verb, show what is true afterwards."""
        incident = self._other(int(number))
        verb(incident.pk, actor=actors.api(self.request), **words)
        return self._show(incident)

    def _show(self, incident: Incident, status: int = 200) -> Response:
        row = self.get_queryset().filter(pk=incident.pk).first()
        # Somebody who made it private for others still sees it; one who lost sight of it gets what he did.
        return Response(shapes.IncidentSerializer(row or incident).data, status=status)


def _volunteer(email: str) -> int | None:
    """The key of the person with that address; None without one.

    Raises:
        Invalid: nobody has it.
    """
    if not email:
        return None
    found = User.objects.filter(email=email.strip().lower()).first()
    if found is None:
        raise Invalid("There is no such person.", field="user")
    return found.pk


def _ids(asked: dict[str, Any]) -> dict[str, Any]:
    services = asked.pop("services", None)
    return {**asked, "service_ids": [service.pk for service in services]} if services else asked


def find_target(words: str) -> tuple[str, int, str]:
    """Whom to page: ``(kind, id, name)`` from an e-mail, ``team:slug`` or ``service:slug``.

    A bare word is a service.

    Raises:
        Invalid: there is no such person, team or service.
    """
    kind, _, name = words.strip().partition(":")
    found: User | Team | Service | None
    if not name and "@" not in kind:
        kind, name = "service", kind
    if kind == "team":
        found = Team.objects.filter(slug=name).first()
    elif kind == "service":
        found = Service.objects.filter(slug=name).first()
    else:
        kind, name = "user", words.removeprefix("user:").strip().lower()
        found = User.objects.filter(email=name, is_active=True).first()
    if found is None:
        raise Invalid("Name a person's e-mail address, team:<slug> or service:<slug>.", field="target")
    return kind, found.pk, str(found)
