"""Which service stands on which: no circles, and who is hurt when one falls."""

from collections.abc import Iterable

from catalog.models import Service

Edges = dict[int, set[int]]


def edges() -> Edges:
    """Every dependency: service id → ids it depends on."""
    found: Edges = {}
    for upper, lower in Service.depends_on.through.objects.values_list("from_service_id", "to_service_id"):
        found.setdefault(upper, set()).add(lower)
    return found


def reach(start: Iterable[int], known: Edges) -> set[int]:
    """Everything below the start, the start itself included."""
    seen: set[int] = set()
    waiting = list(start)
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting.extend(known.get(one, ()))
    return seen


def circle(service_id: int | None, depends_on: Iterable[int]) -> set[int]:
    """The new dependencies through which the service would depend on itself; empty when all is well."""
    if service_id is None:
        return set()
    known = edges() | {service_id: set()}
    return {lower for lower in depends_on if service_id in reach([lower], known)}


def dependents(service: Service) -> list[Service]:
    """All services that stand on this one, directly or through others, most important first."""
    upward: Edges = {}
    for upper, lowers in edges().items():
        for lower in lowers:
            upward.setdefault(lower, set()).add(upper)
    return list(Service.objects.filter(pk__in=reach([service.pk], upward) - {service.pk}))
