"""What was opened at PagerDuty or Opsgenie for a page is acknowledged and closed there too."""

from django.utils.translation import gettext as _

from notifications import delivery
from notifications.channels.forward import ACKNOWLEDGE, RESOLVE, alias
from notifications.models import FORWARDS, Delivery, DeliveryQuerySet, Word


def acknowledged(run_key: int) -> int:
    """The run was answered here: nobody is woken for it over there any more."""
    return _follow(Delivery.objects.filter(run_key=run_key), ACKNOWLEDGE, _("Acknowledged in Tocsin."))


def closed(run_key: int) -> int:
    """The run was called off."""
    return _follow(Delivery.objects.filter(run_key=run_key), RESOLVE, _("Called off in Tocsin."))


def over(incident_id: int) -> int:
    """The incident is resolved, dismissed or merged: what is open over there closes."""
    return _follow(Delivery.objects.filter(incident=incident_id), RESOLVE, _("Over in Tocsin."))


def _follow(rows: DeliveryQuerySet, do: str, text: str) -> int:
    # What was never tried opened nothing; what is being tried at this moment may have.
    opened = rows.filter(channel__in=FORWARDS, word=Word.PAGE, claims__gt=0)
    owed = [
        delivery.owe(
            Word.NEWS,
            channel=row.channel,
            address=row.address,
            # Once per line and run, however many rungs and doors say it.
            key=f"forward:{row.fact('method')}:{alias(row)}:{do}",
            recipient=row.recipient,
            incident=row.incident,
            subject=row.subject,
            body=text,
            about=row.about,
            data={"method": row.fact("method"), "do": do, "alias": alias(row)},
            stream=f"forward:{row.fact('method')}:{row.run_key or row.pk}"[:60],
        )
        for row in opened.select_related("recipient", "incident")
    ]
    return sum(one is not None for one in owed)
