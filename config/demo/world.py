"""Who works in the demo's house, and what they run: people, teams, services, components, sources."""

from dataclasses import dataclass
from datetime import date, datetime

from accounts.actors import Actor, person
from accounts.models import Role, User
from catalog import writing
from catalog.models import Membership, Service, Team
from detection import sources
from detection.models import Source
from statuspage import components
from statuspage.models import Component, ComponentGroup

# No mail can ever reach this domain (RFC 2606).
DOMAIN = "demo.invalid"
PEOPLE = (
    # name, role, zone, team, is manager
    ("Mira Okonkwo", "manager", "Europe/Copenhagen", "platform", True),
    ("Jonas Lindqvist", "responder", "Europe/Stockholm", "shop", False),
    ("Priya Raman", "manager", "Europe/Copenhagen", "shop", True),
    ("Tomasz Nowak", "responder", "Europe/Warsaw", "shop", False),
    ("Leah Goldberg", "responder", "Europe/London", "communications", False),
    ("Samuel Adeyemi", "manager", "Europe/London", "communications", True),
    ("Yuki Tanaka", "responder", "Asia/Tokyo", "platform", False),
    ("Elena Petrova", "responder", "Europe/Berlin", "platform", False),
    ("Diego Fuentes", "manager", "Europe/Madrid", "payments", True),
    ("Anaïs Laurent", "responder", "Europe/Paris", "payments", False),
    ("Kwame Boateng", "responder", "Europe/London", "payments", False),
    ("Ingrid Solberg", "manager", "Europe/Oslo", "search", True),
    ("Ravi Menon", "responder", "Europe/Berlin", "search", False),
    ("Chiara Bianchi", "responder", "Europe/Rome", "search", False),
    ("Hannah Weiss", "manager", "Europe/Berlin", "accounts", True),
    ("Oluwaseun Bello", "responder", "Europe/London", "accounts", False),
    ("Marek Dvorak", "responder", "Europe/Prague", "accounts", False),
    ("Nora Jensen", "viewer", "Europe/Copenhagen", "communications", False),
)
TEAMS = (
    # slug, name, zone, country
    ("shop", "Shop", "Europe/Copenhagen", "DK"),
    ("payments", "Payments", "Europe/Madrid", "ES"),
    ("search", "Search", "Europe/Berlin", "DE"),
    ("accounts", "Accounts", "Europe/Berlin", "DE"),
    ("platform", "Platform", "Europe/Copenhagen", "DK"),
    ("communications", "Communications", "Europe/London", "GB"),
)
SERVICES = (
    # slug, name, team, tier, depends on, what it is
    ("edge", "Edge network", "platform", 1, (), "Everything passes here first."),
    ("messaging", "Messaging", "platform", 3, ("edge",), "Mails and messages to customers."),
    ("accounts", "Accounts", "accounts", 1, ("edge", "messaging"), "Signing in, addresses, passwords."),
    ("payments", "Payments", "payments", 1, ("edge",), "Cards, gift cards, refunds."),
    ("product-catalog", "Product catalog", "shop", 2, ("edge",), "Products, prices, pictures."),
    ("search", "Search", "search", 2, ("product-catalog",), "Finding products."),
    (
        "storefront",
        "Storefront",
        "shop",
        1,
        ("product-catalog", "search", "accounts"),
        "The pages of the shop.",
    ),
    ("checkout", "Checkout", "shop", 1, ("payments", "accounts", "product-catalog"), "Basket to order."),
    ("stock-reports", "Stock reports", "shop", 4, ("product-catalog",), "What the shop's own people read."),
)
PUBLIC = (
    # group, component, services
    ("Shopping", "Shop pages", ("storefront", "edge")),
    ("Shopping", "Search", ("search",)),
    ("Shopping", "Checkout", ("checkout",)),
    ("Shopping", "Payments and refunds", ("payments",)),
    ("Account", "Sign-in", ("accounts",)),
    ("Account", "Mails and messages", ("messaging",)),
)


@dataclass(frozen=True)
class World:
    """What the year is played with."""

    admin: User
    people: dict[str, User]
    teams: dict[str, Team]
    services: dict[str, Service]
    components: dict[str, Component]
    monitoring: Source
    probes: Source
    ends_at: datetime

    def of_team(self, slug: str) -> list[User]:
        """People who respond, managers last."""
        rows = Membership.objects.filter(team__slug=slug).select_related("user").order_by("is_manager", "pk")
        return [row.user for row in rows if row.user.role != Role.VIEWER]

    def manager_of(self, slug: str) -> User:
        manager: User = self.teams[slug].managers()[0]
        return manager

    def components_of(self, *slugs: str) -> list[Component]:
        wanted = set(slugs)
        return [self.components[name] for _, name, services in PUBLIC if wanted & set(services)]


def build(admin: User, *, ends_at: datetime) -> World:
    """Lay the house out; nothing has happened in it yet."""
    actor = person(admin)
    people = {name: _person(name, role, zone) for name, role, zone, *_ in PEOPLE}
    teams = {row[0]: _team(actor, people, *row) for row in TEAMS}
    services: dict[str, Service] = {}
    for row in SERVICES:
        services[row[0]] = _service(actor, teams, services, *row)
    _own_mitigations(actor, services)
    monitoring, _ = sources.create(actor=actor, name="Alertmanager", kind="alertmanager")
    probes, _ = sources.create(actor=actor, name="Outside checks", kind="generic")
    found = _components(actor, services)
    return World(admin, people, teams, services, found, monitoring, probes, ends_at)


def _person(name: str, role: str, zone: str) -> User:
    plain = name.lower().replace("ï", "i").replace(" ", ".")
    return User.objects.create_user(email=f"{plain}@{DOMAIN}", name=name, role=role, time_zone=zone)


def _team(actor: Actor, people: dict[str, User], slug: str, name: str, zone: str, country: str) -> Team:
    seated = [(people[who], leads) for who, _, _, team, leads in PEOPLE if team == slug]
    return writing.save_team(
        None,
        actor=actor,
        people=[user for user, _ in seated],
        managers=[user for user, leads in seated if leads],
        slug=slug,
        name=name,
        time_zone=zone,
        holidays_country=country,
        sprint_anchor=date(2024, 1, 8),
        bridge_url=f"https://meet.example.com/{slug}",
    )


def _service(
    actor: Actor,
    teams: dict[str, Team],
    lowers: dict[str, Service],
    slug: str,
    name: str,
    team: str,
    tier: int,
    needed: tuple[str, ...],
    about: str,
) -> Service:
    service = writing.save_service(
        None,
        actor=actor,
        depends_on=[lowers[lower] for lower in needed],
        slug=slug,
        name=name,
        team=teams[team],
        tier=tier,
        description=about,
        runbook_url=f"https://wiki.example.com/runbooks/{slug}",
    )
    writing.save_runbook(
        None,
        actor=actor,
        service=service,
        title=f"{name} misbehaves",
        body="- [ ] Look at the last deploys.\n- [ ] Look at what it depends on.\n"
        "- [ ] Take the smallest way back.",
    )
    return service


def _own_mitigations(actor: Actor, services: dict[str, Service]) -> None:
    writing.save_mitigation(
        None,
        actor=actor,
        slug="turn-off-psp-v2",
        service=services["checkout"],
        name="Turn off flag psp-v2-eu",
        steps="Sends payments from Europe through the old provider.",
        command="flagctl off <flag> --region <region>",
        parameters={"flag": "psp-v2-eu", "region": "eu"},
        risk="Gift cards cannot be used with the old provider.",
        undo="flagctl on psp-v2-eu --region eu",
    )
    writing.save_mitigation(
        None,
        actor=actor,
        slug="failover-dublin",
        service=services["payments"],
        name="Fail over payments to Dublin",
        steps="Needs a second person. About four minutes without refunds.",
        command="payctl failover --to <hall>",
        parameters={"hall": "dublin"},
        risk="Refunds wait for four minutes.",
        undo="payctl failover --to copenhagen",
    )


def _components(actor: Actor, services: dict[str, Service]) -> dict[str, Component]:
    groups: dict[str, ComponentGroup] = {}
    found: dict[str, Component] = {}
    for position, (group, name, slugs) in enumerate(PUBLIC, start=1):
        if group not in groups:
            groups[group] = components.save_group(actor=actor, name=group, position=len(groups) + 1)
        found[name] = components.add(
            actor=actor,
            name=name,
            services=[services[slug] for slug in slugs],
            position=position,
            group=groups[group],
        )
    return found
