"""Where a signal belongs: rules of its source, the source's service, its own label, else the catch-all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from catalog.models import Service
from detection import matching
from detection.models import Alert, RoutingRule, Source
from detection.signals import Signal
from incidents import severity as severities
from incidents.models import Severity
from lib.refusal import Refused

#: Milder than every severity there is: it raises nothing.
NO_WORD = 32_767


@dataclass(frozen=True)
class Route:
    """The service, what the rule says beyond it, and the severities as the router has read them."""

    service: Service
    severity: Severity | None = None
    auto_declare: bool = False
    known: Sequence[Severity] | None = None


@dataclass
class Router:
    """Routes the signals of one delivery, reading rules, services and severities once.

    A source from the cache of keys keeps its router for the few seconds that it is kept itself.
    """

    source: Source
    rules: Sequence[RoutingRule]

    @classmethod
    def of(cls, source: Source) -> "Router":
        if source.kept is not None and "router" in source.kept:
            router: Router = source.kept["router"]
            return router
        rules = source.rules.select_related("service__team", "severity") if source.pk else []
        router = cls(source, list(rules))
        if source.kept is not None:
            source.kept["router"] = router
        return router

    @cached_property
    def severities(self) -> list[Severity]:
        return list(Severity.objects.order_by("rank"))

    def rank_of(self, signal: Signal) -> int | None:
        """How bad a repeat of a known alert says it is: a number that is worse than nothing when it has no
        word, and None for a word that means its service's default."""
        if not signal.severity:
            return NO_WORD
        rank = severities.rank_of(signal.severity[:10], None, default=0)
        return severities.at_rank(rank, self.severities).rank if rank else None

    def route(self, signal: Signal) -> Route:
        """Where the signal belongs; never nowhere.

        Raises:
            Refused: this instance has no service at all.
        """
        if signal.service_id is not None:
            return self._to(Service.objects.select_related("team").get(pk=signal.service_id))
        labels = described(signal.labels, summary=signal.summary, severity=signal.severity)
        for rule in self.rules:
            if matching.matches(rule.matchers, labels):
                declares = rule.auto_declare or rule.service.auto_declare
                return Route(rule.service, rule.severity, declares, self.severities)
        return self._to(self._by_label(signal))

    def _by_label(self, signal: Signal) -> Service:
        if self.source.service is not None:
            return self.source.service
        named = signal.service or signal.labels.get("service", "")
        active = Service.objects.active().select_related("team")
        found = active.filter(slug=named.lower()).first() if named else None
        return found or catch_all()

    def _to(self, service: Service) -> Route:
        return Route(service, None, service.auto_declare, self.severities)


def catch_all() -> Service:
    """Where the unroutable goes.

    Raises:
        Refused: there is no service at all yet.
    """
    active = Service.objects.active().select_related("team")
    found = active.filter(is_catch_all=True).first() or active.first()
    if found is None:
        raise Refused("no_service", _("This instance has no service yet. Add one in the catalog."), 503)
    return found


def described(labels: Mapping[str, str], *, summary: str = "", severity: str = "") -> dict[str, str]:
    """The labels plus what matchers may also ask for."""
    return {"summary": summary, "severity": severity, **labels}


def suggestion(alert: Alert, route: Route | None = None) -> Severity:
    """The severity this alert suggests: its rule's, its own word's, else its service's default."""
    if route and route.severity:
        return route.severity
    rank = severities.rank_of(alert.severity, alert.service)
    return severities.at_rank(rank, route.known if route else None)
