"""Configuration as code: a file is made true, all of it or nothing, and an export is such a file."""

import io
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry, User
from catalog.models import Mitigation, Service, Team
from config import defaults
from config.ascode import applying, document, yamltext
from config.ascode.applying import Outcome
from config.ascode.values import WrongFile, span, spell
from incidents.models import Severity
from oncall.drill_models import DrillPlan
from oncall.models import Coverage, Layer, ManagementCoverage, Policy, Schedule, Target
from oncall.schedules import on_call
from statuspage.models import Component, ComponentGroup

FULL = """
severities:
  - rank: 1
    management_after: 20 min
  - rank: 5
    name: SEV5
    user_impact: None
    example: A typo in the imprint
    response_words: Some day
    response_kind: next_sprint
    pages: never
teams:
  - slug: payments
    name: Payments
    time_zone: Europe/Oslo
    holidays_country: NO
    office_hours: [Mon 08:00-16:00, "Tue 08:00-17:00"]
    members:
      - alice@example.com
      - {email: Mona@Example.com, manager: true}
schedules:
  - name: Payments primary
    team: payments
    time_zone: Europe/Oslo
    layers:
      - name: Week
        first_day: 2026-01-05
        hand_over: 17:30
        people: [alice@example.com, bob@example.com]
      - name: Nights
        first_day: 2026-01-05
        days: 1
        people: [carol@example.com]
policies:
  - name: Payments
    team: payments
    repeat: 2
    round_length: 30 min
    is_default: true
    management_of: [payments]
    steps:
      - after: 10 min
        ask: [managers, person: mona@example.com]
      - after: 0 min
        ask: [schedule: Payments primary]
services:
  - slug: checkout
    name: Checkout
    team: payments
    tier: 1
    depends_on: [ledger]
    escalation_policy: Payments
    group_window: 1 h 30 min
  - slug: ledger
    name: Ledger
    team: payments
mitigations:
  - slug: rollback
    service: checkout
    name: Roll back checkout
    parameters: {version: "007"}
drills:
  - name: The bank does not answer
    team: payments
    service: checkout
    severity: SEV1
    scenario: Customers write that paying fails.
    cron: 0 10 * * 2
    time_zone: Europe/Oslo
    people: [Bob@example.com]
    schedules: [Payments primary]
    lasts: 45 min
component_groups:
  - name: Shop
components:
  - name: Payments
    group: Shop
    services: [checkout, ledger]
"""


@pytest.fixture
def world(alice: User, bob: User, carol: User, mona: User, root: User) -> None:
    """A new installation, and the people that the file names."""
    defaults.install(root)


DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "configuration-as-code.md"


def apply(text: str, *, is_trial: bool = False) -> Outcome:
    return applying.apply(text, actor=applying.configuration_file(), is_trial=is_trial)


def refused(text: str) -> str:
    before = document.export()
    with pytest.raises(WrongFile) as caught:
        apply(text)
    assert document.export() == before
    return caught.value.message


def test_a_file_makes_everything_that_it_says(world, alice, bob, carol, mona):
    outcome = apply(FULL)

    assert (outcome.added, outcome.changed) == (10, 1)
    team = Team.objects.get(slug="payments")
    assert (team.holidays_country, team.windows) == ("NO", [[0, "08:00", "16:00"], [1, "08:00", "17:00"]])
    assert list(team.memberships.values_list("user__email", "is_manager")) == [
        ("mona@example.com", True),
        ("alice@example.com", False),
    ]
    schedule = Schedule.objects.get(name="Payments primary")
    assert list(schedule.layers.values_list("name", "hand_over", "days", "first_day")) == [
        ("Week", time(17, 30), 7, date(2026, 1, 5)),
        ("Nights", time(9), 1, date(2026, 1, 5)),
    ]
    assert on_call(schedule) == carol
    policy = Policy.objects.get(is_default=True)
    assert [(str(step.delay), [str(t) for t in step.targets.all()]) for step in policy.steps.all()] == [
        ("0:00:00", ["Payments primary"]),
        ("0:10:00", ["a team's managers", "Mona"]),
    ]
    checkout = Service.objects.get(slug="checkout")
    assert [lower.slug for lower in checkout.depends_on.all()] == ["ledger"]
    assert (checkout.group_window, checkout.coverage.policy) == (timedelta(minutes=90), policy)
    assert ManagementCoverage.objects.get(team=team).policy == policy
    assert Mitigation.objects.get(service=checkout).parameters == {"version": "007"}
    assert Severity.objects.get(rank=1).current.policy["management_after"] == 1200
    assert Severity.objects.get(rank=5).current.policy["name"] == "SEV5"
    component = Component.objects.get(name="Payments")
    assert (component.group.name, component.services.count()) == ("Shop", 2)
    drill = DrillPlan.objects.get()
    assert (drill.lasts, drill.people.get(), drill.schedules.count()) == (timedelta(minutes=45), bob, 1)
    assert drill.next_at and not drill.is_paused


def test_what_was_exported_changes_nothing_when_it_is_applied(world):
    apply(FULL)
    entries = AuditEntry.objects.count()

    outcome = apply(document.export())

    assert outcome.changes == ()
    assert outcome.same == 26
    assert AuditEntry.objects.count() == entries


def test_an_export_makes_an_empty_installation_the_same(world):
    apply(FULL)
    exported = document.export()
    for model in (Component, ComponentGroup, Coverage, ManagementCoverage, Target, Policy, Schedule):
        model.objects.all().delete()
    Mitigation.objects.all().delete()
    Service.objects.all().delete()
    Team.objects.all().delete()
    assert document.export() != exported

    apply(exported)

    assert document.export() == exported


def test_a_dry_run_tells_the_differences_and_changes_nothing(world):
    before, entries = document.export(), AuditEntry.objects.count()

    outcome = apply(FULL, is_trial=True)

    assert "~ severities: SEV1" not in outcome.lines()
    assert outcome.lines()[:2] == ["~ severities: 1", "    management_after: 30 min → 20 min"]
    assert "+ services: checkout" in outcome.lines()
    assert "+ mitigations: rollback of checkout" in outcome.lines()
    assert document.export() == before
    assert AuditEntry.objects.count() == entries


def test_what_is_refused_at_the_end_takes_back_what_came_first(world):
    said = refused(FULL.replace("services: [checkout, ledger]", "services: [checkout, nowhere]"))

    assert said == "components[0].services: There is no service “nowhere”."
    assert not Team.objects.filter(slug="payments").exists()


_DRILL = (
    "teams: [{{slug: t, name: T}}]\nservices: [{{slug: s, name: S, team: t}}]\ndrills: [{{name: D, team: t, "
    "service: s, severity: SEV1, scenario: Look, cron: {cron}, people: {people}}}]"
)
REFUSED = [
    (
        "teams: [{slug: a, name: A, zone: UTC}]",
        "teams[0].zone: There is no such key. Did you mean “time_zone”",
    ),
    ("team: []", "team: There is no such key. Did you mean “teams”"),
    ("teams: [{slug: a}]", "teams[0]: The key “name” is missing"),
    ("teams: [{name: A}]", "teams[0]: The key “slug” is missing"),
    ("teams: [{slug: a, name: A, time_zone: Mars}]", "teams[0].time_zone: “Mars” is not a time zone"),
    ("teams: [{slug: a b, name: A}]", "teams[0].slug: "),
    ("teams: [{slug: a, name: A, sprint_days: many}]", "teams[0].sprint_days: Write a whole number"),
    ("teams: [{slug: a, name: A, holidays_country: XX}]", "teams[0].holidays_country: "),
    ("teams: [{slug: a, name: A, office_hours: [Mon 9-5]}]", "teams[0].office_hours[0]: Write a window"),
    (
        "teams: [{slug: a, name: A, office_hours: [Mon 17:00-09:00]}]",
        "teams[0].office_hours: A window has",
    ),
    (
        "teams: [{slug: a, name: A, members: [x@example.com]}]",
        "teams[0].members: Nobody here has the address x@",
    ),
    ("teams: [{slug: a, name: A}, {slug: a, name: B}]", "teams[1]: This is the same one as teams[0]"),
    ("teams: {slug: a}", "teams: Write a list here"),
    ("teams: [a]", "teams[0]: Write keys with their values"),
    ("services: [{slug: a, name: A, team: nobody}]", "services[0].team: There is no team “nobody”"),
    ("services: [{slug: a, name: A, team: everyone, tier: 9}]", "services[0].tier: "),
    (
        "services: [{slug: a, name: A, team: everyone, depends_on: [b]}]",
        "services[0].depends_on: There is no",
    ),
    (
        "services: [{slug: a, name: A, team: everyone, depends_on: [a]}]",
        "services[0].depends_on: “a” would",
    ),
    (
        "services: [{slug: a, name: A, team: everyone, escalation_policy: None such}]",
        "services[0].escalation_policy: There is no policy of this name",
    ),
    (
        "services: [{slug: a, name: A, team: everyone, group_window: soon}]",
        "services[0].group_window: Write a duration",
    ),
    (
        "services: [{slug: everything-else, is_catch_all: false}]",
        "services[0].is_catch_all: Alerts that no",
    ),
    ("services: [{slug: new, name: A, team: everyone}]", "services[0].slug: This short name is used"),
    ("severities: [{rank: 7, name: X, user_impact: a, example: b, response_words: c}]", "severities[0]"),
    ("severities: [{rank: 1, pages: loudly}]", "severities[0].pages: Use one of at_once"),
    (
        "severities: [{rank: 1, response_within: 10 s}]",
        "severities[0].response_within: A time of the matrix",
    ),
    (
        "severities: [{rank: 1, required_roles: [king]}]",
        "severities[0].required_roles: There is no role “king”",
    ),
    ("severities: [{rank: 1, name: SEV2}]", "severities[0]: “1” clashes with"),
    (
        "policies: [{name: Default, is_default: false}]",
        "policies[0].is_default: One policy is the default",
    ),
    ("policies: [{name: P, steps: []}]", "policies[0].steps: Name somebody"),
    (
        "policies: [{name: P, round_length: 5 min, steps: [{after: 5 min, ask: [managers]}]}]",
        "policies[0].round_length: A round has to last longer",
    ),
    (
        "policies: [{name: P, steps: [{after: 0, ask: [boss]}]}]",
        "policies[0].steps[0].ask[0]: Write “managers”",
    ),
    (
        "policies: [{name: P, steps: [{after: 0, ask: [{schedule: X}]}]}]",
        "policies[0].steps[0].ask[0]: There is no schedule “X”",
    ),
    ("policies: [{name: P, steps: [{after: 0}]}]", "policies[0].steps[0]: The key “ask” is missing"),
    (
        "schedules: [{name: S, layers: [{name: L, people: []}]}]",
        "schedules[0].layers[0].people: Name at least",
    ),
    ("schedules: [{name: S, layers: []}]", "schedules[0].layers: Name at least"),
    (
        "schedules: [{name: S, layers: [{people: [x@example.com]}]}]",
        "schedules[0].layers[0].people: Nobody",
    ),
    (
        "schedules: [{name: S, layers: [{hand_over: late, people: [alice@example.com]}]}]",
        "schedules[0].layers[0].hand_over: Write a time of day",
    ),
    ("components: [{name: C, group: None such}]", "components[0].group: There is no group"),
    ("components: [{name: C, showcase: yes}]", "components[0].showcase: Write true or false"),
    (
        "mitigations: [{slug: m, name: M, parameters: {n: [1]}}]",
        "mitigations[0].parameters.n: Write a text",
    ),
    (_DRILL.format(cron="often", people="[alice@example.com]"), "drills[0].cron: That is no cron line"),
    (_DRILL.format(cron="0 10 * * 2", people="[]"), "drills[0].people: Say who takes part"),
    ("", "the file: It is empty"),
    ("hello", "the file: It begins with"),
    (
        "teams:\n  - slug: a\n    slug: b\n",
        "line 3: This is not readable as YAML: the key “slug” is said twice",
    ),
    ("teams: [", "line 1: This is not readable as YAML"),
    ("teams: !!python/object/apply:os.getcwd []", "line 1: This is not readable as YAML"),
    ("teams: &a [*a]", "teams[0]: Write keys"),
]


def test_what_cannot_be_is_refused_with_its_place(world):
    before, said = document.export(), {}

    for text, _expected in REFUSED:
        with pytest.raises(WrongFile) as caught:
            apply(text)
        said[text] = caught.value.message

    assert [(text, said[text]) for text, expected in REFUSED if not said[text].startswith(expected)] == []
    assert document.export() == before


def test_a_circle_is_refused_wherever_it_closes(world):
    apply(FULL)

    said = refused("services: [{slug: ledger, depends_on: [checkout]}]")

    assert said == "services[0].depends_on: “ledger” would depend on itself through checkout."


def test_an_arrow_can_be_turned_round(world):
    apply(FULL)

    apply("services: [{slug: ledger, depends_on: [checkout]}, {slug: checkout, depends_on: []}]")

    assert [one.slug for one in Service.objects.get(slug="ledger").depends_on.all()] == ["checkout"]
    assert not Service.objects.get(slug="checkout").depends_on.exists()


def test_what_the_file_leaves_out_stays(world):
    apply(FULL)
    apply("services: [{slug: checkout, tier: 2}]\npolicies: [{name: Payments, repeat: 4}]")

    checkout, policy = Service.objects.get(slug="checkout"), Policy.objects.get(name="Payments")
    assert (checkout.tier, checkout.name, checkout.coverage.policy) == (2, "Checkout", policy)
    assert [one.slug for one in checkout.depends_on.all()] == ["ledger"]
    assert (policy.repeat, policy.is_default, policy.steps.count()) == (4, True, 2)
    assert policy.management_coverages.count() == 1
    assert Layer.objects.filter(schedule__name="Payments primary").count() == 2


def test_a_list_inside_a_row_is_replaced(world):
    apply(FULL)
    apply("schedules: [{name: Payments primary, layers: [{name: Only, people: [bob@example.com]}]}]")

    layer = Layer.objects.get(schedule__name="Payments primary")
    assert (layer.name, [one.email for one in layer.people.all()]) == ("Only", ["bob@example.com"])


def test_the_default_and_the_catch_all_are_handed_over_in_any_order(world):
    apply(FULL)
    apply(
        "policies: [{name: Payments, is_default: false}, {name: Default, is_default: true}]\n"
        "services: [{slug: everything-else, is_catch_all: false}, {slug: ledger, is_catch_all: true}]"
    )

    assert Policy.objects.get(is_default=True).name == "Default"
    assert Service.objects.get(is_catch_all=True).slug == "ledger"


def test_a_policy_that_the_file_only_mentions_does_not_take_the_default_back(world):
    apply(FULL)
    apply("policies: [{name: Default, is_default: true}, {name: Payments, repeat: 5}]")

    assert Policy.objects.get(is_default=True).name == "Default"


def test_only_one_row_can_claim_to_be_the_default(world):
    said = refused("policies: [{name: A, is_default: true}, {name: B, is_default: true}]")

    assert said.startswith("policies[1].is_default: policies[0] says it already")


def test_a_component_that_changes_its_group_stays_the_same_component(world):
    apply(FULL)
    component = Component.objects.get(name="Payments")

    apply("component_groups: [{name: Money}]\ncomponents: [{name: Payments, group: Money}]")

    component.refresh_from_db()
    assert (component.group.name, Component.objects.filter(name="Payments").count()) == ("Money", 1)


def test_two_components_of_one_name_in_different_groups_are_told_apart(world):
    apply(FULL + "  - {name: Payments, group: null}\n")
    apply("components: [{name: Payments, group: Shop, description: Cards}]")

    assert set(Component.objects.filter(name="Payments").values_list("group__name", "description")) == {
        ("Shop", "Cards"),
        (None, ""),
    }
    assert apply(document.export()).changes == ()


def test_two_groups_of_one_name_cannot_be_exported(world):
    ComponentGroup.objects.create(name="Shop")
    ComponentGroup.objects.create(name="Shop")

    with pytest.raises(WrongFile, match="component_groups: Two are called “Shop”"):
        document.export()
    with pytest.raises(WrongFile, match=r"component_groups\[0\]: Two are called so"):
        apply("component_groups: [{name: Shop, position: 3}]")


def test_a_switched_off_account_is_no_newcomer_but_may_stay(world, alice):
    apply(FULL)
    User.objects.filter(email__in=["alice@example.com", "vera@example.com"]).update(is_active=False)

    assert apply(document.export()).changes == ()
    apply("teams: [{slug: payments, members: [alice@example.com, bob@example.com]}]")
    assert Team.objects.get(slug="payments").people.count() == 2
    said = refused("teams: [{slug: everyone, members: [alice@example.com]}]")
    assert said == "teams[0].members: The account of alice@example.com is switched off."


def test_the_example_of_the_docs_is_taken(world):
    example = DOCS.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]

    assert apply(example).added == 5
    assert apply(example).changes == ()


def test_the_docs_name_every_key_of_the_file():
    """But the columns of the matrix, which have a page of their own."""
    told = DOCS.read_text(encoding="utf-8").splitlines()
    lines = {
        one.title: line for one in document.SECTIONS for line in told if line.startswith(f"| `{one.title}` |")
    }

    named = {
        one.title: {key.name for key in one.keys if f"`{key.name}`" in lines[one.title]}
        for one in document.SECTIONS
    }

    assert all(named.values())
    assert [one.title for one in document.SECTIONS if named[one.title] != {key.name for key in one.keys}] == [
        "severities"
    ]


def test_the_audit_log_keeps_what_a_file_changed(world):
    apply("services: [{slug: everything-else, tier: 2}]")

    entry = AuditEntry.objects.get(action="configuration.applied")
    assert (entry.actor_label, entry.via) == ("configuration file", "system")
    assert entry.after["differences"] == ["~ services: everything-else", "    tier: 3 → 2"]
    assert AuditEntry.objects.filter(action="catalog.service.changed").exists()


def test_of_a_list_only_what_goes_and_what_comes_is_told(world):
    apply(FULL)
    teams = "teams: [{slug: payments, members: [alice@example.com, bob@example.com]}]\n"
    order = "schedules: [{name: Primary, layers: [{people: [bob@example.com, root@example.com]}]}]"

    assert apply(teams, is_trial=True).lines() == [
        "~ teams: payments",
        "    members:",
        "      - {email: mona@example.com, manager: true}",
        "      + {email: bob@example.com, manager: false}",
    ]
    apply("services: [{slug: checkout, depends_on: [everything-else, ledger]}]")
    assert apply("services: [{slug: checkout, depends_on: [ledger, everything-else]}]").changes == ()
    assert apply(order, is_trial=True).changed == 1


def test_hours_of_a_layer_and_turns_of_a_step_are_read_and_exported_the_same(world):
    apply(FULL)
    apply(
        """
schedules:
  - name: Payments primary
    layers: [{name: Nights, days: 0, hours: 12, windows: ["mon-fri 20:00-8:00"], people: [bob@example.com]}]
policies:
  - name: Payments
    steps:
      - {after: 0 min, ask: [{schedule: Payments primary, in_turn: true}], in_hours_only: true}
      - {after: 5 min, ask: [{team: payments, in_turn: true}]}
"""
    )
    layer = Schedule.objects.get(name="Payments primary").layers.get()
    assert (layer.days, layer.hours, layer.windows) == (0, 12, ["Mon-Fri 20:00-08:00"])
    first, second = Policy.objects.get(name="Payments").steps.all()
    assert first.in_hours_only
    assert not second.in_hours_only
    assert [step.targets.get().in_turn for step in (first, second)] == [True, True]
    exported = io.StringIO()
    call_command("export_config", stdout=exported)
    assert apply(exported.getvalue(), is_trial=True).changes == ()
    with pytest.raises(WrongFile, match=r"ask\[0\].in_turn"):
        apply("policies: [{name: P, steps: [{after: 0 min, ask: [{person: a@b.c, in_turn: true}]}]}]")


def test_the_commands_print_the_export_and_the_differences(world, tmp_path):
    exported = io.StringIO()
    call_command("export_config", stdout=exported)
    file = tmp_path / "tocsin.yaml"

    file.write_text(exported.getvalue(), encoding="utf-8")
    assert told("apply", str(file)) == ["Nothing to change: everything is as the file says."]

    file.write_text("teams: [{slug: payments, name: Payments}]")
    assert told("apply", str(file), "--dry-run")[-2:] == [
        "1 would be added, 0 would be changed, 0 as the file says.",
        "Nothing was changed: this was a dry run.",
    ]
    assert not Team.objects.filter(slug="payments").exists()
    assert told("apply", str(file))[-1] == "1 added, 0 changed, 0 as the file says."
    assert Team.objects.filter(slug="payments").exists()


def told(*arguments: str) -> list[str]:
    said = io.StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue().splitlines()


def test_the_command_says_what_is_wrong_and_that_nothing_was_changed(world, tmp_path):
    file = tmp_path / "tocsin.yaml"
    file.write_text("teams: [{slug: payments}]")
    with pytest.raises(CommandError, match=r"teams\[0\]: The key “name” is missing.\nNothing was changed."):
        call_command("apply", str(file))
    file.write_bytes(b"teams: \xff")
    with pytest.raises(CommandError, match="is not a text in UTF-8"):
        call_command("apply", str(file))
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("apply", str(tmp_path / "none.yaml"))


storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
plain = st.one_of(storable, st.integers(), st.booleans(), st.none())


@settings(deadline=None)
@given(st.dictionaries(storable, st.one_of(plain, st.lists(plain), st.dictionaries(storable, plain))))
def test_what_is_written_as_yaml_is_read_the_same(value: Any):
    assert yamltext.load(yamltext.dump(value)) == value


@settings(deadline=None)
@given(st.timedeltas(timedelta(0), timedelta(days=3650)))
def test_a_duration_is_spelled_exactly(amount: timedelta):
    assert span(spell(amount), "here") == amount
