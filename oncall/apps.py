"""On-call: how Django finds this room, and what it answers for rooms below."""

from django.apps import AppConfig


class OncallConfig(AppConfig):
    name = "oncall"
    verbose_name = "On-call"

    def ready(self) -> None:
        import oncall.handlers  # noqa: F401
        from accounts import people
        from catalog.extras import add_service_field
        from incidents.questions import ask
        from notifications import wanted
        from oncall import covering, reacting, rotations, standing, stopping, verbs

        add_service_field(
            "escalation_policy",
            covering.policy_name,
            covering.cover,
            "The name of the policy that answers; null sets the instance's default.",
        )
        ask.is_on_call = covering.is_on_call
        ask.same_policy = covering.same_policy
        ask.on_call_now = covering.on_call_now
        ask.would_answer = standing.would_answer
        ask.still_asked = standing.still_asked
        ask.page_somebody = reacting.page_somebody
        ask.verbs.append(verbs.of)
        if rotations.account_switches not in people.before_switching:
            people.before_switching.append(rotations.account_switches)
        wanted.only_while(stopping.message_wanted)
        wanted.bundles_only_while(stopping.bundle_wanted)
