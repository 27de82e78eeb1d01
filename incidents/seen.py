"""What several parts of an incident's page ask of it, each looked up once a page."""

from functools import cached_property

from accounts.models import User
from catalog.models import Service
from incidents import deadlines, questions
from incidents.models import Deadline, Incident, MitigationAttempt, Role, RoleHolding
from incidents.policy import Policy
from incidents.roomrows import ChairOffer
from incidents.severity import policy_of


class Seen:
    """One reading of an incident. Made for a page and thrown away with it: nothing here hears of changes."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident

    @cached_property
    def policy(self) -> Policy:
        return policy_of(self.incident)

    @cached_property
    def roles(self) -> list[Role]:
        return list(Role.objects.all())

    @cached_property
    def holdings(self) -> list[RoleHolding]:
        return list(self.incident.holdings.filter(until=None).select_related("user", "role"))

    @cached_property
    def offers(self) -> list[ChairOffer]:
        """Who can take a chair, the first to say so first; nobody once the incident is over."""
        if not self.incident.is_open:
            return []
        return list(self.incident.chair_offers.running().filter(user__is_active=True).select_related("user"))

    @cached_property
    def services(self) -> list[Service]:
        return [row.service for row in self.incident.service_rows.all()]

    @cached_property
    def on_call(self) -> list[User]:
        return questions.ask.on_call_now(self.incident.service)

    @cached_property
    def running(self) -> list[Deadline]:
        """The clocks that run, the most urgent first."""
        return deadlines.running(self.incident)

    @cached_property
    def attempts(self) -> list[MitigationAttempt]:
        """The newest first."""
        return list(self.incident.attempts.select_related("mitigation", "by"))

    @cached_property
    def missing(self) -> list[Role]:
        """Chairs that the severity demands and nobody holds."""
        held = {holding.role_id for holding in self.holdings}
        demanded = self.policy.required_roles
        return [role for role in self.roles if role.slug in demanded and role.pk not in held]
