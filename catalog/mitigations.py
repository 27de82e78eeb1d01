"""The catalogue of mitigations: which ones fit a service, and their command with its parameters filled in."""

import re
import shlex

from django.db.models import Q

from catalog.models import Mitigation, Service

PLACE = re.compile(r"<([a-z][a-z0-9_]*)>")
# Where the catalogue gives no default, these mean the service itself.
OWN_NAME = ("name", "service", "deployment")


def for_service(service: Service) -> list[Mitigation]:
    """The service's own mitigations first, then the general ones it does not replace by the same slug."""
    found = Mitigation.objects.filter(Q(service=service) | Q(service=None)).order_by("position", "name")
    own = [mitigation for mitigation in found if mitigation.service_id]
    replaced = {mitigation.slug for mitigation in own}
    return own + [one for one in found if not one.service_id and one.slug not in replaced]


def fill(mitigation: Mitigation, service: Service, **params: str) -> str:
    """The command with every ``<parameter>`` filled in: what is given, else the default, else the service.

    Values are quoted for a shell where they need it. A parameter nobody knows stays in its brackets, so
    that the command cannot run by accident.
    """
    known = dict.fromkeys(OWN_NAME, service.slug)
    known |= {name: value for name, value in mitigation.parameters.items() if value}
    known |= {name: value for name, value in params.items() if value}

    def put(place: re.Match[str]) -> str:
        value = known.get(place[1])
        return shlex.quote(value) if value else place[0]

    return PLACE.sub(put, mitigation.command)
