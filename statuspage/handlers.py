"""What the status page does when it hears of something."""

from datetime import timedelta

from django.utils.translation import gettext as _

from outbox.handlers import Payload, on
from statuspage import changes, following, mailing, planning, publishing, subscribing, writing


@on(
    "incidents.declared",
    "incidents.severity_changed",
    "incidents.reopened",
    "incidents.made_public",
    "incidents.policy_applied",
    name="statuspage.draft",
)
def draft(payload: Payload) -> None:
    """A severity that owes the public a word gets a draft at once."""
    following.draft(payload["incident"], event_id=payload["event"])


@on("incidents.dismissed", name="statuspage.close")
def close(payload: Payload) -> None:
    """A false alarm has no open notice."""
    following.close(
        payload["incident"], body=_("We looked into this and found no problem. The notice is closed.")
    )


@on("incidents.public_skipped", name="statuspage.drop_draft")
def drop_draft(payload: Payload) -> None:
    """Whoever said so, by whichever door."""
    following.drop_draft(payload["incident"])


@on("incidents.merged", name="statuspage.hand_over")
def hand_over(payload: Payload) -> None:
    """The notice of a duplicate goes on under the other incident."""
    following.hand_over(payload["incident"])


@on("incidents.made_private", name="statuspage.hide")
def hide(payload: Payload) -> None:
    """Nothing of a private incident is public."""
    following.hide(payload["incident"])


@on("incidents.postmortem_published", name="statuspage.postmortem")
def postmortem(payload: Payload) -> None:
    """What was learned, in the words that were approved for the public."""
    following.add_postmortem(payload["event"])


@on(changes.TOPIC, name="statuspage.write", lease=timedelta(seconds=60))
def write(payload: Payload) -> None:
    """A change is public within seconds; the sweep is only its safety net."""
    writing.publish()


@on(publishing.TOPIC, name="statuspage.mail")
def mail(payload: Payload) -> None:
    """Owe every subscriber a mail."""
    mailing.owe_notice(payload["update"])


@on(planning.TOPIC, name="statuspage.mail_maintenance")
def mail_maintenance(payload: Payload) -> None:
    """The same for maintenance."""
    mailing.owe_maintenance(payload["update"])


@on(subscribing.TOPIC, name="statuspage.send_link")
def send_link(payload: Payload) -> None:
    """The mail with the link that answers the subscription form."""
    mailing.send_link(payload["subscriber"])
