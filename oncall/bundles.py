"""The answer to a bundle: every run in it that asks this person is acknowledged."""

from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from lib.refusal import Missing, Refused
from notifications import delivery
from notifications.models import Delivery
from oncall import answering, storms
from oncall.storm_models import Bundle


def acknowledge(bundle_id: int, *, actor: Actor) -> int:
    """Close the bundle, so that later pages ring again; then answer its runs, one by one. Returns how many.

    Each run is a transaction of its own: ten incidents are never locked together.

    Raises:
        Missing: not this person's. Refused: ``already``, when there was nothing left to answer.
    """
    row = Bundle.objects.filter(pk=bundle_id, user=actor.user).first()
    if row is None:
        raise Missing(_("There is no such page."))
    # First: a page that is just joining holds this row, so that it is either in the bundle below or rings.
    Bundle.objects.filter(Q(closed_at=None) | Q(acknowledged_at=None), pk=row.pk).update(
        closed_at=now(), acknowledged_at=now()
    )
    answered = 0
    for run_id in storms.waiting(row):
        try:
            answering.acknowledge(run_id, actor=actor)
            answered += 1
        except Refused:
            # Somebody else was first, or it ended at this moment: the others are still to be answered.
            continue
    delivery.cancel(Delivery.objects.filter(bundle_key=row.pk), reason="The bundle was acknowledged.")
    if not answered:
        raise Refused("already", _("Everything in it was answered already. There is nothing to do."))
    return answered
