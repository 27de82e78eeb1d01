"""Which mitigations fit, and their commands."""

from catalog import defaults, mitigations
from catalog.models import Mitigation, Service, Team


def test_a_new_house_has_six_mitigations_and_a_catch_all(installed):
    assert [one.slug for one in mitigations.for_service(Service.objects.catch_all())] == [
        "rollback",
        "feature-flag-off",
        "scale-up",
        "fail-over",
        "shed-load",
        "restore-backup",
    ]
    assert Service.objects.catch_all().slug == "everything-else"


def test_installing_again_touches_nothing(installed):
    Mitigation.objects.filter(slug="rollback").update(name="Our own way back")
    Service.objects.update(name="Rest")

    defaults.install()

    assert Mitigation.objects.get(slug="rollback").name == "Our own way back"
    assert (Service.objects.get().name, Team.objects.count(), Mitigation.objects.count()) == ("Rest", 1, 6)


def test_a_services_own_mitigation_replaces_the_general_one(installed, checkout, payments):
    own = Mitigation.objects.create(slug="rollback", name="Roll back checkout", service=checkout)

    assert mitigations.for_service(checkout)[0] == own
    assert [one.slug for one in mitigations.for_service(checkout)].count("rollback") == 1
    assert own not in mitigations.for_service(payments)


def test_the_command_is_filled_with_the_service_the_default_and_what_is_given(installed, checkout):
    scale = Mitigation.objects.get(slug="scale-up")

    assert mitigations.fill(scale, checkout) == "kubectl scale deployment/checkout --replicas=6"
    assert mitigations.fill(scale, checkout, replicas="9", name="shop") == (
        "kubectl scale deployment/shop --replicas=9"
    )


def test_a_value_cannot_smuggle_a_second_command_in(installed, checkout):
    rollback = Mitigation.objects.get(slug="rollback")

    assert mitigations.fill(rollback, checkout, name="x; rm -rf /") == (
        "kubectl rollout undo deployment/'x; rm -rf /'"
    )


def test_an_unknown_parameter_stays_in_its_brackets(checkout):
    one = Mitigation(name="Drain", command="drain <node>", parameters={"node": ""})

    assert mitigations.fill(one, checkout) == "drain <node>"
